from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from families.errors import FamilyArchived
from families.roles import Access, P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of
from financebot.common.errors import Changed, PreconditionFailed, UnknownReference
from ledger import filters, services
from ledger.errors import CategoryLoop, CategoryTooDeep, FallbackCategory, WrongCategoryKind
from ledger.models import Category
from ledger.serializers import categories as serializers

TREE_PROBLEMS = (FamilyArchived, UnknownReference, WrongCategoryKind, CategoryTooDeep)


class CategoryViewSet(FamilyViewSet):
    model = Category
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_CATEGORIES),
            query=filters.CategoryListQuery,
            answer=serializers.CategoryRead,
            ordering="id",
        ),
        "create": Call(
            needs=any_of(P.MANAGE_CATEGORIES),
            body=serializers.CategoryWrite,
            answer=serializers.CategoryRead,
            status=201,
            problems=TREE_PROBLEMS,
        ),
        "retrieve": Call(needs=any_of(P.VIEW_CATEGORIES), answer=serializers.CategoryRead),
        "partial_update": Call(
            needs=any_of(P.MANAGE_CATEGORIES),
            body=serializers.CategoryEdit,
            answer=serializers.CategoryRead,
            problems=(*TREE_PROBLEMS, CategoryLoop, Changed, PreconditionFailed),
        ),
        "archive": Call(
            needs=any_of(P.MANAGE_CATEGORIES),
            answer=serializers.CategoryRead,
            problems=(FamilyArchived, WrongCategoryKind, FallbackCategory, Changed),
        ),
        "restore": Call(
            needs=any_of(P.MANAGE_CATEGORIES),
            answer=serializers.CategoryRead,
            problems=(FamilyArchived, WrongCategoryKind, Changed),
        ),
        "merge": Call(
            needs=any_of(P.MANAGE_CATEGORIES),
            body=serializers.MergeWrite,
            answer=serializers.CategoryRead,
            problems=(*TREE_PROBLEMS, CategoryLoop, FallbackCategory, Changed),
        ),
    }

    def seen(self, access: Access) -> QuerySet[Category]:
        return Category.objects.seen_by(access)

    def list(self, request: Request) -> Response:
        return self.page(filters.categories(Category.objects.visible_to(self.access), self.query))

    def create(self, request: Request) -> Response:
        fields = self.fields(request)
        return self.once(lambda: services.create_category(actor=self.actor, fields=fields))

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.show(self.object)

    def partial_update(self, request: Request, pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()
        return self.once(
            lambda: services.edit_category(actor=self.actor, category_id=pk, changes=changes, version=version)
        )

    def archive(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.archive_category(actor=self.actor, category_id=pk))

    def restore(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.restore_category(actor=self.actor, category_id=pk))

    def merge(self, request: Request, pk: int) -> Response:
        into = self.body(request)["into"]
        return self.once(lambda: services.merge_category(actor=self.actor, category_id=pk, into=into))
