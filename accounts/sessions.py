"""What the use cases share: whose account it is, and their log-ins."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts import codes, devices, second_factor, tokens
from accounts.devices import Seen
from accounts.errors import InvalidToken
from accounts.models import CodePurpose, LoginSession, User
from accounts.second_factor import Challenged
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import PermissionDenied, StepUpRequired


@dataclass(frozen=True, slots=True)
class Entered:
    """A log-in that succeeded: tokens for programs, the session's id for a cookie."""

    user: User
    session: LoginSession
    tokens: tokens.Pair
    seen: Seen


def person_of(actor: Actor) -> int:
    if actor.user is None:
        raise InvalidToken
    return actor.user


def lock_person(actor: Actor) -> User:
    """Who acts; InvalidToken for one who has been erased or shut out since they were let in."""
    user: User = User.objects.lock().get(pk=person_of(actor))
    if not user.is_active:
        raise InvalidToken
    return user


def lock_session(sessions: Any, session_id: int) -> LoginSession | None:
    found: LoginSession | None = sessions.select_for_update(no_key=True, of=("self",)).filter(pk=session_id).first()
    return found


def require_fresh(actor: Actor) -> None:
    """StepUpRequired unless who acts has proved a short while ago who they are."""
    if actor.proof_age is None or actor.proof_age >= settings.STEP_UP_LIFETIME:
        raise StepUpRequired


def require_operator(actor: Actor) -> None:
    """PermissionDenied unless who acts runs this installation."""
    if not User.objects.filter(pk=actor.user, is_active=True, is_superuser=True).exists():
        raise PermissionDenied("operator")


def require_invitation(token: str) -> None:
    """PermissionDenied without a token of an open invitation, where people come by invitation only."""
    if settings.REGISTRATION_MODE == "invite" and not codes.is_usable(CodePurpose.INVITATION, token):
        raise PermissionDenied("invitation")


def open_session(user: User, actor: Actor) -> Entered:
    seen = devices.see(user, actor)
    now = clock.now()
    proof_at = now - settings.STEP_UP_LIFETIME if seen.changed else now
    session = create_session(user, actor, device=seen.device, signed_by=actor.signed_by, proof_at=proof_at)
    return Entered(user, session, tokens.pair(session), seen)


def create_session(user: User, actor: Actor, **fields: Any) -> LoginSession:
    """The row alone. `fields`: who proved to have opened it, when it was last proved who they are, and the like."""
    now = clock.now()
    session: LoginSession = LoginSession.objects.create(
        user=user,
        client=actor.client,
        address=actor.address,
        user_agent=actor.user_agent,
        epoch=user.security_epoch,
        rotated_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + settings.SESSION_LIFETIME,
        **fields,
    )
    return session


def admit(user: User, actor: Actor) -> tuple[Entered | Challenged, list[Event]]:
    """Let in whose first proof was right, or ask for the second where there is one; and what happened by that."""
    if device := second_factor.device_of(user):
        event = Event(EventName.TWO_FACTOR_CHALLENGED, "user", user.pk, {})
        return second_factor.challenge(user, device), [event]
    entered = open_session(user, actor)
    return entered, news_of(entered)


def news_of(entered: Entered) -> list[Event]:
    """That somebody has come in, and with a device that the account did not know or that looks otherwise."""
    told = {EventName.DEVICE_ADDED: entered.seen.new, EventName.DEVICE_CHANGED: entered.seen.changed}
    names = [EventName.LOGGED_IN, *(name for name, so in told.items() if so)]
    return [about(name, entered.session) for name in names]


def revoke(sessions: Any) -> None:
    sessions.filter(revoked_at__isnull=True).update(revoked_at=clock.now())


def about(name: EventName, session: LoginSession) -> Event:
    return Event(name, "session", session.pk, {"user_id": (None, session.user_id)})
