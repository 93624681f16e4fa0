"""What a household consists of: plain values. Of the product nothing is known here."""

from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZERO = Decimal(0)
FALLBACK = {"expense": "Other expense", "income": "Other income"}
BOOKED = {"executed", "reversed"}

Weights = tuple[tuple[str, Decimal], ...]


class Refused(Exception):
    """A rule said no, by this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuse_if(condition: object, code: str) -> None:
    if condition:
        raise Refused(code)


@dataclass
class Member:
    name: str
    role: str
    state: str = "active"
    spending_limit: Decimal | None = None
    overrides: dict[str, bool] = field(default_factory=dict)


@dataclass
class Wallet:
    """`floor`: how far below zero it may go; None for any."""

    name: str
    currency: str = "EUR"
    holder: str | None = None
    visibility: str = "shared"
    floor: Decimal | None = None
    archived: bool = False
    version: int = 1


@dataclass
class Category:
    name: str
    kind: str
    archived: bool = False


@dataclass(frozen=True)
class Share:
    member: str
    weight: Decimal
    amount: Decimal
    base: Decimal


@dataclass(frozen=True)
class Line:
    """What went against a category, on account of a wallet; signed as a posting is."""

    category: str
    wallet: str
    amount: Decimal
    currency: str
    base: Decimal
    note: str = ""
    shares: tuple[Share, ...] = ()

    def negated(self) -> "Line":
        shares = tuple(replace(s, amount=-s.amount, base=-s.base) for s in self.shares)
        return replace(self, amount=-self.amount, base=-self.base, shares=shares)


@dataclass(frozen=True)
class Move:
    """What went onto a wallet; negative where it left."""

    wallet: str
    amount: Decimal
    base: Decimal


@dataclass(frozen=True)
class Wish:
    """What somebody wants recorded. `splits`: (category, amount, note)."""

    amount: Decimal
    source: str | None = None
    target: str | None = None
    category: str | None = None
    day: date | None = None
    to_amount: Decimal | None = None
    rate: Decimal | None = None
    splits: tuple[tuple[str, Decimal, str], ...] = ()
    for_members: Weights = ()
    refund_of: "Entry | None" = None
    source_ref: str = ""
    fact: str | None = None
    later: bool = False

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What is said, for the story of a run that failed."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        printer.text(f"Wish({', '.join(f'{name}={value!r}' for name, value in said.items())})")

    @property
    def main(self) -> str:
        return self.source or self.target or ""

    @property
    def wallets(self) -> list[str]:
        return [name for name in (self.source, self.target) if name]

    @property
    def has_two(self) -> bool:
        return len(self.wallets) == 2

    @property
    def kind(self) -> str:
        if self.fact:
            return self.fact
        return "transfer" if self.has_two else "expense" if self.source else "income"


@dataclass(eq=False)
class Entry:
    """A transaction: what it says, whose it is, how far it has come."""

    author: str
    created: datetime
    type: str
    source: str | None
    target: str | None
    amount: Decimal
    currency: str
    to_amount: Decimal | None
    base: Decimal
    rate: Decimal
    day: date
    label: str | None
    moves: list[Move]
    lines: list[Line]
    status: str = "draft"
    editor: str | None = None
    counted: datetime | None = None
    pending_since: datetime | None = None
    executed_at: datetime | None = None
    reverses: "Entry | None" = None
    replaces: "Entry | None" = None
    refund_of: "Entry | None" = None
    source_ref: str = ""
    description: str = ""
    self_approved: bool = False
    version: int = 1
    said: list[tuple[int, str, str]] = field(default_factory=list)  # version, who, what

    @property
    def wallets(self) -> list[str]:
        return [name for name in (self.source, self.target) if name]

    @property
    def maker(self) -> str:
        """Who is behind what it says now."""
        return self.editor or self.author

    @property
    def was_submitted(self) -> bool:
        return self.status not in {"draft", "cancelled"} or self.pending_since is not None


@dataclass
class Household:
    """The whole of it, at one moment; amounts of the policy are in the base currency, EUR."""

    now: datetime
    zone: str = "UTC"
    threshold: Decimal | None = Decimal(500)
    approvals_required: int = 1
    adult_limit: Decimal | None = None
    undo_window: timedelta = timedelta(seconds=900)
    closed_until: date | None = None
    members: dict[str, Member] = field(default_factory=dict)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    rates: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()
