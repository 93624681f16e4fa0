"""Pure decisions and arithmetic of the ledger: no Django, no clock, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from financebot.common import money
from financebot.common.errors import AmountTooLarge
from ledger.errors import (
    DateInFuture,
    DateTooEarly,
    InsufficientFunds,
    PeriodClosed,
    SameWallet,
    UndoWindowOver,
)
from ledger.kinds import CategoryKind, TransactionType

FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants recorded. `amount` is positive, in the currency of the wallet it leaves (income: enters)."""

    amount: Decimal
    from_wallet: int | None = None
    to_wallet: int | None = None
    category: int | None = None
    occurred_on: date | None = None
    description: str = ""
    notes: str = ""
    payee: str = ""
    tags: tuple[str, ...] = ()

    @property
    def type(self) -> TransactionType:
        """Which movement this is follows from the wallets given."""
        if self.from_wallet and self.to_wallet:
            return TransactionType.TRANSFER
        return TransactionType.EXPENSE if self.from_wallet else TransactionType.INCOME

    @property
    def main_wallet(self) -> int:
        """The one whose currency the amount is in."""
        return self.from_wallet or self.to_wallet or 0


@dataclass(frozen=True, slots=True)
class Share:
    """For whom a part of a category posting is."""

    member: int
    weight: Decimal
    amount: Decimal
    base_amount: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A posting to be: on a wallet, or on a category with the wallet it moves. Signed, in its currency and in base."""

    wallet: int
    category: int | None
    amount: Decimal
    currency: str
    base_amount: Decimal
    note: str = ""
    shares: tuple[Share, ...] = ()

    def negated(self) -> "Line":
        shares = tuple(replace(s, amount=-s.amount, base_amount=-s.base_amount) for s in self.shares)
        return replace(self, amount=-self.amount, base_amount=-self.base_amount, shares=shares)


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


def category_kind(movement: TransactionType) -> CategoryKind | None:
    """The kind of category that a movement goes against; None where it has none."""
    return {
        TransactionType.EXPENSE: CategoryKind.EXPENSE,
        TransactionType.INCOME: CategoryKind.INCOME,
    }.get(movement)


def lines_of(draft: Draft, *, currency: str, category: int | None, base_amount: Decimal, author: int) -> list[Line]:
    """The postings of an expense, an income or a transfer: they sum to zero, in base too.

    What goes against a category is for the author.
    """

    def line(wallet: int, on: int | None, sign: int) -> Line:
        amount, base = sign * draft.amount, sign * base_amount
        shares = (Share(author, Decimal(1), amount, base),) if on else ()
        return Line(wallet, on, amount, currency, base, shares=shares)

    if draft.from_wallet and draft.to_wallet:
        return [line(draft.from_wallet, None, -1), line(draft.to_wallet, None, 1)]
    if draft.from_wallet:
        return [line(draft.from_wallet, None, -1), line(draft.from_wallet, category, 1)]
    if draft.to_wallet:
        return [line(draft.to_wallet, None, 1), line(draft.to_wallet, category, -1)]
    raise AssertionError("a movement has a wallet")


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
    return "\n".join(part.casefold() for part in (*parts, *tags) if part)
