"""What counts of a member's last seven days."""

from decimal import Decimal
from typing import Any

import pytest

from families.models import Membership
from tests.conftest import House

pytestmark = pytest.mark.django_db


def limit(house: House, amount: int) -> None:
    Membership.objects.filter(pk=house.member.membership.pk).update(spending_limit=Decimal(amount))


def spend(house: House, amount: str) -> dict[str, Any]:
    cash = house.wallets["cash"].pk
    found: dict[str, Any] = house.member.http.post(
        "/transactions", family_id=house.family.pk, from_wallet_id=cash, amount=amount
    ).json()
    return found


@pytest.mark.parametrize(("edited", "more", "status"), [
    ("10.00", "20.00", "executed"),
    ("10.00", "20.01", "pending_approval"),
    ("90.00", "10.00", "executed"),
    ("90.00", "10.01", "pending_approval"),
])  # fmt: skip
def test_of_an_entry_and_what_waits_to_replace_it_the_greater_counts(house: House, edited, more, status):
    limit(house, 100)
    entry = spend(house, "80.00")
    limit(house, 5)
    replacement = house.member.http.patch(f"/transactions/{entry['id']}", amount=edited).json()
    assert (entry["status"], replacement["status"]) == ("executed", "pending_approval")
    limit(house, 100)
    assert spend(house, more)["status"] == status
