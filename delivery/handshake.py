"""How a WebSocket begins: a request that passes all that a request passes, marked by the server that it came to."""

from dataclasses import dataclass, replace

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import codes
from accounts.authentication import admit
from accounts.errors import InvalidCode, InvalidToken
from accounts.models import CodePurpose, LoginSession, User
from audit.trail import Actor

MARK = "handshake"  # of the request


@dataclass(slots=True)
class Listener:
    """Who listens, and from where on: `after` is the position of the last event they have; None is from now on."""

    actor: Actor
    after: int | None


@dataclass(slots=True)
class Handshake:
    """`listener` is there once the view has let somebody in."""

    ticket: str
    listener: Listener | None = None


def handshake_of(request: Request) -> Handshake | None:
    """Nothing that a client sends makes one: it is an attribute of the request, not a header."""
    return getattr(request._request, MARK, None)  # noqa: SLF001 - what DRF's request wraps


class TicketAuthentication(BaseAuthentication):
    """By the ticket of a handshake: who got it listens, as long as the log-in stands that asked for it."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        handshake = handshake_of(request)
        if handshake is None or not handshake.ticket:
            return None
        try:
            row = codes.look_up(CodePurpose.STREAM_TICKET, handshake.ticket)
        except InvalidCode as error:
            raise InvalidToken from error
        asked_for = (request.parser_context or {}).get("kwargs", {}).get("family_pk")
        if row.payload["family"] != asked_for:
            raise InvalidToken
        user, actor = admit(LoginSession.objects.alive(), row.subject, channel="api")
        return user, replace(actor, bound_to="")  # whoever had to sign has signed for the ticket
