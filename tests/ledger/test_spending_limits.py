"""What counts of a member's last seven days."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from families.models import Membership
from financebot.common.usecase import unit_of_work
from ledger.services import confirm_transaction
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


@pytest.mark.parametrize(("later", "status"), [
    (timedelta(days=7, seconds=-1), "pending_approval"),
    (timedelta(days=7), "executed"),
])  # fmt: skip
def test_what_was_recorded_counts_for_seven_days_to_the_second(house: House, time_machine, later, status):
    began = datetime(2026, 12, 31, 9, 59, 59, tzinfo=UTC)
    time_machine.move_to(began, tick=False)
    limit(house, 100)
    house.spend("80.00", by="member")
    time_machine.move_to(began + later, tick=False)
    assert house.spend("20.01", by="member").transaction.status == status


def test_what_waits_counts_until_it_is_decided_and_what_was_approved_does_not(house: House):
    limit(house, 100)
    asked = house.spend("150.00", by="member").transaction
    assert asked.status == "pending_approval"
    assert house.spend("0.01", by="member").transaction.status == "pending_approval"
    for entry in (asked.pk, asked.pk + 1):
        with unit_of_work():
            confirm_transaction(actor=house.owner.actor, transaction_id=entry, token=None, version=None)
    assert house.spend("100.00", by="member").transaction.status == "executed"
    assert house.spend("0.01", by="member").transaction.status == "pending_approval"
