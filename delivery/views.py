from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import BearerAuthentication
from accounts.errors import InvalidToken
from delivery import selectors, serializers, services
from delivery.handshake import Listener, TicketAuthentication, handshake_of
from families.roles import P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of
from financebot.common.errors import UpgradeRequired


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


class StreamViewSet(FamilyViewSet):
    """Opening a stream is a GET like any other as far as who may is concerned; the server of streams makes it, for
    each handshake, and goes on where this has ended well."""

    authentication_classes = (TicketAuthentication, BearerAuthentication)  # no cookie: browsers send it for any page
    calls = {
        "ticket": Call(
            needs=any_of(P.RECEIVE_EVENTS),
            body=serializers.TicketWrite,
            answer=serializers.TicketRead,
            status=201,
            secret=True,
        ),
        "open": Call(
            needs=any_of(P.RECEIVE_EVENTS),
            query=serializers.StreamQuery,
            problems=(UpgradeRequired, InvalidToken),
        ),
    }

    def ticket(self, request: Request) -> Response:
        self.fields(request)

        def work() -> dict[str, Any]:
            made = services.issue_ticket(actor=self.actor)
            path = reverse("stream", args=[made.family])
            return {"ticket": made.ticket, "url": f"{settings.STREAM_URL}{path}", "expires_in": made.expires_in}

        return self.once(work)

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
