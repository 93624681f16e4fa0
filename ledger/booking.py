"""Writes that use cases compose: the only code that touches balances and totals.

Callers hold the family's lock. Here wallets are locked in the order of their ids, totals in the order of their keys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from audit.trail import Actor
from families.models import Family
from families.roles import Access
from financebot.common import clock, money
from financebot.common.errors import AmountTooLarge, UnknownReference
from financebot.common.fields import to_units
from ledger import rules
from ledger.errors import ExchangeRateMissing, WalletArchived, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS, CategoryKind, Status, TransactionType
from ledger.models import (
    Category,
    MonthTotal,
    Payee,
    Posting,
    PostingShare,
    Tag,
    Transaction,
    Wallet,
    WalletMonth,
)
from ledger.rules import Draft, Line, Share

UPSERT = """
INSERT INTO {table} AS t ({columns}, amount, base_amount) VALUES {values}
ON CONFLICT ({keys}) DO UPDATE
SET amount = t.amount + excluded.amount, base_amount = t.base_amount + excluded.base_amount
WHERE {within}
RETURNING id
"""
WITHIN = " AND ".join(  # the limit less the change: the sum itself may be more than a BIGINT holds
    f"t.{column} <= {{limit}} - CASE WHEN excluded.{column} > 0 THEN excluded.{column} ELSE 0 END AND "
    f"t.{column} >= -{{limit}} - CASE WHEN excluded.{column} < 0 THEN excluded.{column} ELSE 0 END"
    for column in ("amount", "base_amount")
).format(limit=to_units(money.LIMIT))


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction with what belongs to it, as written in this unit of work."""

    transaction: Transaction
    postings: Sequence[Posting]
    shares: Sequence[PostingShare]
    tags: Sequence[str] = ()

    @property
    def wallet_postings(self) -> list[Posting]:
        return [p for p in self.postings if p.category_id is None]

    @property
    def lines(self) -> list[Line]:
        return [
            Line(
                p.wallet_id,
                p.category_id,
                p.amount,
                p.currency,
                p.base_amount,
                p.note,
                tuple(
                    Share(s.member_id, s.weight, s.amount, s.base_amount) for s in self.shares if s.posting_id == p.pk
                ),
            )
            for p in self.postings
        ]


def lock_wallets(access: Access, fields: dict[str, int | None]) -> dict[int, Wallet]:
    """Wallets by id, locked in order. `fields` maps the input's fields to ids; UnknownReference for one not seen."""
    wanted = {pk for pk in fields.values() if pk}
    found = {w.pk: w for w in Wallet.objects.seen_by(access).filter(pk__in=wanted).lock()}
    for field, pk in fields.items():
        if pk and pk not in found:
            raise UnknownReference(field=field)
    return found


def check_open(wallets: Iterable[Wallet]) -> None:
    if any(wallet.archived_at for wallet in wallets):
        raise WalletArchived


def category_for(access: Access, draft: Draft) -> Category | None:
    """The category that a draft goes against or is labelled with; the fallback of its kind where it names none.

    Raises UnknownReference, WrongCategoryKind.
    """
    kind = rules.category_kind(draft.type)
    usable = Category.objects.visible_to(access)
    if draft.category is None:
        return usable.get(kind=kind, fallback=True) if kind else None
    found = usable.filter(pk=draft.category, archived_at__isnull=True).first()
    if found is None:
        raise UnknownReference(field="category_id")
    if found.kind in SYSTEM_KINDS or (kind and found.kind != kind):
        raise WrongCategoryKind(field="category_id")
    return found


def base_of(access: Access, amount: Decimal, currency: str) -> Decimal:
    """The amount in the family's base currency; ExchangeRateMissing for any other currency."""
    if currency != access.policy.base_currency:
        raise ExchangeRateMissing(currency=currency)
    return amount


def write(access: Access, draft: Draft, wallets: dict[int, Wallet], *, channel: str, day: date) -> Entry:
    """Insert the entry as a draft with its postings; money does not move yet."""
    currency = wallets[draft.main_wallet].currency
    if any(wallet.currency != currency for wallet in wallets.values()):
        raise ExchangeRateMissing(currency=currency)
    money.check(draft.amount, currency)
    base_amount = base_of(access, draft.amount, currency)
    category = category_for(access, draft)
    label = category if draft.type is TransactionType.TRANSFER else None
    payee = payee_of(access.family, draft.payee)
    transaction = Transaction(
        family_id=access.family,
        type=draft.type,
        from_wallet_id=draft.from_wallet,
        to_wallet_id=draft.to_wallet,
        amount=draft.amount,
        currency=currency,
        base_amount=base_amount,
        rate=Decimal(1),
        occurred_on=day,
        author_id=access.membership,
        channel=channel,
        label=label,
        description=draft.description,
        notes=draft.notes,
        payee=payee,
        search=rules.search_text(draft.description, draft.notes, draft.payee, tags=draft.tags),
    )
    lines = rules.lines_of(
        draft,
        currency=currency,
        category=category.pk if category else None,
        base_amount=base_amount,
        author=access.membership,
    )
    entry = insert(transaction, lines)
    tags = tags_of(access.family, draft.tags)
    if tags:
        transaction.tags.set(tags)
    return Entry(entry.transaction, entry.postings, entry.shares, [tag.name for tag in tags])


def insert(transaction: Transaction, lines: Sequence[Line]) -> Entry:
    """The rows of an entry, as a draft."""
    transaction.status = Status.DRAFT
    transaction.save(force_insert=True)
    postings = Posting.objects.bulk_create(
        Posting(
            family_id=transaction.family_id,
            transaction=transaction,
            wallet_id=line.wallet,
            category_id=line.category,
            amount=line.amount,
            currency=line.currency,
            base_amount=line.base_amount,
            note=line.note,
        )
        for line in lines
    )
    shares = PostingShare.objects.bulk_create(
        PostingShare(
            family_id=transaction.family_id,
            posting=posting,
            member_id=share.member,
            weight=share.weight,
            amount=share.amount,
            base_amount=share.base_amount,
        )
        for posting, line in zip(postings, lines, strict=True)
        for share in line.shares
    )
    return Entry(transaction, postings, shares)


def post(entry: Entry, wallets: dict[int, Wallet]) -> None:
    """Execute: balances, totals, then the status. Raises InsufficientFunds, AmountTooLarge; locks the totals."""
    for posting in entry.wallet_postings:
        wallet = wallets[posting.wallet_id]
        balance = wallet.balance + posting.amount
        rules.check_balance(balance, held=wallet.held, change=posting.amount, overdraft_limit=wallet.overdraft_limit)
        wallet.balance, wallet.last_posting = balance, posting
    Wallet.objects.bulk_update([wallets[p.wallet_id] for p in entry.wallet_postings], ["balance", "last_posting"])
    total(entry)
    flip(entry.transaction, Status.EXECUTED)


def flip(transaction: Transaction, status: Status) -> None:
    """Take the next status; the database's guards look at the whole entry on this step."""
    transaction.status = status
    if status is Status.EXECUTED:
        transaction.executed_at = clock.now()
    transaction.save(update_fields=["status", "executed_at"] if status is Status.EXECUTED else ["status"])


def total(entry: Entry) -> None:
    """Add an entry's postings to the maintained totals."""
    head = entry.transaction
    month = rules.month_of(head.occurred_on)
    by_posting = {p.pk: p for p in entry.postings}
    _add(
        MonthTotal,
        ["family_id", "month", "wallet_id", "category_id", "member_id", "currency"],
        [
            (
                (head.family_id, month, p.wallet_id, p.category_id, share.member_id, p.currency),
                share.amount,
                share.base_amount,
            )
            for share in entry.shares
            for p in [by_posting[share.posting_id]]
        ],
        conflict=["family_id", "month", "wallet_id", "category_id", "member_id", "currency"],
    )
    _add(
        WalletMonth,
        ["family_id", "wallet_id", "month"],
        [((head.family_id, p.wallet_id, month), p.amount, p.base_amount) for p in entry.wallet_postings],
        conflict=["wallet_id", "month"],
    )


def _add(
    model: type[Model],
    columns: list[str],
    rows: list[tuple[tuple[Any, ...], Decimal, Decimal]],
    *,
    conflict: list[str],
) -> None:
    """One upsert for all rows, in the order of their keys: unsorted, two of them can deadlock."""
    sums: dict[tuple[Any, ...], tuple[Decimal, Decimal]] = {}
    for key, amount, base_amount in rows:
        amount_before, base_before = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = (amount_before + amount, base_before + base_amount)
    if not sums:
        return
    place = "(" + ", ".join(["%s"] * (len(columns) + 2)) + ")"
    statement = UPSERT.format(
        table=model._meta.db_table,
        columns=", ".join(columns),
        keys=", ".join(conflict),
        within=WITHIN,
        values=", ".join([place] * len(sums)),
    )
    values = [value for key in sorted(sums) for value in (*key, to_units(sums[key][0]), to_units(sums[key][1]))]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if len(cursor.fetchall()) < len(sums):
            raise AmountTooLarge(field="amount")


def reverse(access: Access, original: Entry, wallets: dict[int, Wallet], *, channel: str, day: date) -> Entry:
    """Book the opposite of an entry and mark the entry reversed. Raises InsufficientFunds, AmountTooLarge."""
    head = original.transaction
    transaction = Transaction(
        family_id=head.family_id,
        type=head.type,
        from_wallet_id=head.from_wallet_id,
        to_wallet_id=head.to_wallet_id,
        amount=head.amount,
        currency=head.currency,
        to_amount=head.to_amount,
        base_amount=head.base_amount,
        rate=head.rate,
        occurred_on=day,
        author_id=access.membership,
        channel=channel,
        label_id=head.label_id,
        reverses=head,
    )
    entry = insert(transaction, [line.negated() for line in original.lines])
    post(entry, wallets)
    flip(head, Status.REVERSED)
    return entry


def entry_of(transaction: Transaction) -> Entry:
    """An entry read back with its postings and shares."""
    postings = list(transaction.postings.order_by("pk"))
    shares = list(PostingShare.objects.filter(posting__transaction=transaction).order_by("pk"))
    return Entry(transaction, postings, shares)


def payee_of(family_id: int, name: str) -> Payee | None:
    """The family's payee of that name in any case, made where there is none."""
    if not name:
        return None
    folded = name.casefold()
    Payee.objects.bulk_create([Payee(family_id=family_id, name=name, folded=folded)], ignore_conflicts=True)
    return Payee.objects.get(family_id=family_id, folded=folded)


def tags_of(family_id: int, names: Sequence[str]) -> list[Tag]:
    """The family's tags of these names in any case, made where there are none."""
    if not names:
        return []
    by_folded = {name.casefold(): name for name in names}
    Tag.objects.bulk_create(
        (Tag(family_id=family_id, name=name, folded=folded) for folded, name in sorted(by_folded.items())),
        ignore_conflicts=True,
    )
    return list(Tag.objects.filter(family_id=family_id, folded__in=by_folded))


def default_categories(family: Family, actor: Actor) -> None:
    """The categories that a family starts with, in the language of its founder; they bring no events."""
    expenses = [
        _("Groceries"), _("Eating out"), _("Housing"), _("Utilities"), _("Transport"), _("Health"),
        _("Clothing"), _("Children"), _("Leisure"), _("Travel"), _("Gifts"), _("Insurance"),
    ]  # fmt: skip
    incomes = [_("Salary"), _("Benefits"), _("Interest"), _("Gifts received")]
    rows = [Category(family=family, kind=CategoryKind.EXPENSE, name=name) for name in expenses]
    rows += [Category(family=family, kind=CategoryKind.INCOME, name=name) for name in incomes]
    rows += [
        Category(family=family, kind=kind, name=_("Other"), fallback=True)
        for kind in (CategoryKind.EXPENSE, CategoryKind.INCOME)
    ]
    system = {
        CategoryKind.OPENING: _("Opening balance"),
        CategoryKind.EXCHANGE: _("Exchange"),
        CategoryKind.ADJUSTMENT: _("Adjustment"),
    }
    rows += [Category(family=family, kind=kind, name=name) for kind, name in system.items()]
    Category.objects.bulk_create(rows)
