"""Amounts in the units of their currencies: what is split loses nothing, what is converted is rounded once."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

from tests.ledger.model.facts import Household, Refused, refuse_if

BASE = "EUR"
DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0}


def unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-DECIMALS[currency])


def check_amount(amount: Decimal, currency: str) -> None:
    refuse_if(amount <= 0, "amount_not_positive")
    refuse_if(amount % unit(currency), "amount_too_fine")


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """By weight, the units that are left over to the largest remainders, the earlier one first."""
    units, total = abs(amount) / unit(currency), sum(weights)
    exact = [Fraction(units) * Fraction(w) / Fraction(total) for w in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: int(units) - sum(parts)]:
        parts[i] += 1
    sign = -1 if amount < 0 else 1
    return [sign * part * unit(currency) for part in parts]


def convert(amount: Decimal, rate: Decimal, currency: str) -> Decimal:
    with localcontext(prec=60):
        return (amount * rate).quantize(unit(currency), rounding=ROUND_HALF_EVEN)


def kept(rate: Decimal) -> Decimal:
    """Fifteen significant digits, twelve of them after the point at most."""
    with localcontext(prec=15):
        rate = +rate
    return rate.quantize(Decimal(1).scaleb(-12))


def rate_of(home: Household, currency: str, day: date) -> Decimal:
    """Base per unit: the last one on or before the day, either way round."""
    if currency == BASE:
        return Decimal(1)
    known = [key for key in home.rates if {key[0], key[1]} == {currency, BASE} and key[2] <= day]
    if not known:
        raise Refused("exchange_rate_missing")
    last = max(known, key=lambda key: (key[2], key[0] == currency))
    found = home.rates[last]
    return found if last[0] == currency else kept(1 / found)
