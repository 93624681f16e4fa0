"""Listening to a family's events as they happen."""

from dataclasses import dataclass, replace
from datetime import timedelta

from accounts import codes
from accounts.errors import InvalidCode, InvalidToken
from accounts.models import CodePurpose
from accounts.sessions import person_of
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from families.access import enter
from families.roles import P
from financebot.common.usecase import use_case

TICKET_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What opens one stream, once, in place of a token. `expires_in`: seconds."""

    ticket: str
    family: int
    expires_in: int = int(TICKET_LIFE.total_seconds())


@use_case
def issue_ticket(*, actor: Actor) -> Ticket:
    """A ticket for the stream of the actor's family, of the actor's own log-in. Locks the family, shared.

    Raises NotFound for strangers, PermissionDenied, FamilyArchived.
    """
    access = enter(actor)
    access.require(P.RECEIVE_EVENTS)
    payload = {"family": access.family}
    code = codes.make(CodePurpose.STREAM_TICKET, subject=actor.session or 0, life=TICKET_LIFE, payload=payload)
    trail.record(_about(EventName.STREAM_TICKET_ISSUED, actor), actor=replace(actor, family=None))
    return Ticket(code, access.family)


@use_case
def open_stream(*, actor: Actor, ticket: str) -> None:
    """Begin to listen; `ticket`, if there is one, is used up: of any number at once, one succeeds.

    Raises NotFound for strangers, PermissionDenied, FamilyArchived, InvalidToken for a ticket that is used. Locks the
    family, shared.
    """
    access = enter(actor)
    access.require(P.RECEIVE_EVENTS)
    if ticket:
        try:
            codes.spend(codes.look_up(CodePurpose.STREAM_TICKET, ticket))
        except InvalidCode as error:
            raise InvalidToken from error
    trail.record(_about(EventName.STREAM_OPENED, actor), actor=replace(actor, family=None))


def _about(name: EventName, actor: Actor) -> Event:
    """About the log-in, not the family: its members do not hear who listens."""
    return Event(name, "session", actor.session or 0, {"user_id": (None, person_of(actor))})
