"""What planning entries looks up, each thing once: categories, rates, members, what is refunded. Of many entries each
kind of thing is one statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q
from django.db.models.functions import Coalesce

from families.models import Membership
from families.roles import Access
from financebot.common import clock
from financebot.common.errors import UnknownReference
from ledger import rules
from ledger.booking.entries import Entry, entries_of
from ledger.errors import AlreadyRecorded, ExchangeRateMissing, NotRefundable, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS, CategoryKind, Status, TransactionType
from ledger.models import Category, ExchangeRate, Posting, Transaction, Wallet
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
        self._refunds: dict[int, list[Posting]] = {}
        self._refunded: dict[int, dict[int, Decimal]] = {}
        self._asked: set[tuple[int, str]] = set()
        self._taken: set[tuple[int, str]] = set()

    def foresee(self, drafts: Sequence[Draft], wallets: Mapping[int, Wallet]) -> None:
        """Read at once what planning these would look up one by one."""
        self.read_categories(pk for draft in drafts for pk in draft.categories)
        self._read_claims(draft for draft in drafts if draft.source_ref and not draft.later)
        if currencies := {wallet.currency for wallet in wallets.values()}:
            today = clock.today(self.access.policy.timezone)
            days = {max(draft.occurred_on or today, clock.FIRST_DAY) for draft in drafts}
            self._read_rates(currencies, {today, *days})

    def read_categories(self, pks: Iterable[int]) -> None:
        if missing := set(pks) - self._categories.keys():
            found = Category.objects.visible_to(self.access).in_bulk(missing)
            self._categories |= {pk: found.get(pk) for pk in missing}

    def category(self, pk: int, kind: CategoryKind | None, *, field: str) -> int:
        """A category that people choose from. Raises UnknownReference, WrongCategoryKind."""
        self.read_categories([pk])
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
        if set(members) <= self._members:
            return
        self._members |= set(Membership.objects.visible_to(self.access).values_list("pk", flat=True))
        if not set(members) <= self._members:
            raise UnknownReference(field="for_members")

    def rate(self, currency: str, day: date) -> Decimal:
        """Base currency per unit: the last rate on or before the day. Raises ExchangeRateMissing."""
        if currency == self.access.policy.base_currency:
            return Decimal(1)
        if (currency, day) not in self._rates:
            self._read_rates({currency}, {day})
        rate = self._rates[currency, day]
        if rate is None:
            raise ExchangeRateMissing(currency=currency)
        return rate

    def lock_original(self, pk: int | None) -> None:
        """Lock what is to be refunded, before any wallet. Raises UnknownReference, NotRefundable."""
        if pk is None:
            return
        self.lock_originals([pk])
        if pk not in self._originals:
            raise UnknownReference(field="refund_of")
        head = self._originals[pk].transaction
        if head.type != TransactionType.EXPENSE or head.status != Status.EXECUTED or head.reverses_id:
            raise NotRefundable(field="refund_of")

    def lock_originals(self, pks: Iterable[int | None]) -> None:
        """Lock those that the caller sees, in the order of ids, and read what has come back of them."""
        wanted = {pk for pk in pks if pk} - self._originals.keys()
        if not wanted:
            return
        seen = set(Transaction.objects.seen_by(self.access).filter(pk__in=wanted).values_list("pk", flat=True))
        of_family = Transaction.objects.in_family(self.access.family).select_related("from_wallet")
        heads = list(of_family.filter(pk__in=seen).lock())
        self._originals |= {entry.transaction.pk: entry for entry in entries_of(heads)}
        refunds = Posting.objects.filter(
            transaction__refund_of__in=seen,
            transaction__status=Status.EXECUTED,
            transaction__reverses__isnull=True,
            category__isnull=False,
        )
        for refund in refunds.select_related("transaction"):
            self._refunds.setdefault(refund.transaction.refund_of_id or 0, []).append(refund)

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
            for refund in self._refunds.get(pk, ()):
                if refund.category_id and refund.transaction_id != but:
                    left[refund.category_id] += refund.amount
            self._refunded[pk] = left
        return self._refunded[pk]

    def claim_source_ref(self, draft: Draft, source_ref: str) -> None:
        """Raises AlreadyRecorded where the wallet that the amount is of, which is locked, has an entry with it.

        The other wallet of a transfer does not count, and a draft claims nothing before it is submitted: a conflict
        would tell of what is hidden.
        """
        if not source_ref or draft.later:
            return
        self._read_claims([replace(draft, source_ref=source_ref)])
        if (draft.main_wallet, source_ref) in self._taken:
            raise AlreadyRecorded(field="source_ref")
        self._taken.add((draft.main_wallet, source_ref))

    def _read_claims(self, drafts: Iterable[Draft]) -> None:
        """Which of their references the wallets have already."""
        if not (keys := {(draft.main_wallet, draft.source_ref) for draft in drafts} - self._asked):
            return
        wallets, refs = {wallet for wallet, _ref in keys}, {ref for _wallet, ref in keys}
        of_wallets = Q(from_wallet__in=wallets) | Q(to_wallet__in=wallets, from_wallet=None)
        known = Transaction.objects.in_family(self.access.family).submitted().filter(of_wallets, source_ref__in=refs)
        rows = known.annotate(main=Coalesce("from_wallet_id", "to_wallet_id")).values_list("main", "source_ref")
        self._taken |= set(rows)
        self._asked |= keys

    def _read_rates(self, currencies: Collection[str], days: Collection[date]) -> None:
        self._rates |= last_rates(self.access, currencies, days)


RECENT = timedelta(days=366)  # how far back one looks first: what is known of a currency is seldom older


def last_rates(
    access: Access, currencies: Collection[str], days: Collection[date]
) -> dict[tuple[str, date], Decimal | None]:
    """What one unit of each costs in the base currency by the last rate on or before each day, of the family's own and
    those for all; the inverse where that is what is known of the last day."""
    wanted = set(currencies) - {access.policy.base_currency}
    if not wanted:
        return {}
    first, last = min(days), max(days)
    known = _rates_known(access, wanted, Q(day__lte=last, day__gt=first - RECENT))
    if unknown := {currency for currency in wanted if _as_of(known.get(currency, ()), first) is None}:
        known |= _rates_known(access, unknown, Q(day__lte=last))
    return {(currency, day): _as_of(known.get(currency, ()), day) for currency in wanted for day in days}


def _rates_known(access: Access, currencies: Collection[str], days: Q) -> dict[str, list[tuple[date, Decimal]]]:
    """By currency, each day's rate in the base currency, the better one of a day after the other."""
    base = access.policy.base_currency
    pairs = Q(base__in=currencies, quote=base) | Q(base=base, quote__in=currencies)
    rows = ExchangeRate.objects.visible_to(access).filter(pairs, days)
    found: dict[str, list[tuple[date, Decimal]]] = {}
    for rate in sorted(rows, key=lambda r: (r.day, r.family_id is not None, r.quote == base)):
        direct = rate.quote == base
        value = rate.rate if direct else rules.kept_rate(1 / rate.rate)
        found.setdefault(rate.base if direct else rate.quote, []).append((rate.day, value))
    return found


def _as_of(rates: Sequence[tuple[date, Decimal]], day: date) -> Decimal | None:
    return next((rate for known, rate in reversed(rates) if known <= day), None)
