"""Steps that decide on what waits, and steps that put things right."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.core.management import call_command
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ledger import services
from tests.ledger.machine.base import CAST, amounts, concerned, recent
from tests.ledger.machine.recording import OWN, Recording, expenses, for_whom, rates, splits, wallets
from tests.ledger.model import correcting, deciding
from tests.ledger.model.facts import Entry

something_waits = precondition(lambda run: any(e.status == "pending_approval" for e in run.home.entries))
versions = st.sampled_from([None, None, None, 0, 0, -1])  # not said, the one at hand, an earlier one

changes = st.one_of(
    st.fixed_dictionaries({"amount": amounts}),
    st.fixed_dictionaries({"amount": amounts}),
    st.fixed_dictionaries({"amount": amounts, "description": st.just("Changed")}),
    st.fixed_dictionaries({"source": wallets}),
    st.fixed_dictionaries({"target": wallets}),
    st.fixed_dictionaries({"source": wallets, "target": wallets}),
    st.fixed_dictionaries({"source": st.none(), "target": wallets}),
    st.fixed_dictionaries({"source": wallets, "target": st.none()}),
    st.fixed_dictionaries({"category": expenses}),
    st.fixed_dictionaries({"amount": st.just(Decimal(100)), "splits": splits(Decimal(100))}),
    st.fixed_dictionaries({"day": st.sampled_from([0, -1, -20, 1])}),
    st.fixed_dictionaries({"rate": rates}),
    st.fixed_dictionaries({"to_amount": amounts}),
    st.fixed_dictionaries({"for_members": for_whom}),
)


class Deciding(Recording):
    @something_waits
    @rule(who=st.sampled_from(list(CAST)), which=recent, offset=versions)
    def confirm(self, who: str, which: int, offset: int | None) -> None:
        self.approve(self.pick(which, "pending_approval"), who, offset)

    @something_waits
    @rule(which=recent)
    def confirm_by_others(self, which: int) -> None:
        """By all who may, one after the other; by an owner behind it, where there is nobody else."""
        entry = self.pick(which, "pending_approval")
        others = [member.name for member in deciding.others(self.home, entry)]
        for who in others or [entry.maker]:
            self.approve(entry, who, None)

    def approve(self, entry: Entry, who: str, offset: int | None) -> None:
        version = said(entry, offset)
        model = partial(deciding.confirm, version=version)
        self.on(entry, who, model, services.confirm_transaction, version=version, token=None)

    @something_waits
    @rule(who=concerned, which=recent)
    def reject(self, who: str, which: int) -> None:
        self.on(self.pick(which, "pending_approval"), who, deciding.reject, services.reject_transaction, reason="No")

    @precondition(lambda run: any(e.status in {"pending_approval", "draft"} for e in run.home.entries))
    @rule(who=concerned, which=recent)
    def cancel(self, who: str, which: int) -> None:
        self.on(self.pick(which, "pending_approval", "draft"), who, deciding.cancel, services.cancel_transaction)

    @something_waits
    @rule(hours=st.sampled_from([24 * 29, 24 * 30]))
    def let_expire(self, hours: int) -> None:
        self.wait(hours)
        deciding.expire(self.home)
        call_command("expire_pending", verbosity=0)
        self.compare()


class Correcting(Recording):
    @rule(who=concerned, which=recent)
    def reverse(self, who: str, which: int) -> None:
        self.on(self.pick(which, "executed"), who, correcting.reverse, services.reverse_transaction, reason="")

    @rule(who=concerned, which=recent)
    def undo(self, who: str, which: int) -> None:
        self.on(self.pick(which, "executed"), who, correcting.undo, services.undo_transaction, reason="")

    @rule(who=concerned, which=recent, offset=versions)
    def edit_words(self, who: str, which: int, offset: int | None) -> None:
        self.edit(self.pick(which), who, {"description": "Said"}, offset)

    @rule(who=concerned, which=recent, changes=changes, offset=versions)
    def edit_facts(self, who: str, which: int, changes: dict[str, Any], offset: int | None) -> None:
        self.edit(self.pick(which, "executed"), who, changes, offset)

    @something_waits
    @rule(who=concerned, which=recent, changes=changes, offset=versions)
    def edit_waiting(self, who: str, which: int, changes: dict[str, Any], offset: int | None) -> None:
        self.edit(self.pick(which, "pending_approval", "draft"), who, changes, offset)

    def edit(self, entry: Entry, who: str, changes: dict[str, Any], offset: int | None) -> None:
        by = entry.author if who == "author" else who
        own = self.own_wallet(by)
        changes = {name: own if value == OWN else value for name, value in changes.items()}
        if "day" in changes:
            changes["day"] = self.day(changes["day"])
        version = said(entry, offset)
        product = {"changes": self.as_named(changes), "version": version}
        model = partial(correcting.edit, changes=changes, version=version)
        self.on(entry, by, model, services.edit_transaction, **product)


def said(entry: Entry, offset: int | None) -> int | None:
    return None if offset is None else entry.version + offset or 2  # there is no version 0
