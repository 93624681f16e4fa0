"""What planning an entry looks up, each thing once: categories, rates, members, what is refunded."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.db.models import Q

from families.models import Membership
from families.roles import Access
from financebot.common.errors import UnknownReference
from ledger import rules
from ledger.booking.entries import Entry, entry_of
from ledger.errors import AlreadyRecorded, ExchangeRateMissing, NotRefundable, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS, CategoryKind, Status, TransactionType
from ledger.models import Category, ExchangeRate, Posting, Transaction
from ledger.rules import Draft


class Books:
    """One member's view of their family's ledger, for as long as a unit of work lasts.

    `author`: whose entry it is, where somebody else edits it. `keeping`: the entry under the pen, whose categories and
    members may stay though they can no longer be chosen.
    """

    def __init__(self, access: Access, *, author: int | None = None, keeping: Entry | None = None) -> None:
        self.access = access
        self.author = author or access.membership
        kept = keeping.lines if keeping else []
        self._kept_categories = {line.category for line in kept} | {keeping.transaction.label_id if keeping else None}
        self._categories: dict[int, Category | None] = {}
        self._fallbacks: dict[CategoryKind, Category] = {}
        self._rates: dict[tuple[str, date], Decimal | None] = {}
        self._originals: dict[int, Entry] = {}
        self._members = {self.author} | {share.member for line in kept for share in line.shares}
        self._refunded: dict[int, dict[int, Decimal]] = {}
        self._source_refs: set[tuple[int, str]] = set()

    def category(self, pk: int, kind: CategoryKind | None, *, field: str) -> int:
        """A category that people choose from. Raises UnknownReference, WrongCategoryKind."""
        if pk not in self._categories:
            self._categories[pk] = Category.objects.visible_to(self.access).filter(pk=pk).first()
        found = self._categories[pk]
        if found is None or (found.archived_at and pk not in self._kept_categories):
            raise UnknownReference(field=field)
        if found.kind in SYSTEM_KINDS or (kind and found.kind != kind):
            raise WrongCategoryKind(field=field)
        return found.pk

    def default_category(self, kind: CategoryKind) -> int:
        """The system's own category of a kind, or where entries go that name none."""
        if kind not in self._fallbacks:
            own = Category.objects.visible_to(self.access).filter(kind=kind)
            self._fallbacks[kind] = own.get() if kind in SYSTEM_KINDS else own.get(fallback=True)
        return self._fallbacks[kind].pk

    def check_members(self, members: Collection[int]) -> None:
        """Raises UnknownReference for one who is not of the family."""
        if unknown := set(members) - self._members:
            present = Membership.objects.visible_to(self.access).filter(pk__in=unknown)
            self._members |= set(present.values_list("pk", flat=True))
            if unknown - self._members:
                raise UnknownReference(field="for_members")

    def rate(self, currency: str, day: date) -> Decimal:
        """Base currency per unit: the last rate on or before the day. Raises ExchangeRateMissing."""
        if currency == self.access.policy.base_currency:
            return Decimal(1)
        if (currency, day) not in self._rates:
            self._rates[currency, day] = last_rate(self.access, currency, day)
        rate = self._rates[currency, day]
        if rate is None:
            raise ExchangeRateMissing(currency=currency)
        return rate

    def lock_original(self, pk: int | None) -> None:
        """Lock what is to be refunded, before any wallet. Raises UnknownReference, NotRefundable."""
        if pk is None or pk in self._originals:
            return
        seen = Transaction.objects.seen_by(self.access).filter(pk=pk)
        if not seen.exists():
            raise UnknownReference(field="refund_of")
        head = Transaction.objects.in_family(self.access.family).lock().get(pk=pk)
        if head.type != TransactionType.EXPENSE or head.status != Status.EXECUTED or head.reverses_id:
            raise NotRefundable(field="refund_of")
        self._originals[pk] = entry_of(head)

    def original(self, pk: int) -> Entry:
        return self._originals[pk]

    def left_to_refund(self, original: Entry, *, but: int | None) -> dict[int, Decimal]:
        """By category, what has not come back yet; `but`: a refund that is about to be replaced."""
        pk = original.transaction.pk
        if pk not in self._refunded:
            left: dict[int, Decimal] = {}
            for posting in original.postings:
                if posting.category_id:
                    left[posting.category_id] = left.get(posting.category_id, Decimal(0)) + posting.amount
            refunds = Posting.objects.filter(
                transaction__refund_of=pk,
                transaction__status=Status.EXECUTED,
                transaction__reverses__isnull=True,
                category__isnull=False,
            ).exclude(transaction=but)
            for category, amount in refunds.values_list("category", "amount"):
                left[category] += amount
            self._refunded[pk] = left
        return self._refunded[pk]

    def claim_source_ref(self, draft: Draft, source_ref: str) -> None:
        """Raises AlreadyRecorded where the wallet that the amount is of, which is locked, has an entry with it.

        The other wallet of a transfer does not count, and a draft claims nothing before it is submitted: a conflict
        would tell of what is hidden.
        """
        if not source_ref or draft.later:
            return
        key = (draft.main_wallet, source_ref)
        of_wallet = Q(from_wallet=draft.main_wallet) | Q(to_wallet=draft.main_wallet, from_wallet=None)
        known = Transaction.objects.in_family(self.access.family).submitted().filter(of_wallet, source_ref=source_ref)
        if key in self._source_refs or known.exists():
            raise AlreadyRecorded(field="source_ref")
        self._source_refs.add(key)


def last_rate(access: Access, currency: str, day: date) -> Decimal | None:
    """What one unit costs in the base currency by the last rate on or before the day, of the family's own and those
    for all; the inverse where that is what is known of the last day."""
    base = access.policy.base_currency
    pairs = Q(base=currency, quote=base) | Q(base=base, quote=currency)
    known = ExchangeRate.objects.visible_to(access).filter(pairs, day__lte=day)
    last = sorted(known.order_by("-day")[:4], key=lambda r: (r.day, r.family_id is not None, r.base == currency))
    if not last:
        return None
    found = last[-1]
    return found.rate if found.base == currency else rules.kept_rate(1 / found.rate)
