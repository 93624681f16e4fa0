"""What the ledger's writes cost in statements: the same for one as for many, but for what each row is in itself."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection

from financebot.common import clock
from ledger.models import Category, ExchangeRate, Wallet
from tests.conftest import House
from tests.ledger.helpers import wallet_of, want_approval
from tests.permission_rows import category, drafted, waiting
from tests.security.ledger_runs import replaced
from tests.test_query_counts import READS_MAX, statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_notes")]


def used(house: House) -> int:
    return int(house.spend("5.00", tags=("a", "b"), payee="Baker").transaction.pk)


def to_replace_later(house: House) -> int:
    pk = int(house.spend("5.00", by="adult").transaction.pk)
    want_approval(house)
    return pk


def waiting_replacement(house: House) -> int:
    return replaced(house)[1]


def whom(house: House) -> dict[str, Any]:
    return {"for_members": [{"membership_id": house.child.membership.pk, "share": "1"}]}


LOCK = connection.vendor == "postgresql"  # the family's lock is a statement there
WORDS = {"notes": "x", "tags": ["c", "d"], "payee": "Butcher"}
MOST = [  # operation, who, an entry for it, body, statements
    ("post /submit", "owner", drafted("owner", "cash"), {}, 25),
    ("post /submit", "child", drafted("child", "pocket"), {}, 25),
    ("post /confirm", "owner", waiting("member", "cash"), {"confirmation_token": None}, 20),
    ("post /confirm", "owner", waiting("member", "cash", approvals=2), {"confirmation_token": None}, 16),
    ("post /confirm", "owner", waiting_replacement, {"confirmation_token": None}, 29),
    ("post /reject", "owner", waiting("member", "cash"), {"reason": "no"}, 16),
    ("post /cancel", "member", waiting("member", "cash"), {}, 15),
    ("post /cancel", "owner", drafted("owner", "cash"), {}, 11),
    ("post /reverse", "owner", used, {"reason": "wrong"}, 21),
    ("post /undo", "owner", used, {}, 21),
    ("delete ", "owner", used, {}, 21),
    ("patch ", "owner", used, WORDS, 24),
    ("patch ", "owner", used, {"amount": "6.00"}, 34),
    ("patch ", "owner", used, {"amount": "6.00", **WORDS}, 45),
    ("patch ", "adult", to_replace_later, {"amount": "6.00"}, 24),
    ("patch ", "member", waiting("member", "cash"), {"amount": "6.00"}, 25),
    ("patch ", "owner", drafted("owner", "cash"), {"amount": "6.00"}, 23),
    ("patch ", "owner", used, whom, 17),
]


@pytest.mark.parametrize(("call", "who", "made", "body", "most"), MOST)
def test_what_is_done_to_an_entry_costs_a_few_statements(
    house: House, call: str, who: str, made: Callable[[House], int], body: Any, most: int
):
    pk, given = made(house), body(house) if callable(body) else body
    (method, path), http = call.split(" "), house.people[who].http
    found = statements(partial(http.call, method, f"/transactions/{pk}{path}", given))
    assert len(found) <= most + LOCK, "\n".join(found)


def plain(house: House, place: int) -> dict[str, Any]:
    return {"from_wallet_id": house.wallets["cash"].pk, "amount": "1.00"}


def in_category(house: House, place: int) -> dict[str, Any]:
    return {**plain(house, place), "category_id": category(house, f"Category {place}")}


def in_parts(house: House, place: int) -> dict[str, Any]:
    parts = [{"category_id": category(house, f"Part {place} {n}"), "amount": "0.50"} for n in range(2)]
    return {**plain(house, place), "splits": parts}


def for_all(house: House, place: int) -> dict[str, Any]:
    people = [house.people[name].membership.pk for name in ("owner", "adult", "member", "child", "reader")]
    return {**plain(house, place), "for_members": [{"membership_id": people[place % 5], "share": "1"}]}


def in_words(house: House, place: int) -> dict[str, Any]:
    words = {"payee": f"Payee {place}", "tags": [f"tag {place}", "food"], "source_ref": f"S{place}"}
    return {**plain(house, place), **words}


def on_a_wallet(house: House, place: int) -> dict[str, Any]:
    return {**plain(house, place), "from_wallet_id": wallet_of(house.owner, name=f"Wallet {place}").pk}


def refunding(house: House, place: int) -> dict[str, Any]:
    original = house.spend("5.00", occurred_on=date(2026, 1, 1)).transaction.pk
    return {"to_wallet_id": house.wallets["cash"].pk, "amount": "1.00", "refund_of": original}


def abroad(house: House, place: int) -> dict[str, Any]:
    """In other currencies, on days with rates of their own."""
    currency, day = ("USD", "GBP", "CHF")[place % 3], date(2025, 1, 1) + timedelta(days=place % 1000)
    rate = {"base": currency, "quote": "EUR", "rate": Decimal(2), "source": "manual"}
    ExchangeRate.objects.get_or_create(family=house.family, **rate, day=day)
    ExchangeRate.objects.get_or_create(family=house.family, **rate, day=date(2024, 12, 1))
    wallet = Wallet.objects.filter(family=house.family, currency=currency).first()
    wallet = wallet or wallet_of(house.owner, name=currency, currency=currency)
    return {**plain(house, place), "from_wallet_id": wallet.pk, "occurred_on": day.isoformat()}


def moving(house: House, place: int) -> dict[str, Any]:
    return {**plain(house, place), "to_wallet_id": house.wallets["anns"].pk, "category_id": category(house)}


def kept(house: House, place: int) -> dict[str, Any]:
    return {**in_words(house, place), "draft": True}


# statements that a row is in itself: a balance moves by one posting at a time, and a status follows its own
ROWS: list[tuple[Callable[[House, int], dict[str, Any]], int]] = [
    (plain, 2),
    (in_category, 2),
    (in_parts, 2),
    (for_all, 2),
    (in_words, 2),
    (on_a_wallet, 2),
    (refunding, 2),
    (abroad, 2),
    (moving, 3),
    (kept, 0),
]
INSERTS = ("INSERT INTO", "INSERT OR IGNORE INTO")


def looked_up(found: list[str]) -> list[str]:
    """Without the inserts, which go out in batches as large as the database takes."""
    return [sql for sql in found if not sql.strip().startswith(INSERTS)]


@pytest.mark.parametrize(("row", "own"), ROWS)
def test_a_bulk_looks_everything_up_once_however_many_rows_it_has(house: House, row: Any, own: int):
    counts = {}
    for rows in (10, 100):
        body = [row(house, place) for place in range(rows * 1000, rows * 1000 + rows)]
        found = statements(partial(house.owner.http.post, "/transactions/bulk", transactions=body))
        counts[rows] = len(looked_up(found)) - own * rows
    assert counts[100] <= counts[10] <= 22


def test_what_waits_of_a_bulk_waits_at_once(house: House):
    want_approval(house)
    for rows in (10, 100):
        body = [plain(house, place) for place in range(rows)]
        found = statements(partial(house.adult.http.post, "/transactions/bulk", transactions=body))
        assert len(looked_up(found)) <= 14


@pytest.mark.parametrize("currencies", [1, 8])
def test_a_summary_costs_four_statements_however_many_wallets_and_currencies(house: House, currencies: int):
    codes = ["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "PLN", "JPY"]
    for currency in codes[:currencies] * 2:
        wallet_of(house.owner, name=currency, currency=currency)
        if currency != "EUR":
            rate = {"base": currency, "quote": "EUR", "rate": Decimal(2), "source": "manual"}
            ExchangeRate.objects.get_or_create(family=house.family, **rate, day=clock.today("UTC"))
    found = statements(partial(house.owner.http.get, f"/wallets/summary?family_id={house.family.pk}"))
    assert len(found) <= READS_MAX, "\n".join(found)


def test_an_edit_into_many_parts_looks_their_categories_up_at_once(house: House):
    pk, counts = used(house), []
    for many in (2, 50):
        parts = [{"category_id": category(house, f"Part {many} {n}"), "amount": "1.00"} for n in range(many)]
        body = {"amount": f"{many}.00", "splits": parts}
        found = statements(partial(house.owner.http.patch, f"/transactions/{pk}", **body))
        counts.append(len(found))
        pk = used(house)
    assert counts[1] <= counts[0] + 4, "inserts in batches"


@pytest.mark.parametrize(
    ("path", "body", "most"),
    [
        ("/wallets/{wallet}/reconcile", {"statement_balance": "77.00"}, 18),
        ("/wallets/{wallet}/reconcile", {"statement_balance": "-5.00"}, 8),
        ("/categories/{category}/archive", {}, 8),
        ("/categories/{category}/merge", {"into": "{other}"}, 16),
        ("/exchange-rates", {"base_currency": "USD", "quote_currency": "EUR", "rate": "1.1"}, 6),
        ("/wallets", {"name": "x", "type": "cash", "opening_balance": "5.00"}, 17),
        ("/families/{family}/close", {"through": "2025-01-01"}, 6),
    ],
)
def test_what_is_done_to_wallets_categories_and_rates_costs_a_few_statements(
    house: House, path: str, body: dict[str, Any], most: int
):
    used(house)
    ids = {"wallet": house.wallets["cash"].pk, "family": house.family.pk}
    ids |= {"category": category(house), "other": category(house, "Other one")}
    given = {name: ids["other"] if value == "{other}" else value for name, value in body.items()}
    found = statements(partial(house.owner.http.post, path.format(**ids), **given))
    assert len(found) <= most + LOCK, "\n".join(found)


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.parametrize("path", ["/categories?", "/categories?archived=all&", "/exchange-rates?", "/wallets?"])
def test_a_list_costs_as_much_with_thirty_rows_as_with_one(house: House, path: str, many: int):
    parent = category(house)
    for place in range(many):
        Category.objects.filter(pk=category(house, f"{place}")).update(parent=parent)
        wallet_of(house.owner, name=f"Wallet {place}")
        day = date(2026, 1, 1) + timedelta(days=place)
        ExchangeRate.objects.create(family=house.family, base="USD", quote="EUR", day=day, rate=Decimal(2))
    found = statements(partial(house.owner.http.get, f"{path}family_id={house.family.pk}"))
    assert len(found) <= READS_MAX, "\n".join(found)
