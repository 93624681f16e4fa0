"""Amounts and currencies: exact decimals, ISO 4217, never rounded in silence."""

import re
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import cache

from iso4217 import Currency

from financebot.common.errors import AmountNotPositive, AmountTooFine, AmountTooLarge

SCALE = 4  # the database counts ten-thousandths: no ISO 4217 currency is finer
LIMIT = Decimal(900_000_000_000_000)  # the largest balance, total or base amount; a BIGINT holds it with room to add
AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
AMOUNT_LENGTH = 40
AMOUNT_LIMIT = Decimal(10) ** 14  # of a single amount: at most 14 digits before the point


@cache
def currencies() -> dict[str, int]:
    """Every current currency with the number of its decimals; funds and metals without decimals are left out."""
    return {c.code: c.exponent for c in Currency if c.exponent is not None}


def exponent(currency: str) -> int:
    return currencies()[currency]


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount is no finer than its currency: 1.5 JPY is not, 1.50 USD is."""
    with localcontext(prec=60):
        units = amount.scaleb(exponent(currency))
        return units == units.to_integral_value()


def check(amount: Decimal, currency: str, *, field: str = "amount") -> None:
    """A positive amount of a currency. Raises AmountNotPositive, AmountTooLarge, AmountTooFine."""
    if amount <= 0:
        raise AmountNotPositive(field=field)
    if amount >= AMOUNT_LIMIT:
        raise AmountTooLarge(field=field)
    if not fits(amount, currency):
        raise AmountTooFine(field=field, currency=currency)


def check_limit(limit: Decimal | None, currency: str, *, field: str) -> None:
    """A limit: none, zero or a positive amount. Raises as `check` does."""
    if limit:
        check(limit, currency, field=field)


def wire(amount: Decimal, currency: str) -> str:
    """The amount as a string with its currency's own decimals: `50.00`, JPY `1200`."""
    return f"{amount:.{exponent(currency)}f}"


def wire_rate(rate: Decimal) -> str:
    """A rate as a plain decimal string, without exponent or trailing zeros: `1.0825`, `100`, `0.00000004`."""
    return f"{rate.normalize():f}"


def largest_remainder(amount: Decimal, weights: Sequence[Decimal], *, decimals: int) -> list[Decimal]:
    """Split an amount by weights so that the parts sum to it exactly, each within one unit of its true share.

    Hamilton's method: everybody gets the rounded-down share, the units left go to the largest remainders,
    the earlier one first where they are equal. Weights are positive, or all zero for an even split.
    """
    with localcontext(prec=60):
        sign = -1 if amount < 0 else 1
        units = int(abs(amount).scaleb(decimals))
        weights = weights if any(weights) else [Decimal(1)] * len(weights)
        exact = [divmod(units * weight, sum(weights)) for weight in weights]  # a quotient alone is not exact
        shares = [int(share) for share, _rest in exact]
        order = sorted(range(len(exact)), key=lambda i: (-exact[i][1], i))
        for i in order[: units - sum(shares)]:
            shares[i] += 1
        return [Decimal(sign * share).scaleb(-decimals) for share in shares]
