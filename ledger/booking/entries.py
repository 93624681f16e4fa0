"""The rows of an entry: a transaction with its postings, shares and tags."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import F, Q

from financebot.common import clock
from financebot.common.text import fold
from ledger.errors import NotReversible
from ledger.kinds import FACTS, SHARED, Status, TransactionType
from ledger.models import Payee, Posting, PostingShare, Tag, Transaction
from ledger.rules import Draft, Line, Share, Split, Weights, shares_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction with what belongs to it, as it stands in this unit of work."""

    transaction: Transaction
    postings: Sequence[Posting]
    shares: Sequence[PostingShare]
    tags: Sequence[str] = field(default=())

    @property
    def wallet_postings(self) -> list[Posting]:
        return [p for p in self.postings if p.category_id is None]

    @property
    def moves(self) -> list[tuple[int, Decimal]]:
        """Wallets with the signed amounts on them."""
        return [(p.wallet_id, p.amount) for p in self.wallet_postings]

    @property
    def lines(self) -> list[Line]:
        shares: dict[int, list[Share]] = {}
        for s in self.shares:
            shares.setdefault(s.posting_id, []).append(Share(s.member_id, s.weight, s.amount, s.base_amount))
        return [
            Line(
                p.wallet_id,
                p.category_id,
                p.amount,
                p.currency,
                p.base_amount,
                p.note,
                tuple(shares.get(p.pk, ())),
            )
            for p in self.postings
        ]


def insert(*news: tuple[Transaction, Sequence[Line]]) -> list[Entry]:
    """The rows of entries, as drafts; three statements however many they are."""
    for transaction, _ in news:
        transaction.status = Status.DRAFT
    Transaction.objects.bulk_create([transaction for transaction, _ in news])
    return _post_lines(news)


def rewrite(transaction: Transaction, fields: Mapping[str, object], lines: Sequence[Line], *more: str) -> Entry:
    """Give an entry that is not booked other facts and postings; `more` names further fields that were set on it."""
    for name, value in fields.items():
        setattr(transaction, name, value)
    transaction.save(update_fields=[*fields, *more])
    PostingShare.objects.filter(posting__transaction=transaction).delete()
    Posting.objects.filter(transaction=transaction).delete()
    [entry] = _post_lines([(transaction, lines)])
    return entry


def _post_lines(news: Iterable[tuple[Transaction, Sequence[Line]]]) -> list[Entry]:
    rows = [(transaction, line) for transaction, lines in news for line in lines]
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
        for transaction, line in rows
    )
    shares = PostingShare.objects.bulk_create(
        _share_row(transaction, posting, share)
        for posting, (transaction, line) in zip(postings, rows, strict=True)
        for share in line.shares
    )
    by_transaction: dict[int, list[Posting]] = {}
    for posting in postings:
        by_transaction.setdefault(posting.transaction_id, []).append(posting)
    by_posting: dict[int, list[PostingShare]] = {}
    for share_row in shares:
        by_posting.setdefault(share_row.posting_id, []).append(share_row)
    found = []
    for transaction in dict.fromkeys(transaction for transaction, _ in rows):
        own = by_transaction[transaction.pk]
        found.append(Entry(transaction, own, [s for p in own for s in by_posting.get(p.pk, ())]))
    return found


def _share_row(transaction: Transaction, posting: Posting, share: Share) -> PostingShare:
    return PostingShare(
        family_id=transaction.family_id,
        posting=posting,
        member_id=share.member,
        weight=share.weight,
        amount=share.amount,
        base_amount=share.base_amount,
        version=transaction.shares_version,
    )


def shared_anew(entry: Entry, for_whom: Weights, base_currency: str) -> list[Line]:
    """An entry's lines, its category postings shared by other weights."""
    return [
        replace(
            line,
            shares=shares_of(
                line.amount, line.base_amount, for_whom, currency=line.currency, base_currency=base_currency
            ),
        )
        if line.category
        else line
        for line in entry.lines
    ]


def write_shares(entry: Entry, lines: Sequence[Line]) -> None:
    """The next version of a booked entry's shares; `lines` stand in the order of its postings. It is in force once
    the caller has saved `shares_version`."""
    head = entry.transaction
    head.shares_version += 1
    PostingShare.objects.bulk_create(
        _share_row(head, posting, share)
        for posting, line in zip(entry.postings, lines, strict=True)
        for share in line.shares
    )


def check_reversible(head: Transaction) -> None:
    """Raises NotReversible for what has been refunded: the refunds would be of nothing."""
    if head.refunds.filter(status=Status.EXECUTED, reverses__isnull=True).exists():
        raise NotReversible


def entry_of(transaction: Transaction) -> Entry:
    [entry] = entries_of([transaction])
    return entry


def entries_of(transactions: Sequence[Transaction]) -> list[Entry]:
    """Entries read back with their postings and the shares in force."""
    ids = [transaction.pk for transaction in transactions]
    postings = {posting.pk: posting for posting in Posting.objects.filter(transaction__in=ids).order_by("pk")}
    in_force = Q(version=F("posting__transaction__shares_version"))
    shares: dict[int, list[PostingShare]] = {}
    for share in PostingShare.objects.filter(in_force, posting__transaction__in=ids).order_by("pk"):
        shares.setdefault(postings[share.posting_id].transaction_id, []).append(share)
    own: dict[int, list[Posting]] = {}
    for posting in postings.values():
        own.setdefault(posting.transaction_id, []).append(posting)
    return [Entry(head, own.get(head.pk, []), shares.get(head.pk, [])) for head in transactions]


def draft_of(entry: Entry) -> Draft:
    """What would have to be recorded to get this entry; the words apart, which are the transaction's own."""
    head = entry.transaction
    parts = [Split(p.category_id, abs(p.amount), p.note) for p in entry.postings if p.category_id]
    by_category = head.refund_of_id is None and head.type in SHARED
    is_split = by_category and (len(parts) > 1 or bool(parts[0].note))
    category = parts[0].category if by_category and not is_split else head.label_id
    first = {s.posting_id for s in entry.shares[:1]}
    for_members = tuple((s.member_id, s.weight) for s in entry.shares if s.posting_id in first)
    return Draft(
        amount=head.amount,
        from_wallet=head.from_wallet_id,
        to_wallet=head.to_wallet_id,
        to_amount=head.to_amount,
        rate=None if head.type == TransactionType.EXCHANGE else head.rate,
        category=category,
        splits=tuple(parts) if is_split else (),
        for_members=for_members if head.type in SHARED else (),
        refund_of=head.refund_of_id,
        occurred_on=head.occurred_on,
        fact=TransactionType(head.type) if head.type in FACTS else None,
    )


def flip(status: Status, *transactions: Transaction) -> None:
    """Take the next status; the database's guards look at each whole entry on this step."""
    times = {Status.EXECUTED: "executed_at", Status.PENDING_APPROVAL: "pending_since"}
    changes: dict[str, object] = {"status": status}
    if status in times:
        changes[times[status]] = clock.now()
    for transaction in transactions:
        for name, value in changes.items():
            setattr(transaction, name, value)
    Transaction.objects.filter(pk__in=[transaction.pk for transaction in transactions]).update(**changes)


def payees_of(family_id: int, names: Iterable[str]) -> dict[str, Payee]:
    """The family's payees of exactly these names, made where there are none: how somebody else writes one, maybe where
    nobody sees it, is not what an entry says."""
    wanted = {name for name in names if name}
    if not wanted:
        return {}
    found = {p.name: p for p in Payee.objects.filter(family_id=family_id, name__in=wanted)}
    if missing := sorted(wanted - found.keys()):
        rows = [Payee(family_id=family_id, name=name, folded=fold(name)) for name in missing]
        Payee.objects.bulk_create(rows, ignore_conflicts=True)
        found |= {p.name: p for p in Payee.objects.filter(family_id=family_id, name__in=missing)}
    return found


def payee_of(family_id: int, name: str) -> Payee | None:
    return payees_of(family_id, [name]).get(name)


def tags_of(family_id: int, names: Iterable[str]) -> dict[str, Tag]:
    """The family's tags of exactly these names, made where there are none; as payees, how somebody else writes one is
    nobody's business."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    Tag.objects.bulk_create(
        [Tag(family_id=family_id, name=name, folded=fold(name)) for name in wanted], ignore_conflicts=True
    )
    return {tag.name: tag for tag in Tag.objects.filter(family_id=family_id, name__in=wanted)}


def once_each(names: Iterable[str]) -> list[str]:
    """Names, each once in any case, as it is written last."""
    return list({fold(name): name for name in names}.values())
