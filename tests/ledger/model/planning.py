"""From a wish to an entry: reach, day, amounts, what it was for; nothing is recorded here."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ledger.model import money
from tests.ledger.model.facts import (
    FALLBACK,
    ZERO,
    Entry,
    Household,
    Line,
    Member,
    Move,
    Refused,
    Share,
    Weights,
    Wish,
    refuse_if,
)
from tests.ledger.model.rights import require
from tests.ledger.model.sight import sees_entry, sees_wallet, shows_rows


@dataclass
class Pen:
    """Who writes; whose entry it becomes; what of an entry under the pen may stay; what it is to replace."""

    member: Member
    author: str
    keeping: Entry | None = None
    but: Entry | None = None
    left: dict[int, dict[str, Decimal]] = field(default_factory=dict)

    @property
    def kept_categories(self) -> set[str | None]:
        return {line.category for line in self.keeping.lines} | {self.keeping.label} if self.keeping else set()

    @property
    def kept_members(self) -> set[str]:
        kept = {s.member for line in self.keeping.lines for s in line.shares} if self.keeping else set()
        return kept | {self.author}


@dataclass(frozen=True)
class Plan:
    """`takes`: from a wallet whose rows others see. `counts`: towards the author's spending limit."""

    facts: dict[str, Any]
    takes: bool
    counts: bool


def permission_of(wish: Wish) -> str:
    return "transfer_between_wallets" if wish.has_two else "create_transaction"


def check_sight(home: Household, member: Member, wish: Wish) -> None:
    """What is not seen cannot be named."""
    if not all(sees_wallet(home.wallets[name], member) for name in wish.wallets):
        raise Refused("unknown_reference")


def check_refund_of(home: Household, member: Member, wish: Wish) -> None:
    if original := wish.refund_of:
        refuse_if(not sees_entry(home, original, member), "unknown_reference")
        refundable = original.type == "expense" and original.status == "executed" and not original.reverses
        refuse_if(not refundable, "not_refundable")


def check_worth(member: Member, wish: Wish) -> None:
    """Who says what a currency is worth sets exchange rates; an exchange's is about its two amounts."""
    if wish.rate is not None and not wish.has_two:
        require(member, "manage_exchange_rates")


def check_day(home: Household, day: date) -> None:
    refuse_if(day < date(1970, 1, 1), "date_too_early")
    refuse_if(day > home.today + timedelta(days=1), "date_in_future")
    refuse_if(home.closed_until and day <= home.closed_until, "period_closed")


def plan(home: Household, pen: Pen, wish: Wish) -> Plan:
    wallets = [home.wallets[name] for name in wish.wallets]
    main = home.wallets[wish.main]
    if not wish.fact:
        require(pen.member, permission_of(wish), [wallet.holder for wallet in wallets])
        refuse_if(not shows_rows(main, pen.member), "permission_denied")
    refuse_if(any(wallet.archived for wallet in wallets), "wallet_archived")
    day = wish.day or home.today
    check_day(home, day)
    kind = "exchange" if len({wallet.currency for wallet in wallets}) == 2 else wish.kind
    to_amount, base, rate = _amounts(home, wish, kind, day)
    parts = _refunded(home, pen, wish) if wish.refund_of else _parts(home, pen, wish, kind)
    unknown = {name for name, _ in wish.for_members} - pen.kept_members
    refuse_if(any(home.members[name].state == "ended" for name in unknown), "unknown_reference")
    label = wish.category if wish.has_two else None
    if label:
        _check_category(home, pen, label, None)
    takes = wish.source is not None and not wish.fact and home.wallets[wish.source].visibility == "shared"
    to_self = wish.target is not None and home.wallets[wish.target].holder == pen.author
    return Plan(
        {
            "type": kind,
            "source": wish.source,
            "target": wish.target,
            "amount": wish.amount,
            "currency": main.currency,
            "to_amount": to_amount,
            "base": max(base, _worth_today(home, wish, main.currency) if kind == "exchange" else ZERO),
            "rate": rate,
            "day": day,
            "label": label,
            "refund_of": wish.refund_of,
            "moves": _moves(wish, to_amount, base),
            "lines": _lines(home, wish, kind, parts, to_amount, base),
        },
        takes=takes,
        counts=takes and not to_self,
    )


def _amounts(home: Household, wish: Wish, kind: str, day: date) -> tuple[Decimal | None, Decimal, Decimal]:
    """What enters an exchange's target; the base amount; base per unit."""
    currency = home.wallets[wish.main].currency
    money.check_amount(wish.amount, currency)
    refuse_if(wish.has_two and (wish.splits or wish.for_members), "invalid")
    if kind == "exchange":
        return _exchange(home, wish, day)
    refuse_if(wish.to_amount is not None, "invalid")
    refuse_if(currency == money.BASE and wish.rate not in {None, Decimal(1)}, "invalid")
    rate = wish.rate or money.rate_of(home, currency, day)
    return None, money.convert(wish.amount, rate, money.BASE), rate


def _exchange(home: Household, wish: Wish, day: date) -> tuple[Decimal, Decimal, Decimal]:
    """The side in base currency says what both are worth, else the source's rate, else the target's."""
    given, wanted = home.wallets[wish.source or ""].currency, home.wallets[wish.target or ""].currency
    to_amount = wish.to_amount
    if to_amount is None:
        refuse_if(wish.rate is None, "exchange_rate_missing")
        to_amount = money.convert(wish.amount, wish.rate or ZERO, wanted)
        refuse_if(to_amount <= 0, "amount_not_positive")
    money.check_amount(to_amount, wanted)
    if money.BASE in {given, wanted}:
        base = wish.amount if given == money.BASE else to_amount
    else:
        try:
            base = money.convert(wish.amount, money.rate_of(home, given, day), money.BASE)
        except Refused:
            base = money.convert(to_amount, money.rate_of(home, wanted, day), money.BASE)
    return to_amount, base, money.kept(base / wish.amount)


def _worth_today(home: Household, wish: Wish, currency: str) -> Decimal:
    """An exchange counts as what leaves by the last rate known, where that is more than its price."""
    try:
        return money.convert(wish.amount, money.rate_of(home, currency, home.today), money.BASE)
    except Refused:
        return ZERO


Part = tuple[str, Decimal, str, Weights]  # category, amount, note, for whom


def _parts(home: Household, pen: Pen, wish: Wish, kind: str) -> list[Part]:
    for_whom = wish.for_members or ((pen.author, Decimal(1)),)
    if wish.splits:
        for _, amount, _ in wish.splits:
            money.check_amount(amount, home.wallets[wish.main].currency)
        refuse_if(sum(amount for _, amount, _ in wish.splits) != wish.amount, "split_mismatch")
        for category, _, _ in wish.splits:
            _check_category(home, pen, category, kind)
        return [(*split, for_whom) for split in wish.splits]
    if kind == "transfer":
        return []
    if wish.category and kind in FALLBACK:
        _check_category(home, pen, wish.category, kind)
        return [(wish.category, wish.amount, "", for_whom)]
    return [(FALLBACK.get(kind, kind), wish.amount, "", for_whom)]


def left_to_refund(home: Household, original: Entry, *, but: Entry | None) -> dict[str, Decimal]:
    """By category, what has not come back yet."""
    refunds = (e for e in home.entries if e.refund_of is original and e.status == "executed" and e is not but)
    left: dict[str, Decimal] = {}
    for entry in (original, *refunds):
        for line in entry.lines:
            left[line.category] = left.get(line.category, ZERO) + line.amount
    return left


def _refunded(home: Household, pen: Pen, wish: Wish) -> list[Part]:
    """Over the original's categories by what is left of each, for whom the original was."""
    original = wish.refund_of
    assert original
    hides = home.wallets[wish.main].visibility != "shared"
    refuse_if(hides and home.wallets[original.source or ""].visibility == "shared", "not_refundable")
    currency = home.wallets[wish.main].currency
    refuse_if(original.currency != currency, "not_refundable")
    left = pen.left.setdefault(id(original), left_to_refund(home, original, but=pen.but))
    refuse_if(wish.amount > sum(left.values()), "refund_too_large")
    for_whom: dict[str, Weights] = {}
    for line in original.lines:
        for_whom.setdefault(line.category, tuple((s.member, s.weight) for s in line.shares))
    amounts = dict(zip(left, money.spread(wish.amount, list(left.values()), currency), strict=True))
    for category, amount in amounts.items():
        left[category] -= amount
    return [(name, part, "", wish.for_members or for_whom[name]) for name, part in amounts.items() if part]


def _check_category(home: Household, pen: Pen, name: str, kind: str | None) -> None:
    category = home.categories[name]
    refuse_if(category.archived and name not in pen.kept_categories, "unknown_reference")
    refuse_if(category.kind not in FALLBACK or (kind and category.kind != kind), "wrong_category_kind")


def _moves(wish: Wish, to_amount: Decimal | None, base: Decimal) -> list[Move]:
    moves = [Move(wish.source, -wish.amount, -base)] if wish.source else []
    return [*moves, Move(wish.target, to_amount or wish.amount, base)] if wish.target else moves


def _lines(
    home: Household, wish: Wish, kind: str, parts: list[Part], to_amount: Decimal | None, base: Decimal
) -> list[Line]:
    sides = [(wish.main, -1 if kind == "income" or (wish.fact and wish.target) else 1, parts)]
    if kind == "exchange" and wish.target and to_amount:
        sides.append((wish.target, -1, [(kind, to_amount, "", parts[0][3])]))
    found = []
    for wallet, sign, some in sides:
        bases = money.spread(sign * base, [part[1] for part in some], money.BASE) if some else []
        for (category, amount, note, for_whom), worth in zip(some, bases, strict=True):
            currency = home.wallets[wallet].currency
            found.append(shared(Line(category, wallet, sign * amount, currency, worth, note), for_whom))
    return found


def shared(line: Line, for_whom: Weights) -> Line:
    """The line, for these members by their weights."""
    weights = [weight for _, weight in for_whom]
    amounts = money.spread(line.amount, weights, line.currency)
    bases = money.spread(line.base, weights, money.BASE)
    shares = tuple(Share(*who, amount, base) for who, amount, base in zip(for_whom, amounts, bases, strict=True))
    return Line(line.category, line.wallet, line.amount, line.currency, line.base, line.note, shares)
