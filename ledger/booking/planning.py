"""From a draft to the lines of an entry: nothing is written here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from families.roles import Access
from financebot.common import clock, money
from financebot.common.errors import Invalid
from ledger import rules
from ledger.booking.books import Books
from ledger.booking.entries import Entry
from ledger.errors import ExchangeRateMissing, NotRefundable
from ledger.kinds import TransactionType, Visibility
from ledger.models import Transaction, Wallet
from ledger.rules import Draft, Line, Money, Split, Weights


@dataclass(frozen=True, slots=True)
class Plan:
    """An entry to be: its fields, its lines, and whether it takes money that others watch over.

    `counts`: towards the author's spending limit.
    """

    fields: dict[str, Any]
    lines: list[Line]
    takes: bool
    counts: bool

    @property
    def base_amount(self) -> Decimal:
        found: Decimal = self.fields["base_amount"]
        return found

    def to_transaction(self, access: Access, *, channel: str, **more: Any) -> Transaction:
        return Transaction(family_id=access.family, author_id=access.membership, channel=channel, **self.fields, **more)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Both sides of a movement; `target` is the same as `source` where there is no exchange. `worth`: what it counts as
    where people have to agree."""

    source: Money
    target: Money
    rate: Decimal
    worth: Decimal
    is_exchange: bool


def plan(books: Books, draft: Draft, wallets: dict[int, Wallet], *, day: date, but: int | None = None) -> Plan:
    """Work an entry out. `but`: the transaction that it is about to replace.

    Raises UnknownReference, WrongCategoryKind, SplitMismatch, RefundTooLarge, NotRefundable, ExchangeRateMissing, the
    errors of amounts.
    """
    books.read_categories(draft.categories)
    movement = draft.type(currencies=len({wallet.currency for wallet in wallets.values()}))
    amounts = _amounts(books, draft, wallets, movement, day)
    if draft.refund_of:
        _check_refund_is_seen(books.original(draft.refund_of), wallets[draft.main_wallet])
        parts, weights = _refund(books, draft, amounts.source, but=but)
    else:
        parts = _parts(books, draft, movement, amounts.source)
        weights = [draft.for_members or ((books.author, Decimal(1)),)] * len(parts)
    books.check_members([member for member, _weight in draft.for_members])
    source = wallets.get(draft.from_wallet or 0)
    target = wallets.get(draft.to_wallet or 0)
    takes = bool(source and movement in rules.TAKING and source.visibility == Visibility.SHARED)
    label = draft.category if draft.category and draft.has_two_wallets else None
    if label:
        books.category(label, None, field="category_id")
    return Plan(
        fields={
            "type": movement,
            "from_wallet_id": draft.from_wallet,
            "to_wallet_id": draft.to_wallet,
            "amount": draft.amount,
            "currency": amounts.source.currency,
            "to_amount": amounts.target.amount if amounts.is_exchange else None,
            "base_amount": amounts.worth,
            "rate": amounts.rate,
            "occurred_on": day,
            "label_id": label,
            "refund_of_id": draft.refund_of,
        },
        lines=_lines(draft, movement, amounts, parts, weights),
        takes=takes,
        counts=takes and not (target and target.holder_id == books.author),
    )


def _amounts(books: Books, draft: Draft, wallets: dict[int, Wallet], movement: TransactionType, day: date) -> Amounts:
    base = books.access.policy.base_currency
    currency = wallets[draft.main_wallet].currency
    money.check(draft.amount, currency)
    if unfit := [name for name in ("splits", "for_members") if draft.has_two_wallets and getattr(draft, name)]:
        raise Invalid({name: [_("Money that only moves is for nothing and nobody yet.")] for name in unfit})
    if movement is TransactionType.EXCHANGE:
        return _exchange(books, draft, wallets, day)
    if draft.to_amount is not None:
        raise Invalid({"to_amount": [_("Only an exchange between two currencies has it.")]})
    if currency == base and draft.rate not in {None, Decimal(1)}:
        raise Invalid({"rate": [_("The wallet is in the family's own currency.")]})
    rate = draft.rate or books.rate(currency, day)
    found = Money(draft.main_wallet, draft.amount, currency, rules.converted(draft.amount, rate, base), base)
    return Amounts(found, found, rate, found.base_amount, is_exchange=False)


def _exchange(books: Books, draft: Draft, wallets: dict[int, Wallet], day: date) -> Amounts:
    """Both sides are worth the same in base: the side that is in base says how much, else the last known rate."""
    base = books.access.policy.base_currency
    source, target = wallets[draft.from_wallet or 0], wallets[draft.to_wallet or 0]
    to_amount = draft.to_amount
    if to_amount is None:
        if draft.rate is None:
            raise ExchangeRateMissing(field="to_amount", currency=source.currency)
        to_amount = rules.bought(draft.amount, draft.rate, target.currency)
    money.check(to_amount, target.currency, field="to_amount")
    if source.currency == base:
        base_amount = draft.amount
    elif target.currency == base:
        base_amount = to_amount
    else:
        try:
            base_amount = rules.converted(draft.amount, books.rate(source.currency, day), base)
        except ExchangeRateMissing:
            base_amount = rules.converted(to_amount, books.rate(target.currency, day), base)
    return Amounts(
        Money(source.pk, draft.amount, source.currency, base_amount, base),
        Money(target.pk, to_amount, target.currency, base_amount, base),
        rules.implied_rate(draft.amount, base_amount),
        max(base_amount, _worth_today(books, draft.amount, source.currency)),
        is_exchange=True,
    )


def _worth_today(books: Books, amount: Decimal, currency: str) -> Decimal:
    """By the last rate known, whatever day and price are named for an exchange: nobody gives a fortune away as a small
    one. Nothing where no rate is known."""
    policy = books.access.policy
    try:
        rate = books.rate(currency, clock.today(policy.timezone))
    except ExchangeRateMissing:
        return Decimal(0)
    return rules.converted(amount, rate, policy.base_currency)


def _parts(books: Books, draft: Draft, movement: TransactionType, amount: Money) -> list[Split]:
    """What goes against which category; nothing for a transfer."""
    kind = rules.category_kind(movement)
    if draft.splits:
        rules.check_splits(draft.splits, amount.amount, amount.currency)
        for split in draft.splits:
            books.category(split.category, kind, field="splits")
        return list(draft.splits)
    if kind is None:
        return []
    named = draft.category and not draft.fact and not draft.has_two_wallets
    category = books.category(draft.category or 0, kind, field="category_id") if named else None
    return [Split(category or books.default_category(kind), amount.amount)]


def _refund(books: Books, draft: Draft, amount: Money, *, but: int | None) -> tuple[list[Split], list[Weights]]:
    """A refund lessens the original's categories, and for whom it was, by what is left of each."""
    original = books.original(draft.refund_of or 0)
    if original.transaction.currency != amount.currency:
        raise NotRefundable(field="refund_of")
    left = books.left_to_refund(original, but=but)
    amounts = rules.refund_parts(amount.amount, list(left.values()), currency=amount.currency)
    for_whom: dict[int, Weights] = {}
    for line in original.lines:
        if line.category:
            for_whom.setdefault(line.category, [(share.member, share.weight) for share in line.shares])
    found = [(Split(category, part), for_whom[category]) for category, part in zip(left, amounts, strict=True) if part]
    for split, _weights in found:
        left[split.category] -= split.amount
    return [split for split, _weights in found], [draft.for_members or weights for _split, weights in found]


def _check_refund_is_seen(original: Entry, target: Wallet) -> None:
    """Who sees an expense sees what comes back of it: else what is left to refund, or that it cannot be reversed, would
    tell of a hidden refund. Raises NotRefundable."""
    source = original.transaction.from_wallet
    if target.visibility != Visibility.SHARED and source and source.visibility == Visibility.SHARED:
        raise NotRefundable(field="refund_of")


def _lines(
    draft: Draft, movement: TransactionType, amounts: Amounts, parts: Sequence[Split], weights: Sequence[Weights]
) -> list[Line]:
    source, target = amounts.source, amounts.target
    if movement is TransactionType.EXCHANGE:
        other = [Split(parts[0].category, target.amount)]
        return [
            source.on_wallet(-1),
            *source.on_categories(1, parts, weights),
            *target.on_categories(-1, other, weights),
            target.on_wallet(1),
        ]
    if movement is TransactionType.TRANSFER:
        other_side = Money(
            draft.to_wallet or 0, source.amount, source.currency, source.base_amount, source.base_currency
        )
        return [source.on_wallet(-1), other_side.on_wallet(1)]
    sign = -1 if draft.from_wallet else 1
    return [source.on_wallet(sign), *source.on_categories(-sign, parts, weights)]
