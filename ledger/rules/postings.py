"""The two sides of each movement: lines that sum to zero in every currency, and in the base currency too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from financebot.common import money
from financebot.common.errors import AmountNotPositive, AmountTooLarge
from ledger.errors import RefundTooLarge, SplitMismatch
from ledger.rules.drafts import Split

RATE_DECIMALS = 12
RATE_DIGITS = 15
RATE_LIMIT = Decimal(10) ** 12

Weights = Sequence[tuple[int, Decimal]]


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


@dataclass(frozen=True, slots=True)
class Money:
    """A positive amount on one wallet, and what it is in the family's base currency."""

    wallet: int
    amount: Decimal
    currency: str
    base_amount: Decimal
    base_currency: str

    def on_wallet(self, sign: int) -> Line:
        return Line(self.wallet, None, sign * self.amount, self.currency, sign * self.base_amount)

    def on_categories(self, sign: int, parts: Sequence[Split], weights: Sequence[Weights]) -> list[Line]:
        """A line a part, each shared by the weights that stand at its place."""
        decimals = money.exponent(self.base_currency)
        bases = money.largest_remainder(self.base_amount, [p.amount for p in parts], decimals=decimals)
        return [
            Line(
                self.wallet,
                part.category,
                sign * part.amount,
                self.currency,
                sign * base,
                part.note,
                self._shares(sign * part.amount, sign * base, for_whom),
            )
            for part, base, for_whom in zip(parts, bases, weights, strict=True)
        ]

    def _shares(self, amount: Decimal, base_amount: Decimal, for_whom: Weights) -> tuple[Share, ...]:
        return shares_of(amount, base_amount, for_whom, currency=self.currency, base_currency=self.base_currency)


def shares_of(
    amount: Decimal, base_amount: Decimal, for_whom: Weights, *, currency: str, base_currency: str
) -> tuple[Share, ...]:
    """A posting's amounts by weight, to the last unit."""
    weights = [weight for _, weight in for_whom]
    amounts = money.largest_remainder(amount, weights, decimals=money.exponent(currency))
    bases = money.largest_remainder(base_amount, weights, decimals=money.exponent(base_currency))
    return tuple(
        Share(member, weight, part, base) for (member, weight), part, base in zip(for_whom, amounts, bases, strict=True)
    )


def check_splits(splits: Sequence[Split], amount: Decimal, currency: str) -> None:
    """Parts are amounts of the currency and make the whole. Raises the errors of amounts, SplitMismatch."""
    for split in splits:
        money.check(split.amount, currency, field="splits")
    if sum(split.amount for split in splits) != amount:
        raise SplitMismatch(field="splits")


def refund_parts(amount: Decimal, remaining: Sequence[Decimal], *, currency: str) -> list[Decimal]:
    """A refund over the original's parts, by what is left of each. Raises RefundTooLarge."""
    if amount > sum(remaining):
        raise RefundTooLarge(field="amount")
    return money.largest_remainder(amount, remaining, decimals=money.exponent(currency))


def converted(amount: Decimal, rate: Decimal, currency: str, *, field: str = "rate") -> Decimal:
    """The amount at that rate, to the last unit of `currency` (half to even). Raises AmountTooLarge."""
    with localcontext(prec=60):
        unit = Decimal(1).scaleb(-money.exponent(currency))
        found = (amount * rate).quantize(unit, rounding=ROUND_HALF_EVEN)
    if found > money.LIMIT:
        raise AmountTooLarge(field=field)
    return found


def bought(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    """What an exchange brings at a rate. Raises AmountNotPositive where it is less than the smallest unit."""
    found = converted(amount, rate, currency)
    if found <= 0:
        raise AmountNotPositive(field="rate")
    return found


def kept_rate(rate: Decimal) -> Decimal:
    """A rate as far as the database keeps it: 15 significant digits (SQLite has no more), 12 after the point."""
    with localcontext(prec=RATE_DIGITS):
        rate = +rate
    with localcontext(prec=60):
        return rate.quantize(Decimal(1).scaleb(-RATE_DECIMALS))


def implied_rate(amount: Decimal, base_amount: Decimal) -> Decimal:
    """Base per unit, as far as a rate is kept. Raises AmountTooLarge where the two are too far apart."""
    with localcontext(prec=60):
        rate = kept_rate(base_amount / amount)
    if rate >= RATE_LIMIT:
        raise AmountTooLarge(field="to_amount")
    return rate
