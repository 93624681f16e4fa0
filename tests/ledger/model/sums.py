"""What follows from the entries: nothing here is kept, all of it is counted."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ledger.model.facts import BOOKED, ZERO, Entry, Household, Move, refuse_if

WEEK = timedelta(days=7)


def balance(home: Household, wallet: str) -> Decimal:
    booked = (move for entry in home.entries if entry.status in BOOKED for move in entry.moves)
    return sum((move.amount for move in booked if move.wallet == wallet), ZERO)


def balance_on(home: Household, wallet: str, day: date) -> Decimal:
    """At the end of that day, by the days that entries carry."""
    booked = (entry for entry in home.entries if entry.status in BOOKED and entry.day <= day)
    return sum((move.amount for entry in booked for move in entry.moves if move.wallet == wallet), ZERO)


def taken(moves: Iterable[Move], instead_of: Entry | None) -> dict[str, Decimal]:
    """What an entry takes from each wallet, beyond what the one it would replace has taken."""
    net: Counter[str] = Counter()
    for move in moves:
        net[move.wallet] += move.amount
    for move in instead_of.moves if instead_of else ():
        net[move.wallet] -= move.amount
    return {wallet: -amount for wallet, amount in net.items() if amount < 0}


def held(home: Household, wallet: str, *, but: Entry | None = None) -> Decimal:
    waiting = (e for e in home.entries if e.status == "pending_approval" and e is not but)
    return sum((taken(e.moves, e.replaces).get(wallet, ZERO) for e in waiting), ZERO)


def available(home: Household, wallet: str, *, but: Entry | None = None) -> Decimal:
    return balance(home, wallet) - held(home, wallet, but=but)


def check_funds(home: Household, moves: Iterable[Move], *, but: Entry | None = None) -> None:
    """Whether the wallets can give what these moves, together, take. `but`: what waits no longer then."""
    net: Counter[str] = Counter()
    for move in moves:
        net[move.wallet] += move.amount
    for name, change in net.items():
        floor = home.wallets[name].floor
        if change < 0 and floor is not None:
            refuse_if(available(home, name, but=but) + change < -floor, "insufficient_funds")


def category_totals(home: Household) -> dict[Any, tuple[Decimal, Decimal]]:
    """By month, wallet, category, member and currency."""
    rows = (
        ((entry.day.replace(day=1), line.wallet, line.category, share.member, line.currency), share.amount, share.base)
        for entry in home.entries
        if entry.status in BOOKED
        for line in entry.lines
        for share in line.shares
    )
    return _summed(rows)


def wallet_totals(home: Household) -> dict[Any, tuple[Decimal, Decimal]]:
    """By month and wallet."""
    return _summed(
        ((entry.day.replace(day=1), move.wallet), move.amount, move.base)
        for entry in home.entries
        if entry.status in BOOKED
        for move in entry.moves
    )


def _summed(rows: Iterable[tuple[Any, Decimal, Decimal]]) -> dict[Any, tuple[Decimal, Decimal]]:
    found: dict[Any, tuple[Decimal, Decimal]] = {}
    for key, amount, base in rows:
        before = found.get(key, (ZERO, ZERO))
        found[key] = (before[0] + amount, before[1] + base)
    return {key: sums for key, sums in found.items() if any(sums)}
