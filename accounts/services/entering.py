"""The ways in: registering, logging in, going on with a refresh token, proving once more who one is."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError

from accounts import codes, tokens
from accounts.errors import EmailTaken, InvalidCredentials, InvalidToken, WrongPassword
from accounts.models import CodePurpose, LoginSession, User
from accounts.passwords import Proof
from accounts.rules import Refresh, judge_refresh
from accounts.sessions import Entered, about, lock_person, lock_session, open_session, revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import PermissionDenied
from financebot.common.usecase import Refused, use_case


@use_case
def register(
    *, actor: Actor, email: str, password_hash: str, first_name: str, last_name: str, invitation: str = ""
) -> Entered | None:
    """A new account, logged in. `email` is normalised. Raises EmailTaken; of two at once one gets it. PermissionDenied
    without a token of an open invitation, where people come by invitation only.

    None where addresses are verified first: known or unknown, one answer for the same work.
    """
    if settings.REGISTRATION_MODE == "invite" and not codes.is_usable(CodePurpose.INVITATION, invitation):
        raise PermissionDenied("invitation")
    new = {"email": email, "password": password_hash, "first_name": first_name, "last_name": last_name}
    if settings.EMAIL_VERIFICATION == "required":
        trail.record(_registered_silently(User(**new)), actor=actor)
        return None
    if User.objects.filter(email=email).exists():
        raise EmailTaken
    try:
        user = User.objects.create(**new)
    except IntegrityError as error:
        raise EmailTaken from error
    entered = open_session(user, actor)
    trail.record(about(EventName.REGISTERED, entered.session), actor=actor)
    return entered


def _registered_silently(new: User) -> Event:
    """The new account's event, or that of the one which has the address already: the same statements for both."""
    User.objects.bulk_create([new], ignore_conflicts=True)
    user = User.objects.get(email=new.email)
    is_new = user.password == new.password  # a hash is salted: no other account has this one
    return Event(EventName.REGISTERED if is_new else EventName.REGISTRATION_REPEATED, "user", user.pk, {})


@use_case
def log_in(*, actor: Actor, proof: Proof) -> Entered | Refused:
    """The one way in. Locks the user; a failure is returned, so that it is remembered."""
    user = User.objects.lock().filter(pk=proof.user).first() if proof.user else None
    if user is None or not user.may_log_in or not proof.holds_for(user):
        trail.record(Event(EventName.LOGIN_FAILED, "user", proof.user or 0, {}), actor=actor)
        return Refused(InvalidCredentials())
    entered = open_session(user, actor)
    trail.record(about(EventName.LOGGED_IN, entered.session), actor=actor)
    return entered


@use_case
def refresh(*, actor: Actor, claims: tokens.RefreshClaims) -> tokens.Pair | Refused:
    """A new pair for a refresh token. Locks the session; reuse ends it, which is remembered."""
    session = lock_session(LoginSession.objects.alive(), claims.session)
    if session is None:
        raise InvalidToken
    verdict = judge_refresh(presented=claims.counter, current=session.refresh_counter)
    if verdict is Refresh.REUSED:
        revoke(LoginSession.objects.filter(pk=session.pk))
        trail.record(about(EventName.REFRESH_REUSED, session), actor=actor)
        return Refused(InvalidToken())
    if verdict is Refresh.ROTATE:
        session.refresh_counter += 1
        session.rotated_at = session.last_used_at = clock.now()
        session.save(update_fields=["refresh_counter", "rotated_at", "last_used_at"])
    trail.record(about(EventName.TOKEN_REFRESHED, session), actor=actor)
    return tokens.pair(session)


@use_case
def step_up(*, actor: Actor, proof: Proof) -> datetime | Refused:
    """Prove once more who one is: until when that counts. Locks user and session; a failure is remembered."""
    user = lock_person(actor)
    session = lock_session(LoginSession.objects.alive(), actor.session or 0)
    if session is None:
        raise InvalidToken
    if not proof.holds_for(user):
        trail.record(about(EventName.STEP_UP_FAILED, session), actor=actor)
        return Refused(WrongPassword(field="password"))
    session.proof_at = clock.now()
    session.save(update_fields=["proof_at"])
    trail.record(about(EventName.STEPPED_UP, session), actor=actor)
    return session.proof_at + settings.STEP_UP_LIFETIME
