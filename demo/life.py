"""What a demo household does, through the use cases that everybody else uses too, at the time it is said to happen."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from accounts.models import User
from accounts.rules import normalise_email
from accounts.services import edit_profile, register
from audit.trail import Actor
from demo.people import Household, NewWallet
from families.models import Membership
from families.services import (
    accept_invitation,
    close_period,
    create_family,
    create_invitation,
    edit_family,
    edit_member,
)
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import services
from ledger.models import Category, Wallet
from ledger.rules import Draft, Split

T = TypeVar("T")


class Life:
    """A household by the names of things: people by first name, wallets, categories ("Other (income)" is the one of
    that kind), and entries by the `key` under which they were recorded."""

    def __init__(self, household: Household, moment: datetime, password_hash: str) -> None:
        """Found the family at that moment."""
        self.household, self.family = household, 0
        self.actors: dict[str, Actor] = {}
        self.members: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        with clock.standing_at(moment):
            self._meet(password_hash)
            self.wallets = {new.name: self._wallet(new) for new in household.wallets}
            self.categories = {
                category.name + " (income)" * (category.kind == "income"): category.pk
                for category in Category.objects.in_family(self.family).usable()
            }

    def record(self, by: str, draft: Draft, *, key: str = "", channel: str = "web") -> None:
        entry = self._do(services.create_transaction, by, channel=channel, draft=draft)
        if key:
            self.entries[key] = entry.transaction.pk

    def confirm(self, by: str, key: str) -> None:
        self._do(services.confirm_transaction, by, transaction_id=self.entries[key], token=None, version=None)

    def reject(self, by: str, key: str, reason: str) -> None:
        self._do(services.reject_transaction, by, transaction_id=self.entries[key], reason=reason)

    def cancel(self, by: str, key: str) -> None:
        self._do(services.cancel_transaction, by, transaction_id=self.entries[key])

    def reverse(self, by: str, key: str, reason: str) -> None:
        self._do(services.reverse_transaction, by, transaction_id=self.entries[key], reason=reason)

    def undo(self, by: str, key: str, reason: str) -> None:
        self._do(services.undo_transaction, by, transaction_id=self.entries[key], reason=reason)

    def edit(self, by: str, key: str, changes: Mapping[str, Any]) -> None:
        head = self._do(services.edit_transaction, by, transaction_id=self.entries[key], changes=changes, version=None)
        self.entries[key] = head.pk

    def expire(self, key: str) -> None:
        with unit_of_work():
            services.expire_transaction(actor=Actor.clock(self.family), transaction_id=self.entries[key])

    def set_rate(self, by: str, base: str, rate: Decimal) -> None:
        fields = {"base": base, "quote": self.household.base_currency, "rate": rate}
        self._do(services.set_rate, by, fields=fields)

    def reconcile(self, by: str, wallet: str, missing: Decimal) -> None:
        """Somebody counts, and finds so much less than the books say."""
        balance = Wallet.objects.in_family(self.family).get(pk=self.wallets[wallet]).balance - missing
        pk = self.wallets[wallet]
        self._do(services.reconcile_wallet, by, wallet_id=pk, statement_balance=balance, day=None)

    def show_balance_only(self, by: str, wallet: str) -> None:
        changes = {"visibility": "balance_only"}
        self._do(services.edit_wallet, by, wallet_id=self.wallets[wallet], changes=changes, version=None)

    def close(self, by: str, through: date) -> None:
        self._do(close_period, by, through=through)

    def invite(self, by: str, role: Any, email: str) -> None:
        self._do(create_invitation, by, role=role, email=email)

    def draft(
        self, amount: str | Decimal, source: str = "", target: str = "", *, category: str = "", **facts: Any
    ) -> Draft:
        """A draft by names. Of the facts, `splits` maps categories to amounts, `for_whom` people to weights, and
        `refund_of` is a key; the others are the draft's own."""
        splits, for_whom, original = facts.pop("splits", {}), facts.pop("for_whom", {}), facts.pop("refund_of", "")
        return Draft(
            Decimal(amount),
            self.wallets.get(source),
            self.wallets.get(target),
            self.categories[category] if category else None,
            splits=tuple(Split(self.categories[name], Decimal(part)) for name, part in splits.items()),
            for_members=tuple((self.members[name], Decimal(weight)) for name, weight in for_whom.items()),
            refund_of=self.entries[original] if original else None,
            **facts,
        )

    def _meet(self, password_hash: str) -> None:
        founder, *others = self.household.people
        for person in self.household.people:
            with unit_of_work():
                register(
                    actor=Actor(channel="web"),
                    email=normalise_email(person.email),
                    password_hash=password_hash,
                    first_name=person.first_name,
                    last_name=person.last_name,
                )
            user = User.objects.get(email=normalise_email(person.email))
            User.objects.filter(pk=user.pk).update(email_verified_at=clock.now())  # nobody reads mail there
            self.actors[person.first_name] = Actor(user.pk, channel="web", proof_age=timedelta(0))
            zone = {"timezone": self.household.timezone}
            self._do(edit_profile, person.first_name, changes=zone, version=None)
        home = self.household
        made = self._do(
            create_family, founder.first_name, name=home.name, base_currency=home.base_currency, timezone=home.timezone
        )
        self.family = made.pk
        limits = {"approval_threshold": home.approval_threshold, "adult_approval_limit": home.adult_approval_limit}
        self._do(edit_family, founder.first_name, changes=limits, version=None)
        for person in others:
            invited = self._do(create_invitation, founder.first_name, role=person.role, email=person.email)
            self._do(accept_invitation, person.first_name, token=invited.token)
        mine = Membership.objects.in_family(self.family).select_related("user")
        self.members = {member.user.first_name: member.pk for member in mine}
        for person in others:
            if person.spending_limit is not None:
                changes = {"spending_limit": person.spending_limit}
                pk = self.members[person.first_name]
                self._do(edit_member, founder.first_name, membership_id=pk, changes=changes, version=None)

    def _wallet(self, new: NewWallet) -> int:
        fields: dict[str, Any] = {"name": new.name, "type": new.type, "visibility": new.visibility}
        fields["opening_balance"] = Decimal(new.opening)
        if new.currency:
            fields["currency"] = new.currency
        if new.holder:
            fields["holder_id"] = self.members[new.holder]
        if new.overdraft_limit is not None:
            fields["overdraft_limit"] = Decimal(new.overdraft_limit)
        by = new.made_by or self.household.people[0].first_name
        return self._do(services.create_wallet, by, fields=fields).pk

    def _do(self, use_case: Callable[..., T], by: str, *, channel: str = "web", **arguments: Any) -> T:
        known = self.actors[by]
        actor = Actor(known.user, self.family or None, channel=channel, proof_age=known.proof_age)
        with unit_of_work():
            return use_case(actor=actor, **arguments)
