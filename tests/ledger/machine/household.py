"""Steps that change the household: its policy and periods, its members, its wallets."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from families import services as families
from financebot.common.usecase import unit_of_work
from ledger import services
from tests.ledger.machine.base import CAST, Comparing, days, limits, seldom
from tests.ledger.machine.recording import WALLETS, rates
from tests.ledger.model import household
from tests.ledger.model.rights import ROLES, TABLE

heads = st.sampled_from(["owner"] * 8 + list(CAST))
members = st.sampled_from(["adult", "adult", "member", "child", *CAST])
keepers = st.sampled_from(["holder", "holder", "owner", "owner", *CAST])  # of a wallet
named = st.sampled_from(WALLETS)
policies = st.one_of(
    st.fixed_dictionaries({"threshold": limits}),
    st.fixed_dictionaries({"adult_limit": limits}),
    st.fixed_dictionaries({"approvals_required": st.sampled_from([1, 2])}),
    st.fixed_dictionaries({"undo_window": st.sampled_from([timedelta(0), timedelta(minutes=15), timedelta(days=1)])}),
)
words_on_members = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(ROLES)}),
    st.fixed_dictionaries({"spending_limit": limits}),
    st.fixed_dictionaries(
        {"overrides": st.dictionaries(st.sampled_from(list(TABLE)), st.booleans(), min_size=1, max_size=2)}
    ),
)
words_on_wallets = st.one_of(
    st.fixed_dictionaries({"floor": limits}),
    st.fixed_dictionaries({"visibility": st.sampled_from(["shared", "balance_only", "private"])}),
    st.fixed_dictionaries({"visibility": st.sampled_from(["shared", "private"])}),
    st.fixed_dictionaries({"holder": st.none() | st.sampled_from(list(CAST))}),
)


class Household(Comparing):
    @rule(who=heads, changes=policies)
    def set_policy(self, who: str, changes: dict[str, Any]) -> None:
        said = {POLICY.get(name, name): value for name, value in changes.items()}
        if "undo_window" in said:
            said["undo_window"] = said["undo_window"].total_seconds()
        self.play(
            lambda: household.edit_family(self.home, who, changes),
            partial(families.edit_family, actor=self.actor(who), changes=said, version=None),
        )

    @rule(who=heads, ago=st.sampled_from([-1, 0, 1, 5, 30]))
    def close(self, who: str, ago: int) -> None:
        through = self.day(-ago)
        self.play(
            lambda: household.close(self.home, who, through),
            partial(families.close_period, actor=self.actor(who), through=through),
        )

    @precondition(lambda run: run.home.closed_until)
    @rule(who=heads, back=st.sampled_from([None, None, 0, 5]))
    def reopen(self, who: str, back: int | None) -> None:
        through = None if back is None else self.home.closed_until - timedelta(days=back)
        self.play(
            lambda: household.reopen(self.home, who, through),
            partial(families.reopen_period, actor=self.actor(who), through=through),
        )

    @rule(
        who=heads,
        pair=st.sampled_from([("USD", "EUR"), ("EUR", "JPY"), ("JPY", "EUR")]),
        day=days,
        rate=rates.filter(bool),
    )
    def set_rate(self, who: str, pair: tuple[str, str], day: int | None, rate: Decimal) -> None:
        base, quote = pair
        said = {"base": base, "quote": quote, "rate": rate} | ({} if day is None else {"day": self.day(day)})
        self.play(
            lambda: household.set_rate(self.home, who, pair, self.day(day), rate),
            partial(services.set_rate, actor=self.actor(who), fields=said),
        )

    @rule(who=heads, name=st.sampled_from(["Groceries", "Travel", "Salary", "Other expense", "exchange"]), back=seldom)
    def put_category_away(self, who: str, name: str, back: bool) -> None:
        product = services.restore_category if back else services.archive_category
        self.play(
            lambda: household.put_category_away(self.home, who, name, archived=not back),
            partial(product, actor=self.actor(who), category_id=self.pk[name]),
        )

    @rule(who=heads, name=members, changes=words_on_members)
    def edit_member(self, who: str, name: str, changes: dict[str, Any]) -> None:
        said = dict(changes)
        for permission, granted in said.pop("overrides", {}).items():
            said.setdefault("grant" if granted else "withdraw", []).append(permission)
        self.on_member(
            who, name, partial(household.edit_member, changes=changes), families.edit_member, changes=said, version=None
        )

    @rule(who=heads, name=members, state=st.sampled_from(["suspended", "active"]))
    def suspend_or_resume(self, who: str, name: str, state: str) -> None:
        product = families.suspend_member if state == "suspended" else families.resume_member
        self.on_member(who, name, partial(household.set_state, state=state), product)

    @rule(who=heads, name=members, leaves=st.booleans())
    def remove(self, who: str, name: str, leaves: bool) -> None:
        self.on_member(name if leaves else who, name, household.remove, families.remove_member)

    def on_member(self, who: str, name: str, model: Any, product: Any, **said: Any) -> None:
        self.play(
            lambda: model(self.home, who, name),
            partial(product, actor=self.actor(who), membership_id=self.member_pk(name), **said),
        )

    @precondition(lambda run: any(member.state == "ended" for member in run.home.members.values()))
    @rule(role=st.sampled_from(ROLES))
    def come_back(self, role: str) -> None:
        """By an owner's invitation."""
        active = [member for member in self.home.members.values() if member.state == "active"]
        owner = next(member.name for member in active if member.role == "owner")
        gone = next(member.name for member in self.home.members.values() if member.state == "ended")
        with unit_of_work():
            invited = families.create_invitation(actor=self.actor(owner), role=role, email=None)
        self.play(
            lambda: household.come_back(self.home, gone, role),
            partial(families.accept_invitation, actor=self.actor(gone), token=invited.token),
        )

    @rule(who=keepers, name=named, changes=words_on_wallets, offset=st.sampled_from([None, None, 0, -1]))
    def edit_wallet(self, who: str, name: str, changes: dict[str, Any], offset: int | None) -> None:
        version = None if offset is None else self.home.wallets[name].version + offset
        said = {WALLET.get(field, field): value for field, value in changes.items()}
        if "holder_id" in said:
            said["holder_id"] = self.member_pk(said["holder_id"]) if said["holder_id"] else None
        model = partial(household.edit_wallet, changes=changes, version=version)
        self.on_wallet(who, name, model, services.edit_wallet, changes=said, version=version)

    @rule(who=keepers, name=named, back=seldom)
    def put_wallet_away(self, who: str, name: str, back: bool) -> None:
        if back:
            self.on_wallet(who, name, household.restore_wallet, services.restore_wallet)
        else:
            self.on_wallet(who, name, household.archive_wallet, services.archive_wallet)

    @rule(
        who=keepers, name=named, says=st.sampled_from([Decimal(0), Decimal(0), Decimal("80.5"), Decimal(-30)]), day=days
    )
    def reconcile(self, who: str, name: str, says: Decimal, day: int | None) -> None:
        model = partial(household.reconcile, says=says, day=self.day(day))
        self.on_wallet(who, name, model, services.reconcile_wallet, statement_balance=says, day=self.day(day))

    def on_wallet(self, who: str, name: str, model: Any, product: Any, **said: Any) -> None:
        by = (self.home.wallets[name].holder or "owner") if who == "holder" else who
        self.play(
            lambda: model(self.home, by, name),
            partial(product, actor=self.actor(by), wallet_id=self.pk[name], **said),
        )


POLICY = {"threshold": "approval_threshold", "adult_limit": "adult_approval_limit"}
WALLET = {"holder": "holder_id", "floor": "overdraft_limit"}
