"""Steps that record."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ledger import services
from ledger.rules import Draft, Split
from tests.ledger.machine.base import FOREIGN, Comparing, amounts, concerned, days, people, recent, seldom
from tests.ledger.model import recording
from tests.ledger.model.correcting import wish_of
from tests.ledger.model.facts import Wish
from tests.ledger.model.planning import permission_of
from tests.ledger.model.rights import reaches

OWN = "own"  # the wallet of whoever it is
ONE = Decimal(1)
NAMES = {"source": "from_wallet", "target": "to_wallet", "day": "occurred_on"}  # of a wish, as the product has them

mostly = seldom.map(lambda yes: not yes)
bulkers = st.sampled_from(["owner", "adult", "adult", "member"])
WALLETS = ["cash", "anns", "pocket", "secret", "members", *FOREIGN]
wallets = st.sampled_from([OWN, OWN, OWN, "cash", "cash", *WALLETS])
expenses = st.sampled_from([None, None, None, "Groceries", "Groceries", "Groceries", "Travel", "Travel", "Salary"])
incomes = st.sampled_from([None, None, None, "Salary", "Salary", "Salary", "Groceries", "exchange"])
rates = st.sampled_from([None, *(Decimal(word) for word in ("0.5", "1.2345", "160.07", "0.0071"))])
references = st.sampled_from(["", "", "", "a", "b"])
for_whom = st.sampled_from(
    [
        (),
        (),
        (("adult", ONE),),
        (("owner", ONE), ("child", ONE)),
        (("member", Decimal(4)), ("owner", ONE), ("child", ONE)),
    ]
)


@st.composite
def splits(draw: Any, amount: Decimal) -> Any:
    """None mostly; else two parts, which may not be what they should."""
    part = draw(st.sampled_from([None, None, None, Decimal("0.01"), Decimal("33.33"), Decimal(100)]))
    return () if part is None else (("Groceries", part, ""), ("Travel", amount - part, ""))


@st.composite
def expense(draw: Any) -> Wish:
    amount = draw(amounts)
    parts = draw(splits(amount))
    category = None if parts else draw(expenses)
    return Wish(amount, draw(wallets), None, category, splits=parts, for_members=draw(for_whom), later=draw(seldom))


@st.composite
def income(draw: Any) -> Wish:
    wish = Wish(draw(amounts), None, draw(wallets), draw(incomes), later=draw(seldom))
    return replace(wish, source_ref=draw(references), for_members=draw(for_whom))


@st.composite
def transfer(draw: Any) -> Wish:
    """Or an exchange, where the currencies differ."""
    wish = Wish(draw(amounts), draw(wallets), draw(wallets), draw(expenses), later=draw(seldom))
    if not {wish.source, wish.target} & set(FOREIGN):
        return wish
    return replace(wish, **draw(st.sampled_from([{"to_amount": Decimal(40)}, {"rate": Decimal("1.2345")}, {}])))


class Recording(Comparing):
    @rule(who=people, wish=expense(), day=days, within=mostly)
    def spend(self, who: str, wish: Wish, day: int | None, within: bool) -> None:
        self.create(who, replace(wish, day=self.day(day)), within=within)

    @rule(who=people, wish=expense())
    def spend_today(self, who: str, wish: Wish) -> None:
        self.create(who, wish, within=True)

    @rule(who=people, wish=income(), day=days, within=mostly)
    def earn(self, who: str, wish: Wish, day: int | None, within: bool) -> None:
        self.create(who, replace(wish, day=self.day(day)), within=within)

    @rule(who=people, wish=transfer(), within=mostly)
    def move(self, who: str, wish: Wish, within: bool) -> None:
        self.create(who, wish, within=within)

    def create(self, who: str, wish: Wish, *, within: bool) -> None:
        wish = self.named(who, wish, within=within)
        self.play(
            lambda: recording.create(self.home, who, wish),
            partial(services.create_transaction, actor=self.actor(who), draft=self.draft_of(wish)),
        )

    @rule(who=bulkers, many=st.lists(expense() | income() | transfer(), min_size=1, max_size=3), within=mostly)
    def create_many(self, who: str, many: list[Wish], within: bool) -> None:
        wishes = [self.named(who, wish, within=within) for wish in many]
        self.play(
            lambda: recording.create_all(self.home, who, wishes),
            partial(services.create_transactions, actor=self.actor(who), drafts=[self.draft_of(w) for w in wishes]),
        )

    @precondition(lambda run: any(entry.type == "expense" for entry in run.home.entries))
    @rule(
        who=people, which=recent, amount=amounts, onto=wallets, for_members=for_whom, later=seldom, part=st.booleans()
    )
    def refund(self, who: str, which: int, amount: Decimal, onto: str, part: bool, **said: Any) -> None:
        some = [entry for entry in self.home.entries if entry.type == "expense"]
        original = some[-1 - which % len(some)]
        amount, onto = (min(amount, original.amount), original.source or onto) if part else (amount, onto)
        self.create(who, Wish(amount, None, onto, refund_of=original, **said), within=False)

    @precondition(lambda run: any(entry.status == "draft" for entry in run.home.entries))
    @rule(who=concerned, which=recent)
    def submit(self, who: str, which: int) -> None:
        entry = self.pick(which, "draft")
        self.on(
            entry,
            who,
            lambda home, by, draft: recording.submit(home, by, draft, wish_of(draft)),
            services.submit_transaction,
        )

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 5, 24 * 7, 24 * 30]))
    def wait(self, hours: int) -> None:
        self.home.now += timedelta(hours=hours)
        self.time.move_to(self.home.now, tick=False)

    def named(self, who: str, wish: Wish, *, within: bool) -> Wish:
        """With the wallet of whoever it is, where that is said; `within`: or where another is out of reach."""
        named = {"source": wish.source, "target": wish.target}
        member, permission = self.home.members[who], permission_of(wish)
        for side, name in named.items():
            away = (
                within
                and name in self.home.wallets
                and not reaches(member, permission, [self.home.wallets[name].holder])
            )
            named[side] = self.own_wallet(who) if name == OWN or away else name
        return replace(wish, **named)

    def own_wallet(self, who: str) -> str:
        return next((wallet.name for wallet in self.home.wallets.values() if wallet.holder == who), "cash")

    def draft_of(self, wish: Wish) -> Draft:
        return Draft(**self.as_named(vars(wish)))

    def as_named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields of a wish, as the product names them and what they name."""
        return {NAMES.get(name, name): self._value(name, value) for name, value in fields.items()}

    def _value(self, name: str, value: Any) -> Any:
        if name in {"source", "target", "category"}:
            return self.pk.get(value)
        if name == "splits":
            return tuple(Split(self.pk[category], amount, note) for category, amount, note in value)
        if name == "for_members":
            return tuple((self.member_pk(member), weight) for member, weight in value)
        if name == "refund_of" and value:
            return self.entry_pk(value)
        return value
