"""Whom the fuzzer speaks for, and the ids that it puts into what it makes up."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from accounts.models import LoginSession, User
from accounts.tokens import pair
from families.models import Invitation, Membership
from families.services import create_invitation
from financebot.common.usecase import unit_of_work
from ledger.models import Category, Transaction, Wallet
from tests.conftest import ROLE_NAMES, ROLES, House, build_house, session_of
from tests.ledger.helpers import want_approval

EVERY = 30  # newest rows of a kind whose ids are used


def built() -> House:
    """A family with entries of every status, an invitation, and a password for everybody that is known."""
    house = build_house()
    house.earn("1000")
    house.earn("50", wallet="pocket", by="owner")
    house.spend("10")
    want_approval(house)
    house.spend("3", wallet="pocket", by="child")
    house.spend("2", later=True)
    with unit_of_work():
        create_invitation(actor=house.owner.actor, role="adult", email=None)
    return house


def is_whole(house: House) -> bool:
    """Whether everybody is still who they were: calls may have put people out, archived it all, opened other homes."""
    people = {house.people[name].membership.pk: ROLE_NAMES.get(name, name) for name in ROLES}
    members = Membership.objects.filter(user__in=[house.people[name].user.pk for name in ROLES])
    roles = dict(members.filter(state="active", family__archived_at=None).values_list("pk", "role"))
    return roles == people


@dataclass
class Caller:
    """One of the cast in the house of the moment; `nobody` has no token."""

    name: str
    house: House = field(default_factory=built)

    def come_again(self) -> None:
        """A house that can be worked with, before the next operation."""
        if not is_whole(self.house):
            self.house = built()

    def headers(self) -> dict[str, str]:
        """The token of a new session, with a fresh proof."""
        if self.name == "nobody":
            return {}
        user = User.objects.get(pk=self.house.people[self.name].user.pk)
        return {"Authorization": f"Bearer {pair(session_of(user)).access_token}"}

    def ids(self) -> dict[str, list[int]]:
        """By kind: rows of the family, and of the one next door."""
        person = self.house.people.get(self.name, self.house.owner)
        own, foreign = self.house.family.pk, self.house.stranger.membership.family_id
        of_families = {
            "wallets": Wallet,
            "categories": Category,
            "transactions": Transaction,
            "members": Membership,
            "invitations": Invitation,
        }
        return {
            "families": [own, foreign],
            "sessions": newest(LoginSession.objects.filter(user=person.user)),
            **{
                kind: newest(model.objects.filter(family=own)) + newest(model.objects.filter(family=foreign))[:2]
                for kind, model in of_families.items()
            },
        }


def newest(rows: QuerySet[Any]) -> list[int]:
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:EVERY])
