"""One-time codes: made, and spent by a guarded UPDATE."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet

from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode
from financebot.common import clock

OF_PERSON = (
    CodePurpose.TWO_FACTOR_CHALLENGE,
    CodePurpose.PASSWORD_RESET,
    CodePurpose.EMAIL_VERIFICATION,
    CodePurpose.NOT_ME,
    CodePurpose.PERSON_BINDING,
    CodePurpose.BINDING_CONSENT,
    CodePurpose.COMPLETION,
)
KEPT = timedelta(days=30)  # after their end, for whoever looks into what happened
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, without look-alikes
AS_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def make(purpose: CodePurpose, *, subject: int, life: timedelta, payload: dict[str, Any] | None = None) -> str:
    """The code in clear text, 192 random bits, to be handed over once."""
    code = secrets.token_urlsafe(24)
    keep(purpose, code, subject=subject, life=life, payload=payload)
    return code


def keep(
    purpose: CodePurpose, code: str, *, subject: int, life: timedelta, payload: dict[str, Any] | None = None
) -> None:
    """The row of a code that was made already."""
    OneTimeCode.objects.create(
        purpose=purpose,
        digest=digest(code),
        subject=subject,
        payload=payload or {},
        expires_at=clock.now() + life,
    )


def letters(length: int) -> str:
    """So many random letters, five bits each, for people to read and type."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def as_typed(code: str) -> str:
    """What somebody meant who typed letters off a screen or a sheet of paper."""
    return code.upper().translate(AS_TYPED)


def look_up(purpose: CodePurpose, code: str) -> OneTimeCode:
    """The row of a code that could be spent now; InvalidCode otherwise."""
    row = usable(purpose).filter(digest=digest(code)).first()
    if row is None:
        raise InvalidCode
    return row


def is_usable(purpose: CodePurpose, code: str) -> bool:
    return usable(purpose).filter(digest=digest(code)).exists()


def spend(row: OneTimeCode) -> None:
    """Use it up: of any number of callers at once, one succeeds; InvalidCode for the others."""
    if not usable(CodePurpose(row.purpose)).filter(pk=row.pk).update(used_at=clock.now()):
        raise InvalidCode


def use_up(purpose: CodePurpose, code: str, *, life: timedelta) -> bool:
    """Note a code that no row was made for as used; of any number of callers at once, true for one."""
    now = clock.now()
    used = {"purpose": purpose, "subject": 0, "expires_at": now + life, "used_at": now}
    return OneTimeCode.objects.get_or_create(digest=digest(code), defaults=used)[1]


def take_try(row: OneTimeCode, *, most: int) -> bool:
    """Count a try at what comes with the code; false, and nothing counted, when there were `most` already."""
    left = usable(CodePurpose(row.purpose)).filter(pk=row.pk, tries__lt=most)
    return bool(left.update(tries=F("tries") + 1))


def revoke(purpose: CodePurpose, *, subject: int) -> None:
    OneTimeCode.objects.filter(purpose=purpose, subject=subject, used_at__isnull=True).update(used_at=clock.now())


def forget(user_id: int) -> None:
    """Delete those that are about a person."""
    OneTimeCode.objects.filter(subject=user_id, purpose__in=OF_PERSON).delete()


def purge() -> int:
    """Delete codes that have been worth nothing for a month; how many."""
    dead = OneTimeCode.objects.filter(expires_at__lt=clock.now() - KEPT)
    return dead.delete()[0]


def digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def usable(purpose: CodePurpose) -> QuerySet[OneTimeCode]:
    """Neither used nor late."""
    return OneTimeCode.objects.filter(purpose=purpose, used_at__isnull=True, expires_at__gt=clock.now())
