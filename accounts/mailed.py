"""Codes that are mailed to a person: how long each lives, and what makes it worthless before its time."""

from datetime import timedelta

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode, User
from accounts.rules import stamp

LIVES = {
    CodePurpose.PASSWORD_RESET: timedelta(hours=1),
    CodePurpose.EMAIL_VERIFICATION: timedelta(days=3),
    CodePurpose.NOT_ME: timedelta(days=7),
}


def make(purpose: CodePurpose, user: User) -> str:
    """A code for this person as they are now, in clear text, to be mailed once."""
    payload = {"stamp": _stamp(purpose, user)}
    return codes.make(purpose, subject=user.pk, life=LIVES[purpose], payload=payload)


def look_up(purpose: CodePurpose, token: str, *, lock: bool = False) -> tuple[OneTimeCode, User]:
    """A code that could be spent now and whose it is, locked if asked for; InvalidCode for every other."""
    code = codes.look_up(purpose, token)
    people = User.objects.lock() if lock else User.objects.get_queryset()
    user = people.filter(pk=code.subject, is_active=True).first()
    if user is None or code.payload.get("stamp") != _stamp(purpose, user):
        raise InvalidCode
    return code, user


def _stamp(purpose: CodePurpose, user: User) -> str:
    """A reset ends with any change of password, epoch or address; the others with the address they were mailed to."""
    if purpose is CodePurpose.PASSWORD_RESET:
        return stamp(user.email, user.password, user.security_epoch)
    return stamp(user.email)
