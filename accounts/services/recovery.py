"""By codes that were mailed: a lost password, a proven address, an account taken back from somebody else.

Whether there is an account is told to nobody: what is asked for leaves an event in any case, and letters follow from
events.
"""

from accounts import binding, codes, mailed
from accounts.models import CodePurpose, LoginSession, User
from accounts.sessions import revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.usecase import use_case


@use_case
def ask_password_reset(*, actor: Actor, email: str) -> None:
    """Have a link mailed to whoever owns this normalised address. The event is about user 0 where nobody does."""
    trail.record(_asked(EventName.PASSWORD_RESET_ASKED, email), actor=actor)


@use_case
def ask_verification(*, actor: Actor, email: str) -> None:
    """Have another link to prove this normalised address mailed, as `ask_password_reset` does."""
    trail.record(_asked(EventName.VERIFICATION_ASKED, email), actor=actor)


@use_case
def reset_password(*, actor: Actor, token: str, password_hash: str) -> None:
    """A new password by a mailed code, which proves the address too; all sessions end, and none is opened.

    Locks the user. Raises InvalidCode for every code that does not work.
    """
    user = _spend(CodePurpose.PASSWORD_RESET, token)
    user.password = password_hash
    user.email_verified_at = user.email_verified_at or clock.now()
    ended = _end_sessions(user, "password", "email_verified_at")
    trail.record(*ended, Event(EventName.PASSWORD_RESET, "user", user.pk, {}), actor=actor)


@use_case
def verify_email(*, actor: Actor, token: str) -> None:
    """Note that the address is theirs. Locks the user. Raises InvalidCode for every code that does not work."""
    user = _spend(CodePurpose.EMAIL_VERIFICATION, token)
    user.email_verified_at = user.email_verified_at or clock.now()
    user.save(update_fields=["email_verified_at"])
    trail.record(Event(EventName.EMAIL_VERIFIED, "user", user.pk, {}), actor=actor)


@use_case
def secure_account(*, actor: Actor, token: str) -> None:
    """'This was not me': all sessions end, and the password opens nothing until it is reset by mail.

    Locks the user. Raises InvalidCode for every code that does not work.
    """
    user = _spend(CodePurpose.NOT_ME, token)
    user.set_unusable_password()
    ended = _end_sessions(user, "password")
    trail.record(*ended, Event(EventName.ACCOUNT_SECURED, "user", user.pk, {}), actor=actor)


def _asked(name: EventName, email: str) -> Event:
    found = User.objects.filter(email=email).values_list("pk", flat=True).first()
    return Event(name, "user", found or 0, {})


def _spend(purpose: CodePurpose, token: str) -> User:
    """The person of a code, locked; of any number of callers at once, one gets them."""
    code, user = mailed.look_up(purpose, token, lock=True)
    codes.spend(code)
    return user


def _end_sessions(user: User, *changed: str) -> list[Event]:
    """With the chat that speaks for them, which would only be given a new token; what that brings."""
    user.security_epoch += 1
    user.save(update_fields=[*changed, "security_epoch"])
    revoke(LoginSession.objects.of(user.pk))
    return binding.end(user.pk)
