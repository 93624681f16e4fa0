"""What is asked for beside the password: a code of the app, or a backup code; each works once.

What spends or makes anything is called with the user's row locked, which protects devices and codes.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from accounts import codes, lockout, totp
from accounts.errors import InvalidCode
from accounts.lockout import Reservation
from accounts.models import BackupCode, CodePurpose, OneTimeCode, TotpDevice, User
from accounts.rules import stamp
from financebot.common import clock

CHALLENGE_LIFE = timedelta(minutes=5)
CHALLENGE_TRIES = 5
BACKUP_CODES = 10
BACKUP_LENGTH = 16  # of 32 letters: 80 bits, so that its hash tells nothing


class Factor(Enum):
    APP = auto()
    BACKUP = auto()


@dataclass(frozen=True, slots=True)
class Shown:
    """A code that somebody shows, counted as wrong before it is looked at; without `reservation` it is not."""

    code: str
    factor: Factor
    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class Challenged:
    """The password was right, and that is not enough. `expires_in`: seconds."""

    challenge: str
    two_factor_required: bool = True
    expires_in: int = int(CHALLENGE_LIFE.total_seconds())


def device_of(user: User) -> TotpDevice | None:
    """The app that this person has confirmed: two-factor authentication is on exactly when there is one."""
    return TotpDevice.objects.of(user.pk).confirmed().first()


def challenge(user: User, device: TotpDevice) -> Challenged:
    bound_to = _standing(user, device)
    code = codes.make(
        CodePurpose.TWO_FACTOR_CHALLENGE, subject=user.pk, life=CHALLENGE_LIFE, payload={"bound_to": bound_to}
    )
    return Challenged(code)


def person_challenged(code: str) -> int | None:
    """Whom a challenge that could still be answered is for."""
    try:
        return codes.look_up(CodePurpose.TWO_FACTOR_CHALLENGE, code).subject
    except InvalidCode:
        return None


def take_try(row: OneTimeCode, user: User, device: TotpDevice) -> bool:
    """Count a try at a challenge; false when it is not this one's any more, or has been tried too often."""
    if not user.may_log_in or row.payload["bound_to"] != _standing(user, device):
        return False
    return codes.take_try(row, most=CHALLENGE_TRIES)


def accept(shown: Shown, user: User, device: TotpDevice) -> bool:
    """Use up what is shown and give the try back; false when it is wrong, used or not to be looked at."""
    if shown.reservation is None or not spend_as(shown.factor, user, device, shown.code):
        return False
    lockout.give_back(shown.reservation)
    return True


def spend(device: TotpDevice, code: str) -> bool:
    """Use up a code of the app; false when it is wrong, or its step or a later one has been used."""
    step = totp.matching_step(device.key, "".join(code.split()), now=clock.now(), after=device.last_step)
    if step is None:
        return False
    return bool(TotpDevice.objects.filter(pk=device.pk, last_step__lt=step).update(last_step=step))


def spend_backup(user: User, code: str) -> bool:
    mine = BackupCode.objects.of(user.pk).unused().filter(digest=_digest(user, code))
    return bool(mine.update(used_at=clock.now()))


def factor_of(code: str) -> Factor:
    """What somebody means who was asked for either: backup codes are longer than what the app shows."""
    return Factor.APP if len("".join(code.split())) <= totp.DIGITS else Factor.BACKUP


def spend_as(factor: Factor, user: User, device: TotpDevice, code: str) -> bool:
    return spend(device, code) if factor is Factor.APP else spend_backup(user, code)


def make_backup_codes(user: User) -> list[str]:
    """Ten new ones in clear text, to be shown once; the old ones are gone."""
    BackupCode.objects.of(user.pk).delete()
    made = [codes.letters(BACKUP_LENGTH) for _ in range(BACKUP_CODES)]
    BackupCode.objects.bulk_create(BackupCode(user=user, digest=_digest(user, code)) for code in made)
    return ["-".join(code[i : i + 4] for i in range(0, BACKUP_LENGTH, 4)) for code in made]


def remove(user: User) -> None:
    TotpDevice.objects.of(user.pk).delete()
    BackupCode.objects.of(user.pk).delete()


def _digest(user: User, code: str) -> str:
    return codes.digest(f"{user.pk}:{codes.as_typed(code)}")


def _standing(user: User, device: TotpDevice) -> str:
    """What a challenge is bound to: a new password, an ended log-in everywhere or another app make it worth nothing."""
    return stamp(user.security_epoch, device.pk, user.password)
