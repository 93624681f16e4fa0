from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from families.errors import FamilyArchived
from families.roles import Access, P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of
from financebot.common.errors import (
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    Changed,
    PreconditionFailed,
    UnknownReference,
)
from ledger import filters, selectors, serializers, services
from ledger.errors import (
    AlreadyReversed,
    CategoryTooDeep,
    DateInFuture,
    DateTooEarly,
    ExchangeRateMissing,
    InsufficientFunds,
    NotReversible,
    PeriodClosed,
    SameWallet,
    UndoWindowOver,
    WalletArchived,
    WalletNotEmpty,
    WrongCategoryKind,
)
from ledger.models import Category, Transaction, Wallet

LIMIT_PROBLEMS = (FamilyArchived, UnknownReference, AmountNotPositive, AmountTooFine, AmountTooLarge)
REVERSAL_PROBLEMS = (
    FamilyArchived,
    AlreadyReversed,
    NotReversible,
    InsufficientFunds,
    WalletArchived,
    PeriodClosed,
)


class WalletViewSet(FamilyViewSet):
    model = Wallet
    calls = {
        "list": Call(needs=any_of(P.VIEW_WALLETS), query=filters.WalletListQuery, answer=serializers.WalletsRead),
        "create": Call(
            needs=any_of(P.CREATE_WALLET),
            body=serializers.WalletWrite,
            answer=serializers.WalletRead,
            status=201,
            problems=LIMIT_PROBLEMS,
        ),
        "retrieve": Call(needs=any_of(P.VIEW_WALLETS), answer=serializers.WalletRead),
        "update": Call(
            needs=any_of(P.EDIT_WALLET),
            body=serializers.WalletEdit,
            answer=serializers.WalletRead,
            problems=(*LIMIT_PROBLEMS, InsufficientFunds, PreconditionFailed),
        ),
        "archive": Call(
            needs=any_of(P.ARCHIVE_WALLET),
            answer=serializers.WalletRead,
            problems=(FamilyArchived, WalletNotEmpty, Changed),
        ),
        "restore": Call(
            needs=any_of(P.ARCHIVE_WALLET), answer=serializers.WalletRead, problems=(FamilyArchived, Changed)
        ),
    }

    def seen(self, access: Access) -> QuerySet[Wallet]:
        return Wallet.objects.seen_by(access)

    def list(self, request: Request) -> Response:
        found = filters.wallets(self.seen(self.access), self.query).order_by("pk")
        return self.show({"wallets": list(found)})

    def create(self, request: Request) -> Response:
        fields = _without_family(self.body(request))
        return self.once(lambda: services.create_wallet(actor=self.actor, fields=fields))

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.show(self.object)

    def update(self, request: Request, pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()
        return self.once(lambda: services.edit_wallet(actor=self.actor, wallet_id=pk, changes=changes, version=version))

    def archive(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.archive_wallet(actor=self.actor, wallet_id=pk))

    def restore(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.restore_wallet(actor=self.actor, wallet_id=pk))


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
            problems=(FamilyArchived, UnknownReference, WrongCategoryKind, CategoryTooDeep),
        ),
    }

    def list(self, request: Request) -> Response:
        return self.page(filters.categories(Category.objects.visible_to(self.access), self.query))

    def create(self, request: Request) -> Response:
        fields = _without_family(self.body(request))
        return self.once(lambda: services.create_category(actor=self.actor, fields=fields))


class TransactionViewSet(FamilyViewSet):
    model = Transaction
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_TRANSACTIONS),
            query=filters.TransactionListQuery,
            answer=serializers.TransactionRead,
            ordering="-occurred_on",
        ),
        "create": Call(
            needs=any_of(P.CREATE_TRANSACTION, P.TRANSFER_BETWEEN_WALLETS),
            body=serializers.TransactionWrite,
            answer=serializers.TransactionRead,
            status=201,
            problems=(
                *LIMIT_PROBLEMS,
                DateInFuture,
                DateTooEarly,
                ExchangeRateMissing,
                InsufficientFunds,
                PeriodClosed,
                SameWallet,
                WalletArchived,
                WrongCategoryKind,
            ),
        ),
        "retrieve": Call(needs=any_of(P.VIEW_TRANSACTIONS), answer=serializers.TransactionDetail),
        "partial_update": Call(
            needs=any_of(P.EDIT_OWN_TRANSACTION, P.EDIT_ANY_TRANSACTION),
            body=serializers.WordsEdit,
            answer=serializers.TransactionRead,
            problems=(FamilyArchived, PreconditionFailed),
        ),
        "destroy": Call(
            needs=any_of(P.DELETE_TRANSACTION, P.UNDO_OWN_TRANSACTION),
            query=serializers.ReasonWrite,
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=(*REVERSAL_PROBLEMS, UndoWindowOver),
        ),
        "reverse": Call(
            needs=any_of(P.DELETE_TRANSACTION),
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=REVERSAL_PROBLEMS,
        ),
        "undo": Call(
            needs=any_of(P.UNDO_OWN_TRANSACTION),
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=(*REVERSAL_PROBLEMS, UndoWindowOver),
        ),
    }

    def seen(self, access: Access) -> QuerySet[Transaction]:
        return selectors.entries(access)

    def present(self, rows: Sequence[Any]) -> Sequence[Any]:
        return selectors.present(rows, self.access)

    def list(self, request: Request) -> Response:
        found = filters.transactions(
            selectors.entries(self.access), self.query, seen_wallets=Wallet.objects.seen_by(self.access)
        )
        return self.page(found, ordering=self.query["ordering"])

    def create(self, request: Request) -> Response:
        draft = serializers.draft_of(self.body(request))

        def work() -> Any:
            entry = services.create_transaction(actor=self.actor, draft=draft)
            return selectors.present_entry(entry)

        return self.once(work)

    def retrieve(self, request: Request, pk: int) -> Response:
        [found] = selectors.present([self.object], self.access)
        return self.show(replace(found, history=list(selectors.history(self.object))))

    def partial_update(self, request: Request, pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()

        def work() -> Any:
            services.edit_words(actor=self.actor, transaction_id=pk, changes=changes, version=version)
            [found] = selectors.present(self.seen(self.access).filter(pk=pk), self.access)
            return found

        return self.once(work)

    def destroy(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"] or self.query["reason"]
        return self.once(lambda: services.remove_transaction(actor=self.actor, transaction_id=pk, reason=reason))

    def reverse(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"]
        return self.once(lambda: services.reverse_transaction(actor=self.actor, transaction_id=pk, reason=reason))

    def undo(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"]
        return self.once(lambda: services.undo_transaction(actor=self.actor, transaction_id=pk, reason=reason))


def _without_family(body: Any) -> dict[str, Any]:
    """The fields of a new thing; the family has been found already."""
    return {name: value for name, value in body.items() if name != "family_id"}
