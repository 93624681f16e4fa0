"""The product beside the model: the same step on both, then everything that can be counted or seen is compared."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import time_machine
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from audit.trail import Actor
from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work
from ledger.models import Category
from ledger.verify import verify
from tests.conftest import House, undone
from tests.ledger.helpers import wallet_of
from tests.ledger.machine.comparing import compare, compare_what_is_seen
from tests.ledger.model import facts
from tests.ledger.model.facts import Entry, Household, Refused

BEGIN = datetime(2026, 1, 28, 10, tzinfo=UTC)  # a month's end is near
CAST = {"owner": "owner", "adult": "adult", "member": "member", "child": "child", "reader": "read_only"}
CURRENCIES = {"dollars": "USD", "yen": "JPY"}

people = st.sampled_from(list(CAST))
AMOUNTS = [Decimal(word) for word in ("0.03", "10", "40", "50", "99.99", "100", "100.01", "300", "500", "500.01")]
amounts = st.sampled_from(AMOUNTS)
limits = st.sampled_from([None, *(Decimal(word) for word in ("0", "50", "100", "500"))])
days = st.sampled_from([0, 0, -1, -2, -20, -40, 1, 2])  # from today
seldom = st.sampled_from([False, False, False, True])


class Comparing(RuleBasedStateMachine):
    """A run: one household, undone at its end."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.open = ExitStack()
        self.open.enter_context(undone())
        self.time = self.open.enter_context(time_machine.travel(BEGIN, tick=False))
        self.pk: dict[str, int] = {}  # of wallets and categories, by name
        self.pks: dict[int, int] = {}  # of entries, by their identity in the model
        self.home = Household(BEGIN)
        for name, role in CAST.items():
            self.home.members[name] = facts.Member(name, role)
        self._begin_wallets()
        self._begin_categories()

    def teardown(self) -> None:
        try:
            assert list(verify()) == []
            for name in CAST:
                compare_what_is_seen(self, name)
        finally:
            self.open.close()

    def _begin_wallets(self) -> None:
        extra = {name: wallet_of(self.house.owner, currency=currency) for name, currency in CURRENCIES.items()}
        for name, row in {**self.house.wallets, **extra}.items():
            holder = next((n for n in CAST if self.member_pk(n) == row.holder_id), None)
            floor = None if row.overdraft_limit is None else Decimal(row.overdraft_limit)
            self.home.wallets[name] = facts.Wallet(name, row.currency, holder, row.visibility, floor)
            self.pk[name] = row.pk

    def _begin_categories(self) -> None:
        for row in Category.objects.filter(family=self.family):
            name = facts.FALLBACK[row.kind] if row.fallback else row.name
            name = name if row.kind in facts.FALLBACK else row.kind
            self.home.categories[name] = facts.Category(name, row.kind)
            self.pk[name] = row.pk

    @property
    def family(self) -> int:
        return self.house.family.pk

    def actor(self, name: str) -> Actor:
        return self.house.people[name].actor

    def member_pk(self, name: str) -> int:
        return self.house.people[name].membership.pk

    def entry_pk(self, entry: Entry) -> int:
        return self.pks[id(entry)]

    def day(self, offset: int | None) -> Any:
        return None if offset is None else self.home.today + timedelta(days=offset)

    def pick(self, which: int, *statuses: str) -> Entry | None:
        """One of the last entries in one of these states; of any where none are named or there is none such."""
        some = [entry for entry in self.home.entries if entry.status in statuses] or self.home.entries
        return some[-1 - which % len(some)] if some else None

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
        event(f"{model.__qualname__.split('.')[1]}: {expected}")  # for --hypothesis-show-statistics
        assert got == expected, f"the product: {got}; the model: {expected}"
        compare(self)
        self.steps += 1
        compare_what_is_seen(self, list(CAST)[self.steps % len(CAST)])
