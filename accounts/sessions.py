"""What the use cases share: whose account it is, and their log-ins."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts import devices, tokens
from accounts.devices import Seen
from accounts.errors import InvalidToken
from accounts.models import LoginSession, User
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
    user: User = User.objects.lock().get(pk=person_of(actor))
    return user


def lock_session(sessions: Any, session_id: int) -> LoginSession | None:
    found: LoginSession | None = sessions.select_for_update(no_key=True, of=("self",)).filter(pk=session_id).first()
    return found


def require_fresh(actor: Actor) -> None:
    """StepUpRequired unless who acts has proved a short while ago who they are."""
    if actor.proof_age is None or actor.proof_age >= settings.STEP_UP_LIFETIME:
        raise StepUpRequired


def require_operator(actor: Actor) -> None:
    """PermissionDenied unless who acts runs the installation."""
    if not User.objects.filter(pk=actor.user, is_active=True, is_superuser=True).exists():
        raise PermissionDenied("operator")


def open_session(user: User, actor: Actor) -> Entered:
    now = clock.now()
    seen = devices.see(user, actor.device, actor.user_agent)
    session = LoginSession.objects.create(
        user=user,
        device=seen.device,
        client=actor.client,
        signed_by=actor.signed_by,
        address=actor.address,
        user_agent=actor.user_agent,
        epoch=user.security_epoch,
        rotated_at=now,
        proof_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + settings.SESSION_LIFETIME,
    )
    return Entered(user, session, tokens.pair(session), seen)


def revoke(sessions: Any) -> None:
    sessions.filter(revoked_at__isnull=True).update(revoked_at=clock.now())


def about(name: EventName, session: LoginSession) -> Event:
    return Event(name, "session", session.pk, {"user_id": (None, session.user_id)})
