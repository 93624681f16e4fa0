"""Many at once, on PostgreSQL: what real threads with real locks may and may not do."""

from decimal import Decimal
from functools import partial

import pytest

from ledger.errors import AlreadyReversed, InsufficientFunds
from ledger.models import Transaction, Wallet
from ledger.verify import verify
from tests.conftest import build_house, record
from tests.http import Http

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_of_fifty_spends_of_the_whole_balance_exactly_one_succeeds(threads):
    house = build_house()
    house.earn("80.00", "pocket")
    pocket = house.wallets["pocket"].pk
    outcomes = threads([partial(record, house.child, "80.00", from_wallet=pocket) for _ in range(50)])
    refused = [outcome for outcome in outcomes if isinstance(outcome, InsufficientFunds)]
    assert len(refused) == 49
    assert Wallet.objects.get(pk=pocket).balance == Decimal(0)
    assert list(verify()) == []


def test_of_thirty_reversals_exactly_one_succeeds(threads):
    house = build_house()
    entry = house.spend("10.00").transaction.pk
    owner = house.owner.http
    answers = threads([partial(owner.post, f"/transactions/{entry}/reverse") for _ in range(30)])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 29
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {AlreadyReversed.code}
    assert Transaction.objects.filter(reverses_id=entry).count() == 1
    assert list(verify()) == []


def test_transfers_in_both_directions_at_once_deadlock_nobody(threads):
    house = build_house()
    for wallet in ("cash", "anns"):
        house.earn("1000.00", wallet)
    there = partial(house.move, "1.00", "cash", "anns")
    back = partial(house.move, "1.00", "anns", "cash")
    outcomes = threads([there, back] * 20)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert {w.balance for w in Wallet.objects.filter(name__in=["cash", "anns"])} == {Decimal("1000.00")}
    assert list(verify()) == []


def test_one_address_registered_twenty_times_at_once_makes_one_account(threads):
    body = {"email": "twice@example.org", "password": "correct horse battery"}
    answers = threads([partial(Http().post, "/auth/register", **body) for _ in range(20)])
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 19
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"email_taken"}
