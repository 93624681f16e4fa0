"""What is asked for without logging in, and a lost password.

Whether there is an account is told to nobody: what is asked for leaves an event in any case, and letters follow from
events.
"""

from accounts import codes, mailed
from accounts.ending import end_sessions
from accounts.models import CodePurpose, User
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
    code, user = mailed.look_up(CodePurpose.PASSWORD_RESET, token, lock=True)
    codes.spend(code)
    user.password = password_hash
    user.email_verified_at = user.email_verified_at or clock.now()
    ended = end_sessions(user, "password", "email_verified_at")
    trail.record(*ended, Event(EventName.PASSWORD_RESET, "user", user.pk, {}), actor=actor)


def _asked(name: EventName, email: str) -> Event:
    found = User.objects.filter(email=email).values_list("pk", flat=True).first()
    return Event(name, "user", found or 0, {})
