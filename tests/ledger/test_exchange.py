"""Exchanges over HTTP: what they book, and what they count as where people have to agree."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from financebot.common import clock
from ledger.models import Posting, Transaction
from tests.conftest import House
from tests.ledger.helpers import balance, want_approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def dollars(house: House) -> int:
    """A family wallet with 10,000 USD, at 0.90 EUR since yesterday."""
    yesterday = (clock.today("UTC") - timedelta(days=1)).isoformat()
    rate = {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.9", "date": yesterday}
    house.owner.http.post("/exchange-rates", family_id=house.family.pk, **rate)
    fields = {"name": "Dollars", "type": "bank", "currency": "USD", "opening_balance": "10000.00"}
    found: int = house.owner.http.post("/wallets", family_id=house.family.pk, **fields).json()["id"]
    return found


def exchange(house: House, dollars: int, amount: str, to_amount: str, **fields: Any) -> Any:
    fields = {"from_wallet_id": dollars, "to_wallet_id": house.wallets["cash"].pk, **fields}
    body = {"amount": amount, "to_amount": to_amount, **fields}
    return house.adult.http.post("/transactions", family_id=house.family.pk, **body).json()


def test_both_sides_move_against_the_exchange_category(house: House, dollars: int):
    want_approval(house, above=500)
    before = balance(house.wallets["cash"])
    found = exchange(house, dollars, "100.00", "92.00")
    assert (found["type"], found["status"], found["to_amount"]) == ("exchange", "executed", "92.00")
    assert balance(house.wallets["cash"]) == before + 92
    rows = Posting.objects.filter(transaction=found["id"]).order_by("currency", "amount")
    assert [(p.currency, p.amount, p.base_amount) for p in rows] == [
        ("EUR", Decimal(-92), Decimal(-92)),
        ("EUR", Decimal(92), Decimal(92)),
        ("USD", Decimal(-100), Decimal(-92)),
        ("USD", Decimal(100), Decimal(92)),
    ]


@pytest.mark.parametrize("days_ago", [0, 1, 30], ids=["today", "when the rate came", "before any rate"])
def test_a_fortune_given_for_nothing_counts_as_the_fortune(house: House, dollars: int, days_ago: int):
    want_approval(house, above=500)
    day = (clock.today("UTC") - timedelta(days=days_ago)).isoformat()
    found = exchange(house, dollars, "1000.00", "1.00", occurred_on=day)
    assert found["status"] == "pending_approval"
    assert Transaction.objects.get(pk=found["id"]).base_amount == 900


def test_what_brings_more_than_the_rate_says_counts_as_what_it_brings(house: House, dollars: int):
    want_approval(house, above=500)
    assert exchange(house, dollars, "500.00", "500.01")["status"] == "pending_approval"
    assert exchange(house, dollars, "500.00", "500.00")["status"] == "executed"
