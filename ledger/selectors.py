"""Reads that join: entries with what belongs to them, as one member sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from audit.models import EventLog
from families.models import Family
from families.roles import Access, P
from financebot.common.fields import JsonList, from_units
from ledger.booking import Entry
from ledger.kinds import Status
from ledger.models import Posting, PostingShare, Tag, Transaction, Wallet


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
    from_wallet_id: int | None
    to_wallet_id: int | None
    private_of: PrivateSide | None
    postings: Sequence[PostingView]
    for_members: Sequence[dict[str, Any]]
    tags: Sequence[str]
    reversed_by_id: int | None
    history: Sequence[EventLog] = field(default=())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transaction, name)

    @property
    def category_postings(self) -> list[PostingView]:
        return [p for p in self.postings if p.category_id is not None]

    @property
    def category_id(self) -> int | None:
        """The one category it went against, or a transfer's label; None for a split."""
        found = self.category_postings
        return found[0].category_id if len(found) == 1 else self.transaction.label_id

    @property
    def splits(self) -> list[PostingView]:
        found = self.category_postings
        return found if len(found) > 1 else []

    @property
    def confirmation_required(self) -> bool:
        return bool(self.transaction.status == Status.PENDING_APPROVAL)

    @property
    def payee_name(self) -> str:
        return self.transaction.payee.name if self.transaction.payee else ""


def entries(access: Access) -> QuerySet[Transaction]:
    """The transactions that a member sees, each with postings, shares, tags and both wallets, in one query."""
    postings = Posting.objects.filter(transaction_id=OuterRef("pk")).order_by("pk")
    shares = PostingShare.objects.filter(posting__transaction_id=OuterRef("pk")).order_by("pk")
    tags = Tag.objects.filter(transactions=OuterRef("pk")).order_by("name")
    return (
        Transaction.objects.seen_by(access)
        .select_related("payee", "from_wallet__holder__user", "to_wallet__holder__user", "reversed_by")
        .annotate(
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
            tag_list=JsonList(tags.values(v=JSONObject(name=F("name")))),
        )
    )


def present(rows: Iterable[Transaction], access: Access) -> list[EntryView]:
    """Rows of `entries` as this member sees them."""
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
        from_wallet_id=entry.transaction.from_wallet_id,
        to_wallet_id=entry.transaction.to_wallet_id,
        private_of=None,
        postings=[PostingView(p.wallet_id, p.category_id, p.amount, p.currency, p.note) for p in entry.postings],
        for_members=_for_members([(s.member_id, s.weight) for s in entry.shares]),
        tags=sorted(entry.tags),
        reversed_by_id=None,
    )


def has_postings(family: Family) -> bool:
    """Whether amounts in the family's base currency are on record."""
    return Posting.objects.filter(family=family).exists()


def _view(
    row: Transaction,
    access: Access,
    *,
    postings: list[PostingView],
    shares: list[tuple[int, Decimal]],
    tags: list[str],
) -> EntryView:
    sides = [wallet for wallet in (row.from_wallet, row.to_wallet) if wallet]
    seen = {wallet.pk for wallet in sides if shows(wallet, access)}
    veiled = next((wallet.holder for wallet in sides if wallet.pk not in seen and wallet.holder), None)
    reversal = getattr(row, "reversed_by", None)
    return EntryView(
        transaction=row,
        from_wallet_id=row.from_wallet_id if row.from_wallet_id in seen else None,
        to_wallet_id=row.to_wallet_id if row.to_wallet_id in seen else None,
        private_of=PrivateSide(veiled.pk, veiled.user.first_name) if veiled else None,
        postings=[p if p.wallet_id in seen else _veil(p) for p in postings],
        for_members=_for_members(shares),
        tags=tags,
        reversed_by_id=reversal.pk if reversal else None,
    )


def shows(wallet: Wallet, access: Access) -> bool:
    """Whether a member sees this wallet by its id: the same answer as `Wallet.objects.seen_by`, on a row in hand."""
    if wallet.visibility == "private" and wallet.holder_id != access.membership:
        return False
    return access.reaches(P.VIEW_WALLETS, wallet)


def _veil(posting: PostingView) -> PostingView:
    return PostingView(None, posting.category_id, posting.amount, posting.currency, posting.note)


def _for_members(shares: list[tuple[int, Decimal]]) -> list[dict[str, Any]]:
    """Each member once, with the weight as it was given."""
    weights = dict(shares)
    return [{"membership_id": member, "share": f"{weight.normalize():f}"} for member, weight in weights.items()]


def history(entry: Transaction) -> QuerySet[EventLog]:
    """What happened to one entry, oldest first, at once and not only when numbered."""
    events = EventLog.objects.in_family(entry.family_id)
    return events.filter(entity_type="transaction", entity_id=entry.pk).order_by("pk")
