"""The base of every view that works inside one family."""

from dataclasses import replace
from typing import Any, ClassVar

from django.db.models import Model, QuerySet, Subquery
from rest_framework.request import Request

from audit.trail import Actor
from families.roles import Access
from financebot.api.views import ApiView, family_id_of
from financebot.common.errors import NotFound


class FamilyViewSet(ApiView):
    """`access` and, on a detail route, `object` are there before the action runs.

    `model`: what a `pk` in the path is. `seen(access)`: the rows of it that this caller sees at all.
    """

    model: ClassVar[type[Model]]
    access: Access
    object: Any

    @property
    def actor(self) -> Actor:
        actor: Actor = self.request.auth  # type: ignore[assignment]
        return replace(actor, family=self.access.family, membership=self.access.membership)

    def seen(self, access: Access) -> QuerySet[Any]:
        raise NotFound

    def fields(self, request: Request) -> dict[str, Any]:
        """The body of a new thing without the family, which has been found already."""
        return {name: value for name, value in self.body(request).items() if name != "family_id"}

    def family_of(self, request: Request) -> int | Subquery | None:
        """Which family the call is about: from the path, from the row in the path, or from `family_id`."""
        if "family_pk" in self.kwargs:
            return int(self.kwargs["family_pk"])
        if "pk" in self.kwargs:
            row = self.model._base_manager.filter(pk=self.kwargs["pk"])
            return Subquery(row.values("family_id"))
        return family_id_of(request)

    def sight(self) -> None:
        """Find the row that the path names, as this caller sees it. Raises NotFound."""
        if "pk" not in self.kwargs:
            return
        self.object = self.seen(self.access).filter(pk=self.kwargs["pk"]).first()
        if self.object is None and not self.answered_before():
            raise NotFound
