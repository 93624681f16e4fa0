"""Steps that change the household: its policy and periods, its members, its wallets."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from families import services as families
from financebot.common.usecase import unit_of_work
from ledger import services
from tests.ledger.machine.base import CAST, Comparing, days, limits
from tests.ledger.machine.recording import WALLETS, rates
from tests.ledger.model import household
from tests.ledger.model.rights import ROLES, TABLE

heads = st.sampled_from(["owner"] * 8 + list(CAST))
keepers = st.sampled_from(["holder", "holder", "owner", "owner", *CAST])  # of a wallet
members = st.sampled_from(["adult", "member", "child", *CAST])


def said(do: str, **fields: Any) -> Any:
    """A step by its name, with what is said in it."""
    return st.tuples(st.just(do), st.fixed_dictionaries(fields))


policies = st.one_of(
    said("set_policy", threshold=limits),
    said("set_policy", adult_limit=limits),
    said("set_policy", approvals_required=st.sampled_from([1, 2])),
    said("set_policy", undo_window=st.sampled_from([timedelta(0), timedelta(minutes=15), timedelta(days=1)])),
    said("close", ago=st.sampled_from([-1, 0, 1, 5, 30])),
    said("close", ago=st.sampled_from([1, 5, 30])),
    said("reopen", back=st.sampled_from([None, None, 0, 5])),
    said(
        "set_rate",
        pair=st.sampled_from([("USD", "EUR"), ("EUR", "JPY"), ("JPY", "EUR")]),
        day=days,
        rate=rates.filter(bool),
    ),
    said("put_category_away", name=st.sampled_from(["Groceries", "Travel", "Other expense", "exchange"])),
    said("bring_category_back", name=st.sampled_from(["Groceries", "Travel"])),
)
words_on_members = st.one_of(
    said("edit_member", role=st.sampled_from(ROLES)),
    said("edit_member", spending_limit=limits),
    said("edit_member", spending_limit=limits),
    said("edit_member", overrides=st.dictionaries(st.sampled_from(list(TABLE)), st.booleans(), min_size=1, max_size=2)),
    said("suspend_or_resume", state=st.sampled_from(["suspended", "active"])),
    said("remove", leaves=st.booleans()),
    said("come_back", role=st.sampled_from(ROLES)),
)
words_on_wallets = st.one_of(
    said("edit_wallet", floor=limits),
    said("edit_wallet", visibility=st.sampled_from(["shared", "balance_only", "private"])),
    said("edit_wallet", visibility=st.sampled_from(["shared", "private"])),
    said("edit_wallet", holder=st.none() | st.sampled_from(list(CAST))),
    said("put_wallet_away"),
    said("bring_wallet_back"),
    said("reconcile", says=st.sampled_from([Decimal(0), Decimal(0), Decimal("80.5"), Decimal(-30)]), day=days),
)


class Household(Comparing):
    @rule(who=heads, policy=policies)
    def decide_on_the_family(self, who: str, policy: Any) -> None:
        self.do(policy, who)

    @rule(who=heads, name=members, word=words_on_members)
    def decide_on_a_member(self, who: str, name: str, word: Any) -> None:
        self.do(word, who, name)

    @rule(who=keepers, name=st.sampled_from(WALLETS), word=words_on_wallets)
    def decide_on_a_wallet(self, who: str, name: str, word: Any) -> None:
        self.do(word, (self.home.wallets[name].holder or "owner") if who == "holder" else who, name)

    def do(self, step: tuple[str, dict[str, Any]], *whom: str) -> None:
        name, fields = step
        getattr(self, name)(*whom, **fields)

    def set_policy(self, who: str, **changes: Any) -> None:
        names = {"threshold": "approval_threshold", "adult_limit": "adult_approval_limit"}
        given = {names.get(name, name): value for name, value in changes.items()}
        if "undo_window" in given:
            given["undo_window"] = given["undo_window"].total_seconds()
        self.play(
            lambda: household.edit_family(self.home, who, changes),
            partial(families.edit_family, actor=self.actor(who), changes=given, version=None),
        )

    def close(self, who: str, ago: int) -> None:
        through = self.day(-ago)
        self.play(
            lambda: household.close(self.home, who, through),
            partial(families.close_period, actor=self.actor(who), through=through),
        )

    def reopen(self, who: str, back: int | None) -> None:
        through = None if back is None else (self.home.closed_until or self.home.today) - timedelta(days=back)
        self.play(
            lambda: household.reopen(self.home, who, through),
            partial(families.reopen_period, actor=self.actor(who), through=through),
        )

    def set_rate(self, who: str, pair: tuple[str, str], day: int | None, rate: Decimal) -> None:
        fields = {"base": pair[0], "quote": pair[1], "rate": rate} | ({} if day is None else {"day": self.day(day)})
        self.play(
            lambda: household.set_rate(self.home, who, pair, self.day(day), rate),
            partial(services.set_rate, actor=self.actor(who), fields=fields),
        )

    def put_category_away(self, who: str, name: str) -> None:
        self.play(
            lambda: household.put_category_away(self.home, who, name, archived=True),
            partial(services.archive_category, actor=self.actor(who), category_id=self.pk[name]),
        )

    def bring_category_back(self, who: str, name: str) -> None:
        self.play(
            lambda: household.put_category_away(self.home, who, name, archived=False),
            partial(services.restore_category, actor=self.actor(who), category_id=self.pk[name]),
        )

    def edit_member(self, who: str, name: str, **changes: Any) -> None:
        given = dict(changes)
        for permission, granted in given.pop("overrides", {}).items():
            given.setdefault("grant" if granted else "withdraw", []).append(permission)
        model = partial(household.edit_member, changes=changes)
        self.on_member(who, name, model, families.edit_member, changes=given, version=None)

    def suspend_or_resume(self, who: str, name: str, state: str) -> None:
        product = families.suspend_member if state == "suspended" else families.resume_member
        self.on_member(who, name, partial(household.set_state, state=state), product)

    def remove(self, who: str, name: str, *, leaves: bool) -> None:
        self.on_member(name if leaves else who, name, household.remove, families.remove_member)

    def come_back(self, who: str, name: str, role: str) -> None:
        """By an owner's invitation."""
        owner = next(m.name for m in self.home.members.values() if (m.role, m.state) == ("owner", "active"))
        with unit_of_work():
            invited = families.create_invitation(actor=self.actor(owner), role=role, email=None)
        self.play(
            lambda: household.come_back(self.home, name, role),
            partial(families.accept_invitation, actor=self.actor(name), token=invited.token),
        )

    def on_member(self, who: str, name: str, model: Any, product: Any, **given: Any) -> None:
        self.play(
            lambda: model(self.home, who, name),
            partial(product, actor=self.actor(who), membership_id=self.member_pk(name), **given),
        )

    def edit_wallet(self, who: str, name: str, **changes: Any) -> None:
        names = {"holder": "holder_id", "floor": "overdraft_limit"}
        given = {names.get(field, field): value for field, value in changes.items()}
        if given.get("holder_id"):
            given["holder_id"] = self.member_pk(given["holder_id"])
        model = partial(household.edit_wallet, changes=changes)
        self.on_wallet(who, name, model, services.edit_wallet, changes=given, version=None)

    def put_wallet_away(self, who: str, name: str) -> None:
        self.on_wallet(who, name, household.archive_wallet, services.archive_wallet)

    def bring_wallet_back(self, who: str, name: str) -> None:
        self.on_wallet(who, name, household.restore_wallet, services.restore_wallet)

    def reconcile(self, who: str, name: str, says: Decimal, day: int | None) -> None:
        model = partial(household.reconcile, says=says, day=self.day(day))
        self.on_wallet(who, name, model, services.reconcile_wallet, statement_balance=says, day=self.day(day))

    def on_wallet(self, who: str, name: str, model: Any, product: Any, **given: Any) -> None:
        self.play(
            lambda: model(self.home, who, name),
            partial(product, actor=self.actor(who), wallet_id=self.pk[name], **given),
        )
