"""An executed entry whose money changes: its reversal and its replacement, together or not at all."""

from decimal import Decimal

import pytest

from financebot.common.usecase import unit_of_work
from ledger.errors import WalletArchived
from ledger.models import Transaction, Wallet
from ledger.services import archive_wallet, edit_transaction
from tests.conftest import House

pytestmark = pytest.mark.django_db


def test_money_is_not_put_back_into_a_wallet_that_was_put_away(house: House):
    house.earn("10.00", wallet="anns")
    spent = house.spend("10.00", wallet="anns").transaction
    with unit_of_work():
        archive_wallet(actor=house.owner.actor, wallet_id=house.wallets["anns"].pk)
    before = Transaction.objects.count()
    with pytest.raises(WalletArchived), unit_of_work():
        edit_transaction(
            actor=house.owner.actor,
            transaction_id=spent.pk,
            changes={"from_wallet": house.wallets["cash"].pk},
            version=None,
        )
    assert Wallet.objects.get(pk=house.wallets["anns"].pk).balance == Decimal(0)
    assert Transaction.objects.count() == before
