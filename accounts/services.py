"""What people do with their accounts and sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from accounts import tokens
from accounts.errors import EmailTaken, InvalidCredentials, InvalidToken, WrongPassword
from accounts.models import LoginSession, User
from accounts.passwords import Proof
from accounts.rules import Refresh, judge_refresh
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import NotFound, PermissionDenied, PreconditionFailed
from financebot.common.usecase import Refused, use_case


@dataclass(frozen=True, slots=True)
class Entered:
    """A log-in that succeeded: tokens for programs, the session's id for a cookie."""

    user: User
    session: LoginSession
    tokens: tokens.Pair


@use_case
def register(*, actor: Actor, email: str, password_hash: str, first_name: str, last_name: str) -> Entered:
    """A new account, logged in. `email` is normalised. Raises EmailTaken; of two at once one gets it."""
    if User.objects.filter(email=email).exists():
        raise EmailTaken
    try:
        user = User.objects.create(email=email, password=password_hash, first_name=first_name, last_name=last_name)
    except IntegrityError as error:
        raise EmailTaken from error
    entered = _open_session(user, actor)
    trail.record(_about(EventName.REGISTERED, entered.session), actor=actor)
    return entered


@use_case
def log_in(*, actor: Actor, proof: Proof) -> Entered | Refused:
    """The one way in. Locks the user; a failure is returned, so that it is remembered."""
    user = User.objects.lock().filter(pk=proof.user).first() if proof.user else None
    if user is None or not user.is_active or not proof.holds_for(user):
        trail.record(Event(EventName.LOGIN_FAILED, "user", proof.user or 0, {}), actor=actor)
        return Refused(InvalidCredentials())
    entered = _open_session(user, actor)
    trail.record(_about(EventName.LOGGED_IN, entered.session), actor=actor)
    return entered


@use_case
def refresh(*, actor: Actor, claims: tokens.RefreshClaims) -> tokens.Pair | Refused:
    """A new pair for a refresh token. Locks the session; reuse ends it, which is remembered."""
    session = _lock_session(LoginSession.objects.alive(), claims.session)
    if session is None:
        raise InvalidToken
    verdict = judge_refresh(presented=claims.counter, current=session.refresh_counter)
    if verdict is Refresh.REUSED:
        _revoke(LoginSession.objects.filter(pk=session.pk))
        trail.record(_about(EventName.REFRESH_REUSED, session), actor=actor)
        return Refused(InvalidToken())
    if verdict is Refresh.ROTATE:
        session.refresh_counter += 1
        session.rotated_at = session.last_used_at = clock.now()
        session.save(update_fields=["refresh_counter", "rotated_at", "last_used_at"])
    trail.record(_about(EventName.TOKEN_REFRESHED, session), actor=actor)
    return tokens.pair(session)


@use_case
def log_out(*, actor: Actor, everywhere: bool) -> None:
    """End the caller's session, or all of theirs. PermissionDenied for all by a token that speaks for a chat."""
    if everywhere and actor.token_scope:
        raise PermissionDenied("person")
    mine = LoginSession.objects.of(_person(actor))
    _revoke(mine if everywhere else mine.filter(pk=actor.session or 0))
    changes = {"everywhere": (None, everywhere)}
    trail.record(Event(EventName.LOGGED_OUT, "session", actor.session or 0, changes), actor=actor)


@use_case
def revoke_session(*, actor: Actor, session_id: int) -> None:
    """End one of the caller's sessions. Raises NotFound; locks the session."""
    session = _lock_session(LoginSession.objects.alive().of(_person(actor)), session_id)
    if session is None:
        raise NotFound
    _revoke(LoginSession.objects.filter(pk=session.pk))
    trail.record(_about(EventName.SESSION_REVOKED, session), actor=actor)


@use_case
def step_up(*, actor: Actor, proof: Proof) -> datetime | Refused:
    """Prove once more who one is: until when that counts. Locks user and session; a failure is remembered."""
    user = _lock_person(actor)
    session = _lock_session(LoginSession.objects.alive(), actor.session or 0)
    if session is None:
        raise InvalidToken
    if not proof.holds_for(user):
        trail.record(_about(EventName.STEP_UP_FAILED, session), actor=actor)
        return Refused(WrongPassword(field="password"))
    session.proof_at = clock.now()
    session.save(update_fields=["proof_at"])
    trail.record(_about(EventName.STEPPED_UP, session), actor=actor)
    return session.proof_at + settings.STEP_UP_LIFETIME


@use_case
def change_password(*, actor: Actor, proof: Proof, password_hash: str) -> Refused | None:
    """A new password; all other sessions end. Locks the user; a failure is remembered."""
    user = _lock_person(actor)
    if not proof.holds_for(user):
        trail.record(Event(EventName.PASSWORD_CHANGE_FAILED, "user", user.pk, {}), actor=actor)
        return Refused(WrongPassword(field="current_password"))
    user.password = password_hash
    user.security_epoch += 1
    user.save(update_fields=["password", "security_epoch"])
    mine = LoginSession.objects.of(user.pk)
    _revoke(mine.exclude(pk=actor.session or 0))
    mine.filter(pk=actor.session or 0).update(epoch=user.security_epoch, proof_at=clock.now())
    trail.record(Event(EventName.PASSWORD_CHANGED, "user", user.pk, {}), actor=actor)
    return None


@use_case
def edit_profile(*, actor: Actor, changes: dict[str, Any], version: int | None) -> User:
    """Names, language, time zone. Locks the user; PreconditionFailed when it is not the version that was seen."""
    user = _lock_person(actor)
    if version is not None and version != user.version:
        raise PreconditionFailed
    before = {field: getattr(user, field) for field in changes}
    for field, value in changes.items():
        setattr(user, field, value)
    user.version += 1
    user.save(update_fields=[*changes, "version"])
    texts = {field: (before[field], value) for field, value in changes.items()}
    trail.record(Event(EventName.PROFILE_EDITED, "user", user.pk, {}, texts), actor=actor)
    return user


def _person(actor: Actor) -> int:
    if actor.user is None:
        raise InvalidToken
    return actor.user


def _lock_person(actor: Actor) -> User:
    user: User = User.objects.lock().get(pk=_person(actor))
    return user


def _lock_session(sessions: Any, session_id: int) -> LoginSession | None:
    found: LoginSession | None = sessions.select_for_update(no_key=True, of=("self",)).filter(pk=session_id).first()
    return found


def _open_session(user: User, actor: Actor) -> Entered:
    now = clock.now()
    session = LoginSession.objects.create(
        user=user,
        client=actor.client,
        address=actor.address,
        user_agent=actor.user_agent,
        epoch=user.security_epoch,
        rotated_at=now,
        proof_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + settings.SESSION_LIFETIME,
    )
    return Entered(user, session, tokens.pair(session))


def _revoke(sessions: Any) -> None:
    sessions.filter(revoked_at__isnull=True).update(revoked_at=clock.now())


def _about(name: EventName, session: LoginSession) -> Event:
    return Event(name, "session", session.pk, {"user_id": (None, session.user_id)})
