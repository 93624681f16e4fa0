"""Reads that join: entries with what belongs to them, as one member sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import JSONObject

from audit.models import EventLog
from families.models import Family, Membership
from families.roles import Access, P
from financebot.common import clock, money
from financebot.common.fields import JsonList, MoneyField, from_units
from ledger import rules
from ledger.booking import Entry, last_rates
from ledger.kinds import SHARED, Status, TransactionType, Visibility
from ledger.models import Approval, Posting, PostingShare, Tag, Transaction, Wallet
from ledger.querysets import each

APPROVAL = ("approver_id", "version", "decision", "note", "created_at")
REPLACING = (Status.PENDING_APPROVAL, Status.EXECUTED, Status.REVERSED)


@dataclass(frozen=True, slots=True)
class PrivateSide:
    """Whose wallet it was, where the wallet itself is not for this viewer."""

    membership_id: int
    first_name: str


@dataclass(frozen=True, slots=True)
class PostingView:
    wallet_id: int | None
    category_id: int | None
    amount: Decimal
    currency: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class EntryView:
    """A transaction as one member sees it; names are those of the wire."""

    transaction: Transaction
    amount: Decimal
    currency: str
    to_amount: Decimal | None
    from_wallet_id: int | None
    to_wallet_id: int | None
    private_of: PrivateSide | None
    postings: Sequence[PostingView]
    for_members: Sequence[dict[str, Any]]
    tags: Sequence[str]
    reversed_by_id: int | None
    replaces_id: int | None = None
    replaced_by_id: int | None = None
    refund_of: int | None = None
    approvals: Sequence[dict[str, Any]] = field(default=())
    history: Sequence[EventLog] = field(default=())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transaction, name)

    @property
    def category_postings(self) -> list[PostingView]:
        return [p for p in self.postings if p.category_id is not None]

    @property
    def category_id(self) -> int | None:
        """The one category it went against, or a transfer's label; None for a split."""
        if self.transaction.type == TransactionType.EXCHANGE:
            return self.transaction.label_id
        found = self.category_postings
        return found[0].category_id if len(found) == 1 else self.transaction.label_id

    @property
    def splits(self) -> list[PostingView]:
        if self.transaction.type not in SHARED:
            return []
        found = self.category_postings
        is_split = len(found) > 1 or any(p.note for p in found)
        return [replace(p, amount=abs(p.amount)) for p in found] if is_split else []

    @property
    def confirmation_required(self) -> bool:
        return bool(self.transaction.status == Status.PENDING_APPROVAL)

    @property
    def payee_name(self) -> str:
        return self.transaction.payee.name if self.transaction.payee else ""


def entries(access: Access) -> QuerySet[Transaction]:
    """The transactions that a member sees, each with postings, shares, tags and both wallets, in one query."""
    return shown(Transaction.objects.seen_by(access), access)


def shown(found: QuerySet[Transaction], access: Access | None) -> QuerySet[Transaction]:
    """Transactions with all that is shown of them; which of them the member sees is the caller's to say. Without an
    access, as an operator sees them, who sees everything."""
    postings = Posting.objects.filter(transaction_id=OuterRef("pk")).order_by("pk")
    in_force = {"posting__transaction_id": OuterRef("pk"), "version": OuterRef("shares_version")}
    shares = PostingShare.objects.filter(**in_force).order_by("pk")
    approvals = Approval.objects.filter(transaction_id=OuterRef("pk")).order_by("pk")
    linked: QuerySet[Transaction] = Transaction._base_manager.all()
    holders: QuerySet[Membership] = Membership._base_manager.all()
    if access:
        linked = Transaction.objects.seen_by(access)  # what is hidden is not named by what is linked to it
        holders = Membership.objects.in_family(access.family)
    tags = Tag.objects.filter(transactions=OuterRef("pk")).order_by("name")
    joined = found.select_related("payee", "from_wallet", "to_wallet")  # few: PostgreSQL orders eight joins at most
    return joined.annotate(
        from_holder=Subquery(holders.filter(pk=OuterRef("from_wallet__holder")).values("user__first_name")),
        to_holder=Subquery(holders.filter(pk=OuterRef("to_wallet__holder")).values("user__first_name")),
        reversal=Subquery(Transaction.objects.filter(reverses=OuterRef("pk")).values("pk")),
        seen_replaces=Subquery(linked.filter(pk=OuterRef("replaces_id")).values("pk")),
        seen_replaced_by=Subquery(
            linked.filter(replaces=OuterRef("pk"), status__in=REPLACING).order_by("-pk").values("pk")[:1]
        ),
        seen_refund_of=Subquery(linked.filter(pk=OuterRef("refund_of_id")).values("pk")),
        posting_list=JsonList(
            postings.values(
                v=JSONObject(
                    wallet_id="wallet_id",
                    category_id="category_id",
                    amount="amount",
                    currency="currency",
                    note="note",
                )
            )
        ),
        share_list=JsonList(shares.values(v=JSONObject(member="member_id", weight="weight"))),
        approval_list=JsonList(approvals.values(v=JSONObject(**{name: name for name in APPROVAL}))),
        tag_list=JsonList(tags.values(v=JSONObject(name=F("name")))),
    )


def present(rows: Iterable[Transaction], access: Access | None) -> list[EntryView]:
    """Rows of `shown` as this member sees them, or an operator."""
    return [
        _view(
            row,
            access,
            postings=[
                PostingView(p["wallet_id"], p["category_id"], from_units(p["amount"]), p["currency"], p["note"])
                for p in row.posting_list  # type: ignore[attr-defined]
            ],
            shares=[(s["member"], from_units(s["weight"])) for s in row.share_list],  # type: ignore[attr-defined]
            tags=[tag["name"] for tag in row.tag_list],  # type: ignore[attr-defined]
        )
        for row in rows
    ]


def present_entry(entry: Entry) -> EntryView:
    """What a use case has just written, without reading it back: its author sees both wallets."""
    return EntryView(
        transaction=entry.transaction,
        amount=entry.transaction.amount,
        currency=entry.transaction.currency,
        to_amount=entry.transaction.to_amount,
        from_wallet_id=entry.transaction.from_wallet_id,
        to_wallet_id=entry.transaction.to_wallet_id,
        private_of=None,
        postings=[PostingView(p.wallet_id, p.category_id, p.amount, p.currency, p.note) for p in entry.postings],
        for_members=_for_members([(s.member_id, s.weight) for s in entry.shares]),
        tags=sorted(entry.tags),
        reversed_by_id=None,
        replaces_id=entry.transaction.replaces_id,
        refund_of=entry.transaction.refund_of_id,
    )


def has_postings(family: Family) -> bool:
    """Whether amounts in the family's base currency are on record."""
    return Transaction.objects.in_family(family.pk).filter(postings__isnull=False).exists()


def _view(
    row: Transaction,
    access: Access | None,
    *,
    postings: list[PostingView],
    shares: list[tuple[int, Decimal]],
    tags: list[str],
) -> EntryView:
    sides = [wallet for wallet in (row.from_wallet, row.to_wallet) if wallet]
    seen = {wallet.pk for wallet in sides if access is None or wallet.opens_to(access)}
    amount, currency, to_amount = _seen_amounts(row, access, seen)
    return EntryView(
        transaction=row,
        amount=amount,
        currency=currency,
        to_amount=to_amount,
        from_wallet_id=row.from_wallet_id if row.from_wallet_id in seen else None,
        to_wallet_id=row.to_wallet_id if row.to_wallet_id in seen else None,
        private_of=_private_of(row, seen),
        postings=[
            p if p.wallet_id in seen else _veil(p) for p in postings if p.wallet_id in seen or p.currency == currency
        ],
        for_members=_for_members(shares),
        tags=tags,
        reversed_by_id=row.reversal,  # type: ignore[attr-defined]
        replaces_id=row.seen_replaces,  # type: ignore[attr-defined]
        replaced_by_id=row.seen_replaced_by,  # type: ignore[attr-defined]
        refund_of=row.seen_refund_of,  # type: ignore[attr-defined]
        approvals=[_approval(said) for said in row.approval_list],  # type: ignore[attr-defined]
    )


def _private_of(row: Transaction, seen: set[int]) -> PrivateSide | None:
    for wallet, name in ((row.from_wallet, row.from_holder), (row.to_wallet, row.to_holder)):  # type: ignore[attr-defined]
        if wallet and wallet.pk not in seen and wallet.holder_id:
            return PrivateSide(wallet.holder_id, name)
    return None


def _approval(said: dict[str, Any]) -> dict[str, Any]:
    """SQLite writes times without their zone, which is UTC."""
    at = datetime.fromisoformat(said["created_at"])
    return {**said, "created_at": at if at.tzinfo else at.replace(tzinfo=UTC)}


def _seen_amounts(row: Transaction, access: Access | None, seen: set[int]) -> tuple[Decimal, str, Decimal | None]:
    """Amount, currency and to_amount of an entry; of an exchange with a side that is not seen, the other side's alone.

    `seen_amount` says the same in SQL.
    """
    if row.to_amount is None or access is None or seen >= set(row.wallet_ids):
        return row.amount, row.currency, row.to_amount
    if row.from_wallet_id not in seen and row.to_wallet and row.to_wallet.shows_rows_to(access.membership):
        return row.to_amount, row.to_wallet.currency, None
    return row.amount, row.currency, None


def seen_amount(access: Access) -> Case:
    """What one may filter and order entries by."""
    return Case(When(_of_target(access), then=F("to_amount")), default=F("amount"), output_field=MoneyField())


def parts_by_seen_amount(access: Access) -> list[QuerySet[Transaction]]:
    """The transactions that a member sees, with their `seen_amount`: those where it is the one column, and those where
    it is the other; for each there is an index."""
    found, of_target = Transaction.objects.seen_by(access), _of_target(access)
    return [
        found.exclude(of_target).annotate(seen_amount=F("amount")),
        found.filter(of_target).annotate(seen_amount=F("to_amount")),
    ]


def _of_target(access: Access) -> Q:
    """Whether it is an exchange of which the target alone is seen."""
    family = Wallet.objects.in_family(access.family)
    shown = family.filter(Q(visibility=Visibility.SHARED) | Q(holder_id=access.membership))
    hidden = family.exclude(pk__in=Wallet.objects.opened_to(access).values("pk"))
    sides = Q(from_wallet__in=hidden.values("pk"), to_wallet__in=shown.values("pk"))
    return Q(type=TransactionType.EXCHANGE, to_amount__isnull=False) & each(sides)


def _veil(posting: PostingView) -> PostingView:
    return PostingView(None, posting.category_id, posting.amount, posting.currency, posting.note)


def _for_members(shares: list[tuple[int, Decimal]]) -> list[dict[str, Any]]:
    """Each member once, with the weight as it was given."""
    weights = dict(shares)
    return [{"membership_id": member, "share": f"{weight.normalize():f}"} for member, weight in weights.items()]


def history(entry: Transaction, access: Access) -> QuerySet[EventLog]:
    """What happened to one entry, oldest first, at once and not only when numbered."""
    events = EventLog.objects.in_family(entry.family_id).open_to(access.membership)
    return events.filter(entity_type="transaction", entity_id=entry.pk).order_by("pk")


def summary(access: Access) -> dict[str, Any]:
    """The wallets that a member sees, with their sums by currency, and in the base currency by today's last rates."""
    base, today = access.policy.base_currency, clock.today(access.policy.timezone)
    seen = Wallet.objects.visible_to(access).within(access, P.VIEW_WALLET_SUMMARY)
    wallets = list(seen.filter(archived_at__isnull=True).order_by("pk"))
    currencies = sorted({wallet.currency for wallet in wallets})
    known = last_rates(access, currencies, [today])
    rates = {c: Decimal(1) if c == base else known[c, today] for c in currencies}

    def worth(some: list[Wallet]) -> Decimal | None:
        total = Decimal(0)
        for wallet in some:
            rate = rates[wallet.currency]
            if rate is None:
                return None
            total += rules.converted(abs(wallet.balance), rate, base) * (1 if wallet.balance > 0 else -1)
        return total

    by_type = {t: worth([w for w in wallets if w.type == t]) for t in sorted({w.type for w in wallets})}
    return {
        "base_currency": base,
        "total": worth(wallets),
        "by_currency": {
            c: money.wire(sum((w.balance for w in wallets if w.currency == c), Decimal(0)), c) for c in currencies
        },
        "by_type": {t: None if total is None else money.wire(total, base) for t, total in by_type.items()},
        "missing_rates": [c for c, rate in rates.items() if rate is None],
        "wallets": wallets,
    }
