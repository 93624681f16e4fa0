"""The product beside the model: the same step on both, then everything that can be counted or seen is compared."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work
from ledger.models import Category, MonthTotal, Transaction, Wallet, WalletMonth
from ledger.rules import Draft, Split
from ledger.verify import verify
from tests.conftest import House, undone
from tests.ledger.helpers import wallet_of
from tests.ledger.model import facts, sums
from tests.ledger.model.facts import Entry, Household, Refused, Wish

BEGIN = datetime(2026, 1, 28, 10, tzinfo=UTC)  # a month's end is near
CAST = ("owner", "adult", "member", "child", "reader")
ROLE = {"reader": "read_only"}

people = st.sampled_from(CAST)
recent = st.integers(0, 5)  # counted from the last one
amounts = st.sampled_from([Decimal(word) for word in ("10", "40", "50", "100", "100.01", "500", "500.01", "0.03")])


class Comparing(RuleBasedStateMachine):
    """A run: one household, undone at its end."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.open.enter_context(undone())
        self.time = self.open.enter_context(time_machine.travel(BEGIN, tick=False))
        self.pk: dict[str, int] = {}
        self.pks: dict[int, int] = {}  # of entries, by their identity here
        self.home = Household(BEGIN)
        for name in CAST:
            self.home.members[name] = facts.Member(name, ROLE.get(name, name))
        self._begin_wallets()
        self._begin_categories()

    def teardown(self) -> None:
        try:
            assert list(verify()) == []
        finally:
            self.open.close()

    @property
    def family(self) -> int:
        return self.house.family.pk

    def _begin_wallets(self) -> None:
        extra = {"dollars": wallet_of(self.house.owner, currency="USD")}
        for name, row in {**self.house.wallets, **extra}.items():
            holder = next((n for n in CAST if self.person(n).membership.pk == row.holder_id), None)
            floor = None if row.overdraft_limit is None else Decimal(row.overdraft_limit)
            self.home.wallets[name] = facts.Wallet(name, row.currency, holder, row.visibility, floor)
            self.pk[name] = row.pk

    def _begin_categories(self) -> None:
        for row in Category.objects.filter(family=self.family):
            name = (
                f"Other {row.kind}"
                if row.fallback
                else row.kind
                if row.kind in ("exchange", "opening", "adjustment")
                else row.name
            )
            self.home.categories[name] = facts.Category(name, row.kind)
            self.pk[name] = row.pk

    def person(self, name: str) -> Any:
        return self.house.people[name]

    def play(self, model: Callable[[], Any], product: Callable[[], Any]) -> None:
        """One step on both; it succeeds on both, or is refused by the same code, and then all of it is the same."""
        expected = got = "done"
        try:
            model()
        except Refused as refusal:
            expected = refusal.code
        try:
            with unit_of_work():
                product()
        except DomainError as refusal:
            got = refusal.code
        assert got == expected
        self.compare()

    def draft_of(self, wish: Wish) -> Draft:
        pk = self.pk
        return Draft(
            amount=wish.amount,
            from_wallet=pk.get(wish.source or ""),
            to_wallet=pk.get(wish.target or ""),
            category=pk.get(wish.category or ""),
            occurred_on=wish.day,
            to_amount=wish.to_amount,
            rate=wish.rate,
            splits=tuple(Split(pk[category], amount, note) for category, amount, note in wish.splits),
            for_members=tuple((self.member_pk(name), weight) for name, weight in wish.for_members),
            refund_of=self.entry_pk(wish.refund_of) if wish.refund_of else None,
            source_ref=wish.source_ref,
            later=wish.later,
        )

    def member_pk(self, name: str) -> int:
        return self.person(name).membership.pk

    def entry_pk(self, entry: Entry) -> int:
        return self.pks[id(entry)]

    def compare(self) -> None:
        self._compare_entries()
        self._compare_wallets()
        self._compare_totals()

    def _compare_entries(self) -> None:
        rows = Transaction.objects.filter(family=self.family).order_by("pk")
        found = list(rows.values_list("pk", *ENTRY_FIELDS))
        assert len(found) == len(self.home.entries)
        for (pk, *_), entry in zip(found, self.home.entries, strict=True):
            self.pks[id(entry)] = pk
        assert [row[1:] for row in found] == [self._entry_row(entry) for entry in self.home.entries]

    def _entry_row(self, entry: Entry) -> tuple[Any, ...]:
        linked = (entry.reverses, entry.replaces, entry.refund_of)
        return (
            entry.type,
            entry.status,
            self.pk.get(entry.source or ""),
            self.pk.get(entry.target or ""),
            entry.amount,
            entry.currency,
            entry.to_amount,
            entry.base,
            entry.rate,
            entry.day,
            self.pk.get(entry.label or ""),
            self.member_pk(entry.author),
            self.member_pk(entry.editor) if entry.editor else None,
            *(self.entry_pk(other) if other else None for other in linked),
            entry.self_approved,
            entry.version,
            entry.pending_since,
            entry.executed_at,
            entry.description,
        )

    def _compare_wallets(self) -> None:
        found = Wallet.objects.filter(family=self.family).in_bulk()
        for name, wallet in self.home.wallets.items():
            row = found[self.pk[name]]
            assert (row.balance, row.held) == (sums.balance(self.home, name), sums.held(self.home, name)), name
            assert (row.visibility, row.overdraft_limit) == (wallet.visibility, wallet.floor), name
            assert (bool(row.archived_at), row.version) == (wallet.archived, wallet.version), name

    def _compare_totals(self) -> None:
        rows = MonthTotal.objects.filter(family=self.family)
        found = rows.values_list("month", "wallet", "category", "member", "currency", "amount", "base_amount")
        expected = {
            (month, self.pk[wallet], self.pk[category], self.member_pk(member), currency): both
            for (month, wallet, category, member, currency), both in sums.category_totals(self.home).items()
        }
        assert {row[:5]: row[5:] for row in found if any(row[5:])} == expected
        months = WalletMonth.objects.filter(family=self.family).values_list("month", "wallet", "amount", "base_amount")
        by_wallet = sums.wallet_totals(self.home)
        assert {row[:2]: row[2:] for row in months if any(row[2:])} == {
            (month, self.pk[wallet]): both for (month, wallet), both in by_wallet.items()
        }


ENTRY_FIELDS = (
    "type",
    "status",
    "from_wallet",
    "to_wallet",
    "amount",
    "currency",
    "to_amount",
    "base_amount",
    "rate",
    "occurred_on",
    "label",
    "author",
    "last_editor",
    "reverses",
    "replaces",
    "refund_of",
    "self_approved",
    "version",
    "pending_since",
    "executed_at",
    "description",
)
