from collections.abc import Sequence
from typing import Any, cast

from django.http import FileResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import User
from accounts.views import PersonViewSet
from audit.verify import verify_part
from delivery import archive, export, selectors, serializers
from families.roles import P
from families.viewsets import FamilyViewSet
from financebot.api.views import PERSON, Call, any_of


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


class ExportViewSet(PersonViewSet):
    calls = {
        "create": Call(needs=PERSON, fresh=True, media="application/zip", secret=True, limit="5/h"),
    }

    def create(self, request: Request) -> FileResponse:
        """All that is on record about the caller: tables, each as JSON and as CSV."""
        self.once(lambda: services.note_export(actor=self.actor))
        file = archive.pack(export.tables(cast("User", request.user)))
        return FileResponse(file, as_attachment=True, filename="financebot.zip", content_type=self.call.media)


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
