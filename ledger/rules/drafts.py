"""What a person wants recorded, before anything is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.errors import NotEditable
from ledger.kinds import CategoryKind, TransactionType


@dataclass(frozen=True, slots=True)
class Split:
    """A part of the amount, in its currency, and what it was for."""

    category: int
    amount: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """`amount` is positive, in the currency of the wallet it leaves (income: enters).

    An exchange has `to_amount`, in the currency of the wallet it enters, or `rate`, target per source; elsewhere
    `rate` is the family's base currency per unit. `for_members` are memberships with their weights. `fact`: an
    opening balance or an adjustment, against the system category of that kind. `later`: kept as a draft.
    """

    amount: Decimal
    from_wallet: int | None = None
    to_wallet: int | None = None
    category: int | None = None
    occurred_on: date | None = None
    description: str = ""
    notes: str = ""
    payee: str = ""
    tags: tuple[str, ...] = ()
    to_amount: Decimal | None = None
    rate: Decimal | None = None
    splits: tuple[Split, ...] = ()
    for_members: tuple[tuple[int, Decimal], ...] = ()
    refund_of: int | None = None
    source_ref: str = ""
    fact: TransactionType | None = None
    later: bool = False

    @property
    def main_wallet(self) -> int:
        """The one whose currency the amount is in."""
        return self.from_wallet or self.to_wallet or 0

    @property
    def categories(self) -> set[int]:
        return {pk for pk in (self.category, *(split.category for split in self.splits)) if pk}

    @property
    def has_two_wallets(self) -> bool:
        return bool(self.from_wallet and self.to_wallet)

    def type(self, *, currencies: int = 1) -> TransactionType:
        """Which movement this is follows from the wallets given, and from the number of their currencies."""
        if self.fact:
            return self.fact
        if self.has_two_wallets:
            return TransactionType.EXCHANGE if currencies > 1 else TransactionType.TRANSFER
        return TransactionType.EXPENSE if self.from_wallet else TransactionType.INCOME


def edited(draft: Draft, changes: Mapping[str, Any]) -> Draft:
    """The draft with other facts. What no longer fits goes with them: a rate of other wallets or another day, splits
    where one category is named, a category of another kind of movement. Raises NotEditable for a refund's category."""
    after = replace(draft, **changes)
    moved = (draft.from_wallet, draft.to_wallet) != (after.from_wallet, after.to_wallet)
    gone: dict[str, Any] = {}
    if "splits" in changes:
        gone["category"] = None
    elif "category" in changes:
        gone["splits"] = ()
    if draft.type() is not after.type():
        gone |= {"category": None, "splits": ()} | ({"for_members": ()} if after.has_two_wallets else {})
    if moved or draft.occurred_on != after.occurred_on:
        gone["rate"] = None
    if moved or "rate" in changes:
        gone["to_amount"] = None
    if draft.refund_of and (draft.type() is not after.type() or after.category or after.splits):
        raise NotEditable(field="category_id")
    return replace(after, **{name: value for name, value in gone.items() if name not in changes})


def category_kind(movement: TransactionType) -> CategoryKind | None:
    """The kind of category that a movement goes against; None for a transfer, which has none."""
    return {
        TransactionType.EXPENSE: CategoryKind.EXPENSE,
        TransactionType.INCOME: CategoryKind.INCOME,
        TransactionType.EXCHANGE: CategoryKind.EXCHANGE,
        TransactionType.OPENING: CategoryKind.OPENING,
        TransactionType.ADJUSTMENT: CategoryKind.ADJUSTMENT,
    }.get(movement)
