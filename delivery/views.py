from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.http import FileResponse
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services as accounts
from accounts.authentication import BearerAuthentication
from accounts.errors import InvalidToken
from accounts.models import User
from accounts.views import PersonViewSet
from audit.verify import verify_part
from delivery import archive, export, selectors, serializers, services
from delivery.handshake import Listener, TicketAuthentication, handshake_of
from families.errors import FamilyArchived
from families.roles import P
from families.viewsets import FamilyViewSet
from financebot.api.views import PERSON, Call, any_of
from financebot.common.errors import UpgradeRequired


class EventViewSet(FamilyViewSet):
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_AUDIT_LOG),
            query=serializers.EventListQuery,
            answer=serializers.EventRead,
            ordering="-position",
        ),
        "ticket": Call(
            needs=any_of(P.RECEIVE_EVENTS),
            body=serializers.TicketWrite,
            answer=serializers.TicketRead,
            status=201,
            secret=True,
            problems=(FamilyArchived,),
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

    def ticket(self, request: Request) -> Response:
        self.fields(request)

        def work() -> dict[str, Any]:
            made = services.issue_ticket(actor=self.actor)
            path = reverse("stream", args=[made.family])
            return {"ticket": made.ticket, "url": f"{settings.STREAM_URL}{path}", "expires_in": made.expires_in}

        return self.once(work)


class AuditViewSet(FamilyViewSet):
    calls = {
        "verify": Call(
            needs=any_of(P.VERIFY_AUDIT), query=serializers.VerifyAuditQuery, answer=serializers.VerifyAuditRead
        ),
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
        self.once(lambda: accounts.note_export(actor=self.actor))
        file = archive.pack(export.tables(cast("User", request.user)))
        return FileResponse(file, as_attachment=True, filename="financebot.zip", content_type=self.call.media)


class StreamViewSet(FamilyViewSet):
    """Opening a stream is a GET like any other as far as who may is concerned; the server of streams makes it, for
    each handshake, and goes on where this has ended well."""

    authentication_classes = (TicketAuthentication, BearerAuthentication)  # no cookie: browsers send it for any page
    calls = {
        "open": Call(
            needs=any_of(P.RECEIVE_EVENTS),
            query=serializers.StreamQuery,
            problems=(FamilyArchived, InvalidToken, UpgradeRequired),
        ),
    }

    def open(self, request: Request, family_pk: int) -> Response:
        """With WebSocket: the family's events as they happen, from position `after` on if that is given."""
        handshake = handshake_of(request)
        if handshake is None:
            raise UpgradeRequired
        answer = self.once(lambda: services.open_stream(actor=self.actor, ticket=handshake.ticket))
        handshake.listener = Listener(self.actor, after=self.query.get("after"))
        return answer


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
