"""Many at once: each row is decided as if it came alone, in their order, and all are written or none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from families.models import Membership
from ledger.models import ExchangeRate, Transaction
from tests.conftest import House
from tests.families.helpers import edit
from tests.ledger.helpers import everything, wallet_of, want_approval

pytestmark = pytest.mark.django_db


def bulk(house: House, *rows: dict[str, Any], by: str = "owner") -> Any:
    return house.people[by].http.post("/transactions/bulk", transactions=list(rows))


def places(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code in {400, 409, 422}, answer.json()
    return {place: list(fields) for place, fields in answer.json()["errors"].items()}


def spend(house: House, wallet: str = "cash", amount: str = "1.00", **fields: Any) -> dict[str, Any]:
    return {"from_wallet_id": house.wallets[wallet].pk, "amount": amount, **fields}


def refund(house: House, original: int, amount: str) -> dict[str, Any]:
    return {"to_wallet_id": house.wallets["cash"].pk, "amount": amount, "refund_of": original}


def rate(house: House, value: str, day: date, base: str = "USD", quote: str = "EUR", own: bool = True) -> None:
    family = house.family if own else None
    ExchangeRate.objects.create(family=family, base=base, quote=quote, day=day, rate=Decimal(value))


def test_each_row_has_the_rate_of_its_own_day(house: House):
    """The last one known: a family's own before everybody's, the direct one before the inverse, however old."""
    house.wallets["dollars"] = wallet_of(house.owner, currency="USD")
    house.wallets["pounds"] = wallet_of(house.owner, currency="GBP")
    rate(house, "2", date(2020, 1, 1))
    rate(house, "3", date(2026, 1, 10), own=False)
    rate(house, "4", date(2026, 1, 20), own=False)
    rate(house, "5", date(2026, 1, 20))
    rate(house, "0.125", date(2026, 2, 1), base="EUR", quote="USD")
    rate(house, "0.1", date(2026, 2, 10), base="EUR", quote="USD")
    rate(house, "9", date(2026, 2, 10), own=False)
    rate(house, "10", date(2019, 1, 1), base="GBP", own=False)
    expected = {
        "2021-01-01": "2", "2026-01-09": "2", "2026-01-10": "3", "2026-01-19": "3", "2026-01-20": "5",
        "2026-01-31": "5", "2026-02-01": "8", "2026-02-09": "8", "2026-02-10": "10", "2026-03-01": "10",
    }  # fmt: skip
    rows = [spend(house, "dollars", occurred_on=day) for day in expected] + [spend(house, "pounds")]
    answer = bulk(house, *rows)
    assert answer.status_code == 201, answer.json()
    worth = Transaction.objects.order_by("pk").values_list("base_amount", flat=True)
    assert list(worth) == [*map(Decimal, expected.values()), Decimal(10)]
    for day, value in expected.items():
        single = house.owner.http.post("/transactions", **spend(house, "dollars", occurred_on=day)).json()
        assert Transaction.objects.get(pk=single["id"]).base_amount == Decimal(value), day


def test_a_day_before_the_first_rate_has_none(house: House):
    house.wallets["dollars"] = wallet_of(house.owner, currency="USD")
    rate(house, "2", date(2026, 1, 10))
    days = ("2026-01-10", "2026-01-09", "1970-01-01", "1969-12-31", "0001-01-01")
    before = everything()
    answer = bulk(house, *(spend(house, "dollars", occurred_on=day) for day in days))
    assert places(answer) == {"1": ["body"], "2": ["body"], "3": ["occurred_on"], "4": ["occurred_on"]}
    assert answer.json()["code"] == "exchange_rate_missing"
    assert everything() == before


def test_refunds_of_one_bulk_come_to_no_more_than_the_originals(house: House):
    first, second = (house.spend("10.00").transaction.pk for _ in range(2))
    house.earn("4.00", refund_of=first)
    rows = [refund(house, first, "5.00"), refund(house, second, "10.00"), refund(house, first, "1.00")]
    before = everything()
    answer = bulk(house, *rows, refund(house, second, "0.01"), refund(house, first, "0.01"))
    assert (places(answer), answer.json()["code"]) == ({"3": ["amount"], "4": ["amount"]}, "refund_too_large")
    assert everything() == before
    assert bulk(house, *rows).status_code == 201
    assert places(bulk(house, refund(house, first, "0.01"))) == {"0": ["amount"]}


def test_a_source_ref_is_used_once_on_a_wallet_in_one_bulk_too(house: House):
    house.spend("1.00", "cash", source_ref="S1")
    rows = [
        spend(house, source_ref="S2"),
        spend(house, "anns", source_ref="S1"),
        spend(house, source_ref="S1", draft=True),
        spend(house),
    ]
    before = everything()
    answer = bulk(house, *rows, spend(house, source_ref="S1"), spend(house, source_ref="S2"))
    assert (places(answer), answer.status_code) == ({"4": ["source_ref"], "5": ["source_ref"]}, 409)
    assert everything() == before
    assert bulk(house, *rows).status_code == 201


def test_rows_are_judged_one_after_the_other(house: House):
    """What is spent of a limit and of a wallet by one row is gone for the next; what comes in is there for it."""
    edit(house.owner, house.member, grant=["bulk_transactions"])
    Membership.objects.filter(pk=house.member.membership.pk).update(spending_limit=Decimal(10))
    found = bulk(house, *(spend(house, amount=amount) for amount in ("6.00", "5.00", "4.00")), by="member")
    assert [row["status"] for row in found.json()["transactions"]] == [
        "executed",
        "pending_approval",
        "pending_approval",
    ]
    house.wallets["cash"].refresh_from_db()
    assert (house.wallets["cash"].balance, house.wallets["cash"].held) == (-6, 9)
    pocket = {"to_wallet_id": house.wallets["pocket"].pk, "amount": "5.00"}
    assert places(bulk(house, spend(house, "pocket"), pocket)) == {"0": ["amount"]}
    assert bulk(house, pocket, spend(house, "pocket", "5.00")).status_code == 201


def test_what_waits_in_a_bulk_is_held_for_the_rows_after_it(house: House):
    house.earn("100.00", "pocket")
    want_approval(house, above=50)
    rows = [spend(house, "pocket", "60.00"), spend(house, "pocket", "40.00"), spend(house, "anns", "60.00")]
    before = everything()
    assert places(bulk(house, *rows, spend(house, "pocket", "0.01"), by="adult")) == {"3": ["amount"]}
    assert everything() == before
    found = bulk(house, *rows, by="adult").json()["transactions"]
    assert [row["status"] for row in found] == ["pending_approval", "executed", "pending_approval"]
    for name, expected in (("pocket", (60, 60)), ("anns", (0, 60))):
        house.wallets[name].refresh_from_db()
        assert (house.wallets[name].balance, house.wallets[name].held) == expected


def test_a_bulk_of_one_row_is_refused_as_any_other(house: House):
    for row, field in (({"from_wallet_id": 999_999_999}, "from_wallet_id"), ({"amount": "0"}, "amount")):
        assert places(bulk(house, {**spend(house), **row})) == {"0": [field]}


def test_a_thousand_rows_are_written_together_and_a_wrong_one_among_them_stops_all(house: House):
    rows = [spend(house, amount="0.01", payee=f"Payee {n % 7}", tags=[f"tag {n % 5}"]) for n in range(1000)]
    before = everything()
    assert places(bulk(house, *rows[:999], {**rows[0], "category_id": 999_999_999})) == {"999": ["category_id"]}
    assert everything() == before
    assert len(bulk(house, *rows).json()["transactions"]) == 1000
    house.wallets["cash"].refresh_from_db()
    assert house.wallets["cash"].balance == -10
