"""Pure decisions about families and their members."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from families.roles import RANK, P, Role, preset
from financebot.common.clock import FIRST_DAY
from financebot.common.errors import Changed, DateInFuture, DateTooEarly

RESTORE_WINDOW = timedelta(days=30)
INVITATION_LIFE = timedelta(days=7)


def invitable(role: Role) -> list[Role]:
    """Roles that somebody may invite to: an owner to any, others to roles below adult."""
    if role is Role.OWNER:
        return list(Role)
    return [r for r in Role if RANK[r] < min(RANK[role], RANK[Role.ADULT])]


def permissions_of(role: Role, *, granted: set[str], withdrawn: set[str]) -> frozenset[P]:
    """What a member holds: the role's preset, with an owner's overrides; withdrawing wins."""
    return frozenset(name for name in P if name in preset(role) | granted and name not in withdrawn)


def default_threshold(decimals: int) -> Decimal:
    """500 of a currency with decimals, 50,000 of one without: amounts of about the same worth."""
    return Decimal(500) if decimals else Decimal(50_000)


def may_be_restored(archived_at: datetime, now: datetime) -> bool:
    return now - archived_at <= RESTORE_WINDOW


def check_close(through: date, *, closed_until: date | None, today: date) -> None:
    """Closing goes forward, to today at the latest. Raises DateTooEarly, DateInFuture, Changed."""
    if through < FIRST_DAY:
        raise DateTooEarly(field="through")
    if through > today:
        raise DateInFuture(field="through")
    if closed_until is not None and through <= closed_until:
        raise Changed


def check_reopen(through: date | None, *, closed_until: date | None) -> None:
    """Reopening goes back, or all the way where `through` is None. Raises DateTooEarly, Changed."""
    if through is not None and through < FIRST_DAY:
        raise DateTooEarly(field="through")
    if closed_until is None or (through is not None and through >= closed_until):
        raise Changed
