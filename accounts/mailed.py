"""Codes that are mailed to a person: how long each lives, and what makes it worthless before its time."""

from datetime import timedelta
from enum import StrEnum

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode, User
from accounts.rules import stamp

LIVES = {
    CodePurpose.PASSWORD_RESET: timedelta(hours=1),
    CodePurpose.EMAIL_VERIFICATION: timedelta(days=3),
    CodePurpose.NOT_ME: timedelta(days=7),
}


class To(StrEnum):
    """To which of a person's addresses a code is mailed, which is part of what it means."""

    PRESENT = "present"
    NEW = "new"
    FORMER = "former"


def make(purpose: CodePurpose, user: User, *, to: To = To.PRESENT) -> str:
    """A code for this person as they are now, in clear text, to be mailed once."""
    payload = {"stamp": _stamp(purpose, user, to), "to": to}
    return codes.make(purpose, subject=user.pk, life=LIVES[purpose], payload=payload)


def look_up(purpose: CodePurpose, token: str, *, lock: bool = False) -> tuple[OneTimeCode, User]:
    """A code that could be spent now and whose it is, locked if asked for; InvalidCode for every other."""
    code = codes.look_up(purpose, token)
    people = User.objects.lock() if lock else User.objects.get_queryset()
    user = people.filter(pk=code.subject, is_active=True).first()
    if user is None or code.payload.get("stamp") != _stamp(purpose, user, code.payload.get("to", To.PRESENT)):
        raise InvalidCode
    return code, user


def _stamp(purpose: CodePurpose, user: User, to: str) -> str:
    """A reset ends with any change of password, epoch or address, and so does what was mailed to a new address; the
    others with the address they were mailed to."""
    if to == To.NEW:
        return stamp(to, user.email, user.new_email, user.security_epoch)
    if to == To.FORMER:
        return stamp(to, user.former_email)
    if purpose is CodePurpose.PASSWORD_RESET:
        return stamp(user.email, user.password, user.security_epoch)
    return stamp(user.email)
