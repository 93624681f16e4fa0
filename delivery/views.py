from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from audit.verify import verify_part
from delivery import selectors, serializers
from families.roles import P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of


class EventViewSet(FamilyViewSet):
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_AUDIT_LOG),
            query=serializers.EventListQuery,
            answer=serializers.EventRead,
            ordering="-position",
        ),
    }

    def list(self, request: Request) -> Response:
        """Newest first; with `after`, from that position on, oldest first."""
        self.wallets = selectors.wallets_seen(self.access)
        found = selectors.events(self.access, self.wallets)
        for parameter, column in (
            ("after", "position__gt"),
            ("action", "name"),
            ("entity_type", "entity_type"),
            ("entity_id", "entity_id"),
            ("actor", "actor_id"),
        ):
            if parameter in self.query:
                found = found.filter(**{column: self.query[parameter]})
        return self.page(found, ordering="position" if "after" in self.query else "-position")

    def present(self, rows: Sequence[Any]) -> Sequence[Any]:
        return selectors.present(rows, self.access, self.wallets)


class AuditViewSet(FamilyViewSet):
    calls = {
        "verify": Call(needs=any_of(P.VERIFY_AUDIT), query=serializers.VerifyQuery, answer=serializers.VerifyRead),
    }

    def verify(self, request: Request, family_pk: int) -> Response:
        """Whether a part of the family's events is what was written and sealed: what is wrong at a position is for an
        operator to find out."""
        return self.show(verify_part(self.access.family, after=self.query["after"]))


class AccessLogViewSet(FamilyViewSet):
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_ACCESS_LOG),
            query=serializers.AccessLogQuery,
            answer=serializers.AccessLogRead,
            ordering="-id",
        ),
    }

    def list(self, request: Request) -> Response:
        return self.page(selectors.access_log(self.access))
