"""Wrong passwords and codes: under which keys they are counted, and what a try costs that turns out right."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from accounts import devices
from accounts.models import LoginThrottle, ThrottleKind
from accounts.rules import Limit, Tries, normalise_email, reserve_try
from financebot.common import clock
from financebot.common.network import network_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = {
    ThrottleKind.PAIR: Limit(5, HOUR, HOUR, HOUR),
    ThrottleKind.DEVICE: Limit(5, HOUR, HOUR, HOUR),
    ThrottleKind.NETWORK: Limit(20, HOUR, HOUR, HOUR),
    ThrottleKind.ACCOUNT: Limit(20, DAY, timedelta(seconds=30), HOUR),
    ThrottleKind.CODES_MINUTES: Limit(5, timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=5)),
    ThrottleKind.CODES_HOUR: Limit(20, HOUR, HOUR, HOUR),
    ThrottleKind.CODES_DAY: Limit(50, DAY, DAY, DAY),
    ThrottleKind.CODES_ACCOUNT: Limit(50, DAY, timedelta(seconds=30), HOUR),
}
FORGIVEN = (ThrottleKind.PAIR, ThrottleKind.DEVICE)  # what one right password makes as if nothing had been
Key = tuple[ThrottleKind, str]


@dataclass(frozen=True, slots=True)
class Reservation:
    """A try counted as wrong until `give_back`: the rows it is counted in, and the lock that it began in each."""

    rows: dict[int, datetime | None]

    @property
    def locks(self) -> bool:
        return any(self.rows.values())


def for_log_in(*, email: str, address: str, device: str) -> list[Key]:
    """The keys of a try at somebody's password.

    Who holds a device that the account knows is counted by that device alone: nobody else's tries lock them out.
    """
    account = normalise_email(email)
    if devices.is_known(device, user__email=account):
        return [(ThrottleKind.DEVICE, _digest(account, device))]
    where = network_of(address)
    return [
        (ThrottleKind.ACCOUNT, _digest(account)),
        (ThrottleKind.NETWORK, _digest(where)),
        (ThrottleKind.PAIR, _digest(account, where)),
    ]


def for_codes(*, user_id: int, address: str, device: str) -> list[Key]:
    """The keys of a try at somebody's codes, of whichever kind; known devices are counted as at a log-in."""
    account = str(user_id)
    is_known = devices.is_known(device, user_id=user_id)
    everywhere = [] if is_known else [(ThrottleKind.CODES_ACCOUNT, _digest(account))]
    return [*everywhere, *_of_codes(_digest(account, device if is_known else network_of(address)))]


def for_chat(chat_id: int) -> list[Key]:
    """The keys of a try at codes out of a chat, whose network is the bot's."""
    return _of_codes(_digest("chat", str(chat_id)))


def reserve(keys: Sequence[Key]) -> Reservation | None:
    """Count a try under all its keys before it is looked at; None while any of them is locked, and nothing counted.

    Runs in a unit of work of its own, so that fifty tries at once count as fifty. Locks the keys' rows in one order.
    """
    now = clock.now()
    rows = _lock(keys, now)
    counted = {row.pk: reserve_try(Tries(row.failures, row.began_at, row.until), _limit(row), now) for row in rows}
    found: dict[int, datetime | None] = {}
    for row in rows:
        tries = counted[row.pk]
        if tries is None:
            return None
        row.failures, row.began_at, row.until = tries.failures, tries.began_at, tries.until
        found[row.pk] = tries.until
    LoginThrottle.objects.bulk_update(rows, ["failures", "began_at", "until"])
    return Reservation(found)


def give_back(reservation: Reservation) -> None:
    """The try was right. A lock that a later, wrong try began stays."""
    for row in _locked(Q(pk__in=reservation.rows)):
        row.failures = 0 if row.kind in FORGIVEN else max(row.failures - 1, 0)
        if row.kind in FORGIVEN or row.until == reservation.rows[row.pk]:
            row.until = None
        row.save(update_fields=["failures", "until"])


def purge() -> int:
    """Forget tries that no window holds any more, a day after; how many rows."""
    return LoginThrottle.objects.filter(began_at__lt=clock.now() - 2 * DAY).delete()[0]


def _of_codes(key: str) -> list[Key]:
    return [(kind, key) for kind in (ThrottleKind.CODES_DAY, ThrottleKind.CODES_HOUR, ThrottleKind.CODES_MINUTES)]


def _limit(row: LoginThrottle) -> Limit:
    return LIMITS[ThrottleKind(row.kind)]


def _lock(keys: Sequence[Key], now: datetime) -> list[LoginThrottle]:
    rows = [LoginThrottle(kind=kind, key=key, began_at=now) for kind, key in sorted(keys)]
    LoginThrottle.objects.bulk_create(rows, ignore_conflicts=True)
    wanted = Q()
    for kind, key in keys:
        wanted |= Q(kind=kind, key=key)
    return _locked(wanted)


def _locked(wanted: Q) -> list[LoginThrottle]:
    return list(LoginThrottle.objects.filter(wanted).select_for_update(no_key=True).order_by("kind", "key"))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
