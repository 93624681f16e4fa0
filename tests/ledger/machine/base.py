"""The product beside the model: the same step on both, then everything that can be counted or seen is compared."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import time_machine
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from audit.trail import Actor
from families.models import Family, Membership
from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work
from ledger.models import Category, ExchangeRate
from ledger.verify import verify
from tests.conftest import House, undone
from tests.ledger.helpers import wallet_of
from tests.ledger.machine.comparing import compare, compare_what_is_seen
from tests.ledger.model import facts, recording
from tests.ledger.model.facts import Entry, Household, Refused, Wish

BEGIN = datetime(2026, 1, 28, 10, tzinfo=UTC)  # a month's end is near
CAST = {"owner": "owner", "adult": "adult", "member": "member", "child": "child", "reader": "read_only"}
FOREIGN = {"dollars": "USD", "yen": "JPY"}
RATES = {("USD", "EUR", date(2026, 1, 1)): Decimal("0.9"), ("EUR", "JPY", date(2026, 1, 20)): Decimal("160.07")}
FUNDS = Wish(Decimal(300), target="cash"), Wish(Decimal(150), target="pocket"), Wish(Decimal(700), target="dollars")
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles")
RECENT = 5
ACTORS = ["owner", "adult", "adult", "member", "member", "member", "child", "child"]
AMOUNTS = [Decimal(word) for word in ("0.03", "10", "40", "50", "99.99", "100", "100.01", "300", "500", "500.01")]
LIMITS = [None, *(Decimal(word) for word in ("0", "0", "50", "50", "100", "300"))]

people = st.sampled_from(ACTORS)
concerned = st.sampled_from([*["author"] * 5, "owner", "owner", *CAST])  # with an entry
recent = st.integers(0, RECENT)  # counted from the last one
amounts = st.sampled_from(AMOUNTS)
limits = st.sampled_from(LIMITS)
days = st.sampled_from([None, None, None, None, 0, -1, -2, -20, -40, 1, 2])  # from today
seldom = st.sampled_from([False, False, False, True])


def furnish(house: House) -> None:
    """What every run begins with: foreign wallets, rates, some money."""
    with time_machine.travel(BEGIN, tick=False):
        for name, currency in FOREIGN.items():
            house.wallets[name] = wallet_of(house.owner, currency=currency)
        for (base, quote, day), rate in RATES.items():
            ExchangeRate.objects.create(family=house.family, base=base, quote=quote, day=day, rate=rate)
        for wish in FUNDS:
            house.earn(str(wish.amount), wish.target or "")


class Comparing(RuleBasedStateMachine):
    """A run: one household, undone at its end."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.done = 0
        self.open = ExitStack()
        self.open.enter_context(undone())
        self.time = self.open.enter_context(time_machine.travel(BEGIN, tick=False))
        self.pk: dict[str, int] = {}  # of wallets and categories, by name
        self.pks: dict[int, int] = {}  # of entries, by their identity in the model
        self.home = Household(BEGIN, rates=dict(RATES))
        for name, role in CAST.items():
            self.home.members[name] = facts.Member(name, role)
        self._know_wallets()
        self._know_categories()
        for wish in FUNDS:
            recording.create(self.home, "owner", wish)

    @initialize(
        zone=st.sampled_from(ZONES),
        threshold=limits,
        adults=limits,
        members=limits,
        approvals=st.sampled_from([1, 1, 2]),
    )
    def begin(self, zone: str, threshold: Any, adults: Any, members: Any, approvals: int) -> None:
        home = self.home
        home.zone, home.threshold, home.adult_limit, home.approvals_required = zone, threshold, adults, approvals
        family = Family.objects.filter(pk=self.family)
        family.update(
            timezone=zone, approval_threshold=threshold, adult_approval_limit=adults, approvals_required=approvals
        )
        for member in home.members.values():
            member.spending_limit = members
        Membership.objects.filter(family=self.family).update(spending_limit=members)
        compare(self)

    def teardown(self) -> None:
        try:
            assert list(verify()) == []
        finally:
            self.open.close()

    def _know_wallets(self) -> None:
        for name, row in self.house.wallets.items():
            holder = next((n for n in CAST if self.member_pk(n) == row.holder_id), None)
            floor = None if row.overdraft_limit is None else Decimal(row.overdraft_limit)
            self.home.wallets[name] = facts.Wallet(name, row.currency, holder, row.visibility, floor)
            self.pk[name] = row.pk

    def _know_categories(self) -> None:
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

    def pick(self, which: int, *statuses: str) -> Entry:
        """One of the last entries in one of these states; sometimes, or where there is none such, in any."""
        some = [e for e in self.home.entries if e.status in statuses and not e.reverses and which < RECENT]
        some = some or self.home.entries
        return some[-1 - which % len(some)]

    def on(self, entry: Entry, who: str, model: Callable[..., Any], product: Callable[..., Any], **said: Any) -> None:
        """A step on an entry by somebody, its author where that is said; `said` to the product alone."""
        by = entry.author if who == "author" else who
        self.play(
            lambda: model(self.home, by, entry),
            partial(product, actor=self.actor(by), transaction_id=self.entry_pk(entry), **said),
        )

    def play(self, model: Callable[[], Any], product: partial[Any]) -> None:
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
        event(f"{product.func.__name__}: {expected}")  # for --hypothesis-show-statistics
        assert got == expected, f"the product: {got}; the model: {expected}"
        if got == "done":
            self.compare()

    def compare(self) -> None:
        """What somebody sees takes longer than the step: every third time, by one of the cast in turn."""
        compare(self)
        self.done += 1
        if self.done % 3 == 0:
            compare_what_is_seen(self, list(CAST)[self.done // 3 % len(CAST)])
