"""Who may say yes to what they had a hand in."""

from decimal import Decimal

import pytest

from financebot.common.usecase import unit_of_work
from ledger.errors import OwnTransaction
from ledger.services import confirm_transaction, edit_transaction
from tests.conftest import House

pytestmark = pytest.mark.django_db


def edit(house: House, by: str, entry: int) -> None:
    with unit_of_work():
        changes = {"amount": Decimal("700.00")}
        edit_transaction(actor=house.people[by].actor, transaction_id=entry, changes=changes, version=None)


def confirm(house: House, by: str, entry: int) -> str:
    with unit_of_work():
        return confirm_transaction(actor=house.people[by].actor, transaction_id=entry, token=None, version=None).status


def test_who_edited_it_last_does_not_approve_it_and_somebody_else_does(house: House):
    entry = house.spend("600.00", by="member").transaction.pk
    edit(house, "owner", entry)
    with pytest.raises(OwnTransaction):
        confirm(house, "owner", entry)
    assert confirm(house, "adult", entry) == "executed"


def test_who_recorded_it_does_not_approve_what_somebody_else_made_of_it(house: House):
    entry = house.spend("600.00", by="adult").transaction.pk
    edit(house, "owner", entry)
    with pytest.raises(OwnTransaction):
        confirm(house, "adult", entry)
