"""Another e-mail address: asked for, proven by a letter to it, taken back from the one before."""

from django.db import IntegrityError

from accounts import codes, mailed
from accounts.ending import end_sessions
from accounts.errors import EmailChangedLately, InvalidCode
from accounts.models import CodePurpose, OAuthLink, User
from accounts.sessions import lock_person, require_fresh
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.usecase import use_case


@use_case
def ask_email_change(*, actor: Actor, email: str) -> None:
    """Note the normalised address that they want to have instead. Whether it is somebody's already is told to nobody.

    Locks the user. Raises StepUpRequired, EmailChangedLately.
    """
    user = lock_person(actor)
    require_fresh(actor)
    if user.former_until and user.former_until > clock.now():
        raise EmailChangedLately
    user.new_email = email if email != user.email else None
    user.save(update_fields=["new_email"])
    texts = {"email": (user.email, email)}
    trail.record(Event(EventName.EMAIL_CHANGE_ASKED, "user", user.pk, {}, texts), actor=actor)


@use_case
def verify_email(*, actor: Actor, token: str) -> None:
    """Note that the address is theirs; where it is another than before, it is from now on, and all sessions end.

    Locks the user. Raises InvalidCode for every code that does not work, and where the address is somebody else's by
    now: of two at once one gets it.
    """
    code, user = mailed.look_up(CodePurpose.EMAIL_VERIFICATION, token, lock=True)
    codes.spend(code)
    events = _change(user) if code.payload.get("to") == mailed.To.NEW else _prove(user)
    trail.record(*events, actor=actor)


@use_case
def secure_account(*, actor: Actor, token: str) -> None:
    """'This was not me': all sessions and links to providers end, and neither password nor provider opens anything
    until a reset by mail, which proves the address anew. A change of address under way ends; one that was done is
    undone where the code came to the address before.

    Locks the user. Raises InvalidCode for every code that does not work.
    """
    code, user = mailed.look_up(CodePurpose.NOT_ME, token, lock=True)
    codes.spend(code)
    texts = _take_back(user) if code.payload.get("to") == mailed.To.FORMER else {}
    user.set_unusable_password()
    user.new_email = user.email_verified_at = None
    OAuthLink.objects.of(user.pk).delete()
    changed = ("password", "new_email", "email", "email_verified_at", "former_email", "former_until")
    ended = end_sessions(user, *changed)
    trail.record(*ended, Event(EventName.ACCOUNT_SECURED, "user", user.pk, {}, texts), actor=actor)


def _prove(user: User) -> list[Event]:
    user.email_verified_at = user.email_verified_at or clock.now()
    user.save(update_fields=["email_verified_at"])
    return [Event(EventName.EMAIL_VERIFIED, "user", user.pk, {})]


def _change(user: User) -> list[Event]:
    former, user.email, user.new_email = user.email, user.new_email, None
    user.former_email = former
    user.former_until = clock.now() + mailed.LIVES[CodePurpose.NOT_ME] if former else None
    user.email_verified_at = clock.now()
    try:
        ended = end_sessions(user, "email", "new_email", "email_verified_at", "former_email", "former_until")
    except IntegrityError as error:
        raise InvalidCode from error
    return [*ended, Event(EventName.EMAIL_CHANGED, "user", user.pk, {}, {"email": (former, user.email)})]


def _take_back(user: User) -> dict[str, tuple[str | None, str | None]]:
    """Give them the address before, or none where that is somebody else's account by now, rather than leave the one
    that it was changed to. Whoever registered with it and never proved it does not read its mail."""
    lost, former = user.email, user.former_email
    User.objects.filter(email=former, email_verified_at=None).update(email=None)
    if User.objects.filter(email=former).exists():
        former = None
    user.email = former
    user.former_email = user.former_until = None
    return {"email": (lost, former)}
