"""What days, wallets and balances must be."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from financebot.common import money
from financebot.common.errors import AmountTooLarge
from financebot.common.text import fold
from ledger.errors import (
    DateInFuture,
    DateTooEarly,
    InsufficientFunds,
    PeriodClosed,
    SameWallet,
    UndoWindowOver,
)
from ledger.rules.drafts import Draft

FIRST_DAY = date(1970, 1, 1)


def check_day(day: date, *, today: date, closed_until: date | None) -> None:
    """`today` in the family's zone. Raises DateTooEarly, DateInFuture (later than tomorrow), PeriodClosed."""
    if day < FIRST_DAY:
        raise DateTooEarly(field="occurred_on")
    if day > today + timedelta(days=1):
        raise DateInFuture(field="occurred_on")
    if closed_until is not None and day <= closed_until:
        raise PeriodClosed(field="occurred_on")


def check_wallets(draft: Draft) -> None:
    if draft.from_wallet and draft.from_wallet == draft.to_wallet:
        raise SameWallet(field="to_wallet_id")


def check_balance(balance: Decimal, *, held: Decimal, change: Decimal, overdraft_limit: Decimal | None) -> None:
    """Whether a wallet may end at `balance` after `change`. Raises InsufficientFunds, AmountTooLarge.

    Money that comes in is never refused for a wallet that is below its limit already.
    """
    check_total(balance)
    if change < 0 and overdraft_limit is not None and balance - held < -overdraft_limit:
        raise InsufficientFunds(field="amount")


def check_total(total: Decimal) -> None:
    if abs(total) > money.LIMIT:
        raise AmountTooLarge(field="amount")


def check_undo(*, executed_at: datetime, now: datetime, window: timedelta) -> None:
    if now - executed_at > window:
        raise UndoWindowOver


def reversal_day(original: date, *, today: date, closed_until: date | None) -> date:
    """A reversal carries its original's date, or today where that is closed."""
    return today if closed_until is not None and original <= closed_until else original


def month_of(day: date) -> date:
    return day.replace(day=1)


def search_text(*parts: str, tags: Sequence[str] = ()) -> str:
    return "\n".join(fold(part) for part in (*parts, *tags) if part)
