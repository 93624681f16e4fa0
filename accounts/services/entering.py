"""The ways in: registering, logging in, going on with a refresh token, proving once more who one is."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError

from accounts import codes, devices, lockout, second_factor, signatures, tokens
from accounts.clients import bound_to
from accounts.errors import EmailTaken, InvalidCode, InvalidCredentials, InvalidToken, WrongPassword
from accounts.models import CodePurpose, LoginSession, User
from accounts.passwords import Proof
from accounts.rules import Refresh, judge_refresh
from accounts.second_factor import Challenged, Factor, Shown
from accounts.sessions import (
    Entered,
    about,
    admit,
    lock_person,
    lock_session,
    news_of,
    open_session,
    require_invitation,
    revoke,
)
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import DomainError
from financebot.common.usecase import Refused, use_case


@use_case
def register(
    *, actor: Actor, email: str, password_hash: str, first_name: str, last_name: str, invitation: str = ""
) -> Entered | None:
    """A new account, logged in. `email` is normalised. Raises EmailTaken; of two at once one gets it. PermissionDenied
    without a token of an open invitation, where people come by invitation only.

    None where addresses are verified first: known or unknown, one answer for the same work.
    """
    require_invitation(invitation)
    new = {"email": email, "password": password_hash, "first_name": first_name, "last_name": last_name}
    if settings.EMAIL_VERIFICATION == "required":
        trail.record(_registered_silently(User(**new)), actor=actor)
        return None
    if User.objects.holding(email).exists():
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
def log_in(*, actor: Actor, proof: Proof) -> Entered | Challenged | Refused:
    """The one way in: a session, or for who has a second factor a challenge that `answer_challenge` takes.

    Locks the user; a failure is returned, so that it is remembered.
    """
    user = User.objects.lock().filter(pk=proof.user).first() if proof.user else None
    if user is None or not user.may_log_in or not proof.holds_for(user):
        trail.record(Event(EventName.LOGIN_FAILED, "user", proof.user or 0, {}), actor=actor)
        return Refused(InvalidCredentials())
    if proof.reservation:
        lockout.give_back(proof.reservation)
    outcome, news = admit(user, actor)
    trail.record(*news, actor=actor)
    return outcome


@use_case
def answer_challenge(*, actor: Actor, challenge: str, shown: Shown) -> Entered | Refused:
    """The second step of a log-in. Locks the user; a wrong code is returned, so that it and the try are remembered.

    Raises InvalidCode for a challenge that is unknown, used, late or tried too often, or whose person has another
    password or second factor since.
    """
    row = codes.look_up(CodePurpose.TWO_FACTOR_CHALLENGE, challenge)
    user = User.objects.lock().filter(pk=row.subject).first()
    device = user and second_factor.device_of(user)
    if user is None or device is None or not second_factor.take_try(row, user, device):
        raise InvalidCode
    if not second_factor.accept(shown, user, device):
        trail.record(Event(EventName.TWO_FACTOR_FAILED, "user", user.pk, {}), actor=actor)
        return Refused(InvalidCode())
    codes.spend(row)
    entered = open_session(user, actor)
    used = [Event(EventName.BACKUP_CODE_USED, "user", user.pk, {})] if shown.factor is Factor.BACKUP else []
    trail.record(*used, *news_of(entered), actor=actor)
    return entered


@use_case
def refresh(*, actor: Actor, claims: tokens.RefreshClaims) -> tokens.Pair | Refused:
    """A new pair for a refresh token. Locks the session; reuse ends it, which is remembered. A device that looks
    otherwise than before makes the proof of who it is an old one.

    Raises SignatureMissing, SignatureInvalid where the client that opened the session did not sign.
    """
    session = lock_session(LoginSession.objects.alive(), claims.session)
    if session is None or not devices.matches(session.device, actor.device):
        raise InvalidToken
    signatures.demand(bound_to=bound_to(session), signed_by=actor.signed_by)
    verdict = judge_refresh(presented=claims.counter, current=session.refresh_counter)
    if verdict is Refresh.REUSED:
        revoke(LoginSession.objects.filter(pk=session.pk))
        trail.record(about(EventName.REFRESH_REUSED, session), actor=actor)
        return Refused(InvalidToken())
    if verdict is Refresh.ROTATE:
        session.refresh_counter += 1
        session.rotated_at = session.last_used_at = clock.now()
    changed = _note_look(session, actor)
    session.save(update_fields=["refresh_counter", "rotated_at", "last_used_at", "proof_at"])
    news = [EventName.DEVICE_CHANGED, EventName.TOKEN_REFRESHED] if changed else [EventName.TOKEN_REFRESHED]
    trail.record(*(about(name, session) for name in news), actor=actor)
    return tokens.pair(session)


@use_case
def step_up(*, actor: Actor, proof: Proof | Shown) -> datetime | Refused:
    """Prove once more who one is, by password or by a code of the app: until when that counts.

    Locks user and session; a failure is remembered.
    """
    user = lock_person(actor)
    session = lock_session(LoginSession.objects.alive(), actor.session or 0)
    if session is None:
        raise InvalidToken
    if wrong := _disproved(user, proof):
        trail.record(about(EventName.STEP_UP_FAILED, session), actor=actor)
        return Refused(wrong)
    session.proof_at = clock.now()
    session.save(update_fields=["proof_at"])
    trail.record(about(EventName.STEPPED_UP, session), actor=actor)
    return session.proof_at + settings.STEP_UP_LIFETIME


def _disproved(user: User, proof: Proof | Shown) -> DomainError | None:
    """What is wrong with it; the try at what is right is given back."""
    if isinstance(proof, Shown):
        device = second_factor.device_of(user)
        return None if device and second_factor.accept(proof, user, device) else InvalidCode()
    if not proof.holds_for(user):
        return WrongPassword(field="password")
    if proof.reservation:
        lockout.give_back(proof.reservation)
    return None


def _note_look(session: LoginSession, actor: Actor) -> bool:
    """Whether the session's device looks otherwise than before; then its proof, for the caller to save, is old."""
    device = session.device
    if device is None or not devices.note_look(device, actor):
        return False
    device.save(update_fields=["look"])
    session.proof_at = min(session.proof_at, clock.now() - settings.STEP_UP_LIFETIME)
    return True
