import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from accounts.authentication import SESSION_KEY
from accounts.models import User
from audit.relay import relay_once
from families.models import Membership
from families.services import create_invitation
from financebot.common.usecase import unit_of_work
from ledger.models import Category, Wallet
from tests.conftest import House, Person, person, record
from tests.ledger.helpers import wallet_of

PRIVATE, FOREIGN = "Zebra", "Quagga"  # marks of what an owner never sees
MARKS = (PRIVATE.lower(), FOREIGN.lower(), "7654.32")  # no random token has a point in it
OFFICE = "/admin/"


class Desk:
    """A browser in the back office."""

    def __init__(self, someone: Person | None) -> None:
        self.client = Client(enforce_csrf_checks=True)
        if someone:
            session = self.client.session
            session[SESSION_KEY] = someone.session.pk
            session.save()

    def get(self, path: str = "", **query: Any) -> Any:
        return self.client.get(path if path.startswith("/") else OFFICE + path, query)

    def post(self, path: str, **fields: Any) -> Any:
        """Send a form that was loaded before, as a browser does."""
        token = self.client.cookies.get("csrf") or self._token()
        return self.client.post(
            path if path.startswith("/") else OFFICE + path, {"csrfmiddlewaretoken": token.value, **fields}
        )

    def _token(self) -> Any:
        self.client.get("/login")
        return self.client.cookies["csrf"]

    def choose(self, path: str, act: str, *rows: Any) -> Any:
        """Pick rows of a list and an action: the page that asks."""
        return self.post(path, action=act, **{ACTION_CHECKBOX_NAME: [row.pk for row in rows]})

    def act(self, path: str, name: str, *rows: Any, **said: Any) -> Any:
        """Choose, and send the page that asks as it stands, with what is said."""
        page = self.choose(path, name, *rows)
        assert page.status_code == 200, page
        shown: dict[str, list[str]] = {}
        for field, value in re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)"', page.content.decode()):
            shown.setdefault(field, []).append(value)
        shown.pop("csrfmiddlewaretoken")
        return self.post(path, **shown, **said)


def told(answer: Any) -> list[str]:
    """The messages that a page will show."""
    return [str(message) for message in answer.wsgi_request._messages]


@pytest.fixture
def desk(house: House) -> Callable[[str], Desk]:
    return lambda name: Desk(house.people[name])


@pytest.fixture
def operator(db: None) -> Desk:
    """Somebody who runs the installation and belongs to no family."""
    someone = person(first_name="Opal")
    User.objects.filter(pk=someone.user.pk).update(is_staff=True, is_superuser=True)
    return Desk(someone)


@pytest.fixture
def hidden(house: House) -> dict[str, Any]:
    """What Olga must not learn of: an adult's private wallets and what moved on them, a draft, another family."""
    adult, secret = house.people["adult"], house.wallets["secret"]
    Wallet.objects.filter(pk=secret.pk).update(name=f"{PRIVATE} box")
    words = {"description": f"{PRIVATE} lunch", "payee": f"{PRIVATE} inn", "tags": (PRIVATE,), "notes": PRIVATE}
    dollars = wallet_of(adult, name=f"{PRIVATE} dollars", currency="USD", holder_id=adult.membership.pk)
    found = {
        "wallet": secret,
        "spent": record(adult, "76.54", from_wallet=secret.pk, **words).transaction,
        "draft": record(adult, "7654.32", from_wallet=house.wallets["cash"].pk, later=True, **words).transaction,
        "moved": record(adult, "5.00", from_wallet=house.wallets["cash"].pk, to_wallet=secret.pk).transaction,
        "dollars": dollars,
    }
    exchange = {"from_wallet": house.wallets["cash"].pk, "to_wallet": dollars.pk, "to_amount": Decimal("7654.32")}
    found["exchanged"] = record(adult, "10.00", **exchange).transaction
    Wallet.objects.filter(pk=dollars.pk).update(visibility="private")
    found |= foreign(house.people["stranger"])
    while relay_once():
        pass
    return found


def foreign(stranger: Person) -> dict[str, Any]:
    family = stranger.membership.family
    family.name = f"{FOREIGN} family"
    family.save(update_fields=["name"])
    User.objects.filter(pk=stranger.user.pk).update(first_name=FOREIGN, email="quagga@example.org")
    box = wallet_of(stranger, name=f"{FOREIGN} box", opening_balance=Decimal("7654.32"))
    spent = record(stranger, "7654.32", from_wallet=box.pk, description=FOREIGN, payee=FOREIGN, tags=(FOREIGN,))
    with unit_of_work():
        invited = create_invitation(actor=stranger.actor, role="adult", email="quagga@example.net")
    category = Category.objects.in_family(family.pk).first()
    Category.objects.filter(pk=category.pk).update(name=FOREIGN)
    return {
        "foreign_family": family,
        "foreign_member": Membership.objects.get(family=family),
        "foreign_wallet": box,
        "foreign_spent": spent.transaction,
        "foreign_invitation": invited.invitation,
        "foreign_category": category,
    }
