"""Steps that record."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ledger import services
from ledger.rules import Draft, Split
from tests.ledger.machine.base import CURRENCIES, Comparing, amounts, days, people, seldom
from tests.ledger.model import recording
from tests.ledger.model.correcting import wish_of
from tests.ledger.model.facts import Wish

WALLETS = ["cash", "anns", "pocket", "secret", "members", *CURRENCIES]
CATEGORIES = ["Groceries", "Travel", "Salary", "exchange"]
ONE = Decimal(1)

wallets = st.sampled_from(WALLETS)
recent = st.integers(0, 5)  # counted from the last one
rates = st.sampled_from([Decimal(word) for word in ("0.5", "1.2345", "160.07", "0.0071")])
for_whom = st.sampled_from(
    [
        (),
        (("adult", ONE),),
        (("owner", ONE), ("child", ONE)),
        (("member", Decimal(4)), ("owner", ONE), ("child", ONE)),
    ]
)


@st.composite
def wishes(draw: Any) -> Wish:
    """An expense, an income, a transfer or an exchange."""
    wish = Wish(draw(amounts), category=draw(st.sampled_from([None, None, *CATEGORIES])), later=draw(seldom))
    kind = draw(st.sampled_from(["out", "out", "in", "both"]))
    if kind == "both":
        wish = replace(wish, source=draw(wallets), target=draw(wallets))
        if wish.source in CURRENCIES or wish.target in CURRENCIES:
            given = draw(st.sampled_from(["to_amount", "rate"]))
            return replace(wish, **{given: draw(amounts if given == "to_amount" else rates)})
        return wish
    wish = replace(wish, for_members=draw(for_whom), source_ref=draw(st.sampled_from(["", "", "", "a", "b"])))
    if draw(seldom):
        part = draw(amounts)
        wish = replace(wish, category=None, splits=(("Groceries", part, ""), ("Travel", wish.amount - part, "")))
    return replace(wish, **{"source" if kind == "out" else "target": draw(wallets)})


class Recording(Comparing):
    @rule(who=people, wish=wishes(), day=st.none() | days)
    def create(self, who: str, wish: Wish, day: int | None) -> None:
        wish = replace(wish, day=self.day(day))
        self.play(
            lambda: recording.create(self.home, who, wish),
            lambda: services.create_transaction(actor=self.actor(who), draft=self.draft_of(wish)),
        )

    @rule(who=people, many=st.lists(wishes(), min_size=1, max_size=3))
    def create_many(self, who: str, many: list[Wish]) -> None:
        self.play(
            lambda: recording.create_all(self.home, who, many),
            lambda: services.create_transactions(actor=self.actor(who), drafts=[self.draft_of(w) for w in many]),
        )

    @rule(who=people, which=recent, amount=amounts, onto=wallets, for_members=for_whom, later=seldom)
    def refund(self, who: str, which: int, amount: Decimal, onto: str, for_members: Any, later: bool) -> None:
        expenses = [entry for entry in self.home.entries if entry.type == "expense"] or self.home.entries
        if expenses:
            original = expenses[-1 - which % len(expenses)]
            self.create(who, Wish(amount, target=onto, refund_of=original, for_members=for_members, later=later), None)

    @rule(who=people, which=recent)
    def submit(self, who: str, which: int) -> None:
        if entry := self.pick(which, "draft"):
            self.play(
                lambda: recording.submit(self.home, who, entry, wish_of(entry)),
                lambda: services.submit_transaction(actor=self.actor(who), transaction_id=self.entry_pk(entry)),
            )

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 5, 24 * 7, 24 * 30]))
    def wait(self, hours: int) -> None:
        self.home.now += timedelta(hours=hours)
        self.time.move_to(self.home.now, tick=False)

    def draft_of(self, wish: Wish) -> Draft:
        return Draft(**{NAMES.get(name, name): self.value_of(name, value) for name, value in vars(wish).items()})

    def value_of(self, name: str, value: Any) -> Any:
        """A field of a wish, as the product calls what it names."""
        if name in {"source", "target", "category"}:
            return self.pk.get(value)
        if name == "splits":
            return tuple(Split(self.pk[category], amount, note) for category, amount, note in value)
        if name == "for_members":
            return tuple((self.member_pk(member), weight) for member, weight in value)
        if name == "refund_of" and value:
            return self.entry_pk(value)
        return value


NAMES = {"source": "from_wallet", "target": "to_wallet", "day": "occurred_on"}
