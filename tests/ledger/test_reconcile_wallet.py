"""Making a wallet say what its statement says."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from families.models import Family
from financebot.common import clock
from financebot.common.errors import PermissionDenied
from financebot.common.usecase import unit_of_work
from ledger.errors import WalletArchived
from ledger.models import Wallet
from ledger.services import archive_wallet, reconcile_wallet
from tests.conftest import House

pytestmark = pytest.mark.django_db


def reconcile(house: House, balance: str, wallet: str = "cash", by: str = "owner", **day: Any) -> Any:
    with unit_of_work():
        return reconcile_wallet(
            actor=house.people[by].actor,
            wallet_id=house.wallets[wallet].pk,
            statement_balance=Decimal(balance),
            day=day.get("day"),
        )


@pytest.mark.parametrize("by", ["owner", "adult"])
def test_nobody_but_its_holder_reconciles_a_wallet_whose_rows_are_hidden(house: House, by: str):
    Wallet.objects.filter(pk=house.wallets["members"].pk).update(visibility="balance_only")
    for balance in ("5.00", "0.00"):
        with pytest.raises(PermissionDenied):
            reconcile(house, balance, "members", by)
    assert Wallet.objects.get(pk=house.wallets["members"].pk).balance == Decimal(0)


@pytest.mark.parametrize("balance", ["5.00", "0.00"])
def test_a_wallet_that_was_put_away_is_not_reconciled(house: House, balance: str):
    with unit_of_work():
        archive_wallet(actor=house.owner.actor, wallet_id=house.wallets["cash"].pk)
    with pytest.raises(WalletArchived):
        reconcile(house, balance)


def test_what_moved_after_the_statement_stays_out_of_it(house: House):
    house.earn("10.00", occurred_on=clock.today("UTC") - timedelta(days=2))
    house.earn("3.00")
    found = reconcile(house, "11.00", day=clock.today("UTC") - timedelta(days=1))
    assert found.wallet.balance == Decimal("14.00")
    assert reconcile(house, "14.00").adjustment_id is None


def test_an_adult_reconciles_up_to_their_limit(house: House):
    Family.objects.filter(pk=house.family.pk).update(adult_approval_limit=Decimal(500))
    with pytest.raises(PermissionDenied):
        reconcile(house, "500.01", by="adult")
    assert reconcile(house, "500.00", by="adult").wallet.balance == Decimal(500)
    assert reconcile(house, "1500.00").wallet.balance == Decimal(1500)
