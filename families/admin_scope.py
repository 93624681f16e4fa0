"""What an owner sees in the back office: rows of the families that they own, as the API would show these to them."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.admin_site import OfficeAdmin, actor_of, is_operator
from audit.trail import Actor
from families import access as families_access
from families.roles import Access


def accesses(request: HttpRequest) -> list[Access]:
    """Whom the caller is in each family that they own now; once a request."""
    if not hasattr(request, "owned_families"):
        request.owned_families = families_access.owned(actor_of(request))  # type: ignore[attr-defined]
    found: list[Access] = request.owned_families  # type: ignore[attr-defined]
    return found


def viewers(request: HttpRequest) -> list[Access | None]:
    """As whom the caller looks: as the owner of each of their families, or as an operator, who sees all."""
    return [None] if is_operator(request) else [*accesses(request)]


def rows_for(request: HttpRequest, model: type[Model], seen: Callable[[Access], QuerySet[Any]]) -> QuerySet[Any]:
    """What an owner sees of all families that they own; everything for an operator."""
    rows: QuerySet[Any] = model._base_manager.all()
    if is_operator(request):
        return rows
    return reduce(or_, (seen(access) for access in accesses(request)), rows.none())


class PresentedRows(ChangeList):
    """A page of a list, whose rows have been given what their viewer sees of them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.model_admin.present(request, list(self.result_list))  # type: ignore[attr-defined]


class OwnerScopedAdmin(OfficeAdmin):
    """Rows of families: operators see all, an owner those that `seen` gives, which are none unless it says so.

    Only who owns a family acts in it.
    """

    def seen(self, access: Access) -> QuerySet[Any]:
        nothing: QuerySet[Any] = self.model._base_manager.none()
        return nothing

    def present(self, request: HttpRequest, rows: list[Any]) -> None:
        """Give each row what its viewer may see of it, where that is not the row as it stands."""

    def family_of(self, row: Any) -> int:
        family: int = row.family_id
        return family

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_for(request, self.model, self.seen).order_by(*self.get_ordering(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if is_operator(request):
            return True
        return bool(accesses(request)) if obj is None else self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_list_display(self, request: HttpRequest) -> Any:
        """Without the family where there is but one."""
        names = super().get_list_display(request)
        one = not is_operator(request) and len(accesses(request)) == 1
        return [name for name in names if name != "family"] if one else names

    def may_act(self, request: HttpRequest) -> bool:
        return bool(accesses(request))

    def actor_for(self, request: HttpRequest, row: Any) -> Actor:
        return replace(actor_of(request), family=self.family_of(row))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PresentedRows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.present(request, [found])
        return found
