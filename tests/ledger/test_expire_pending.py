"""What nobody decides for thirty days ends; the clock does it, and it alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from audit.trail import Actor
from families.services import archive_family
from financebot.common.errors import NotFound
from financebot.common.usecase import unit_of_work
from ledger.models import Transaction, Wallet
from ledger.services import edit_transaction, expire_transaction
from tests.conftest import House

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 12, 2, 9, 59, 59, tzinfo=UTC)
THIRTY_DAYS = timedelta(days=30)


@pytest.fixture
def asked(house: House, time_machine) -> Transaction:
    time_machine.move_to(BEGAN, tick=False)
    found = house.spend("600.00", by="member").transaction
    assert found.status == "pending_approval"
    return found


def expire() -> str:
    said = StringIO()
    call_command("expire_pending", stdout=said)
    return said.getvalue().strip()


@pytest.mark.parametrize(("later", "status", "held"), [
    (THIRTY_DAYS - timedelta(seconds=1), "pending_approval", "600.00"),
    (THIRTY_DAYS, "expired", "0"),
])  # fmt: skip
def test_it_waits_for_thirty_days_to_the_second(house: House, asked: Transaction, time_machine, later, status, held):
    time_machine.move_to(BEGAN + later, tick=False)
    assert expire() == f"{int(status == 'expired')} transactions expired"
    asked.refresh_from_db()
    assert (asked.status, Wallet.objects.get(pk=house.wallets["cash"].pk).held) == (status, Decimal(held))


def test_what_was_edited_meanwhile_waits_anew(house: House, asked: Transaction, time_machine):
    """Though the command has found it overdue."""
    time_machine.move_to(BEGAN + THIRTY_DAYS, tick=False)
    with unit_of_work():
        changes = {"amount": Decimal("700.00")}
        edit_transaction(actor=house.owner.actor, transaction_id=asked.pk, changes=changes, version=None)
    with pytest.raises(NotFound), unit_of_work():
        expire_transaction(actor=Actor.clock(house.family.pk), transaction_id=asked.pk)
    asked.refresh_from_db()
    assert asked.status == "pending_approval"


def test_in_an_archived_family_nothing_ends(house: House, asked: Transaction, time_machine):
    with unit_of_work():
        archive_family(actor=house.owner.actor)
    time_machine.move_to(BEGAN + THIRTY_DAYS, tick=False)
    assert expire() == "0 transactions expired"
