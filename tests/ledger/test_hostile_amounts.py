"""Amounts that are none, too fine or too large, at every door that takes one, in currencies of two, none and three
decimals."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ledger.models import ExchangeRate, Wallet
from tests.conftest import House, record
from tests.ledger.helpers import everything, wallet_of
from tests.security.scene import HERE

pytestmark = pytest.mark.django_db

DECIMALS = {"EUR": 2, "JPY": 0, "KWD": 3}
UNREADABLE = [
    "NaN", "sNaN", "Infinity", "-Infinity", "inf", "1e2", "1E2", "1e-2", "1E+400", "+1", " 1", "1 ", "1\n", "\t1",
    "1 000", "1,00", "1.000,00", "1_000", "0x10", "1/2", ".5", "5.", ".", "-", "--1",
    "\u0661\u0662", "\uff11", "\u00bd", "\u22121",
    "1\u00a0000", "\u20ac1", "1 EUR", "1\x00", "", "9" * 41, "0." + "0" * 40,
]  # fmt: skip
UNREADABLE_JSON = ["1e2", "1E-2", "1.0e1", "1e400", "1e-400", "true", "false", "[]", "{}", '["1"]']
NO_JSON = ["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "1_0", "0x1"]
TOO_LARGE = ["1" + "0" * 14, "9" * 15, "1" + "0" * 15, "9" * 16, "9" * 30, "1" + "0" * 14 + ".00"]
NOT_POSITIVE = ["0", "0.00", "-0", "-0.00", "-1", "-0.01", "-99999999999999"]


@dataclass(frozen=True)
class Door:
    """Where an amount comes in: `call` gives path and body, with HERE in the amount's place. `field`: what a refusal
    names; `signed`: it may be negative, or nothing, too."""

    call: Callable[[House, Wallet], tuple[str, dict[str, Any]]]
    field: str
    signed: bool = False
    method: str = "post"

    def opened(self, house: House, wallet: Wallet) -> Callable[[str], Any]:
        """Send this text of JSON as the amount."""
        path, body = self.call(house, wallet)
        raw, client = json.dumps(body), house.owner.http.client
        return lambda text: getattr(client, self.method)(
            f"/api/v1{path}", raw.replace(json.dumps(HERE), text), content_type="application/json"
        )


def entry(**fields: Any) -> Door:
    return Door(
        lambda house, wallet: ("/transactions", {"to_wallet_id": wallet.pk, "amount": HERE, **fields}), "amount"
    )


def edit(**fields: Any) -> Door:
    def call(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
        return f"/transactions/{spent(house, wallet, **fields)}", {"amount": HERE}

    return Door(call, "amount", method="patch")


def spent(house: House, wallet: Wallet, **fields: Any) -> int:
    return int(record(house.owner, "10", from_wallet=wallet.pk, **fields).transaction.pk)


def in_parts(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    category = house.categories["expense"].pk
    parts = [{"category_id": category, "amount": amount} for amount in (HERE, "1")]
    return "/transactions", {"from_wallet_id": wallet.pk, "amount": "10", "splits": parts}


def in_bulk(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    return "/transactions/bulk", {"transactions": [{"to_wallet_id": wallet.pk, "amount": HERE}]}


def exchanged(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    dollars = wallet_of(house.owner, currency="USD")
    wallets = {"from_wallet_id": dollars.pk, "to_wallet_id": wallet.pk}
    return "/transactions", {**wallets, "amount": "10.00", "to_amount": HERE}


def opening(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    body = {"name": "x", "type": "cash", "currency": wallet.currency, "opening_balance": HERE}
    return "/wallets", body


def stated(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    return f"/wallets/{wallet.pk}/reconcile", {"statement_balance": HERE}


def refunding(house: House, wallet: Wallet) -> tuple[str, dict[str, Any]]:
    refund = {"to_wallet_id": wallet.pk, "amount": HERE, "refund_of": spent(house, wallet)}
    return "/transactions", refund


DOORS = {
    "an income": entry(),
    "a draft": entry(draft=True),
    "a row": Door(in_bulk, "0"),
    "a part": Door(in_parts, "splits"),
    "a refund": Door(refunding, "amount"),
    "an exchange": Door(exchanged, "to_amount"),
    "an edit": edit(),
    "an edit of a draft": edit(later=True),
    "a statement": Door(stated, "statement_balance", signed=True),
    "an opening": Door(opening, "opening_balance", signed=True),
}
UNSIGNED = [name for name, door in DOORS.items() if not door.signed]


@pytest.fixture(params=DECIMALS)
def wallet(house: House, request: pytest.FixtureRequest) -> Wallet:
    """A wallet in each currency; what a unit of it is worth is known."""
    for currency in {*DECIMALS} - {"EUR"}:
        known = {"base": currency, "quote": "EUR", "day": date(2020, 1, 1), "rate": Decimal("0.5")}
        ExchangeRate.objects.create(family=house.family, **known)
    return wallet_of(house.owner, currency=request.param)


def said(answer: Any) -> tuple[int, str, list[str]]:
    problem = answer.json()
    return answer.status_code, problem.get("code", ""), list(problem.get("errors", {}))


def refusals(send: Callable[[str], Any], texts: list[str], *expected: Any) -> dict[str, Any]:
    """Those of the texts that are answered otherwise."""
    answers = {text: said(send(text)) for text in texts}
    return {text: answer for text, answer in answers.items() if answer != expected}


@pytest.mark.parametrize("name", DOORS)
def test_what_is_no_amount_is_refused_by_its_field(house: House, name: str):
    door = DOORS[name]
    send, before = door.opened(house, wallet_of(house.owner)), everything()
    texts = [*map(json.dumps, UNREADABLE), *UNREADABLE_JSON]
    assert refusals(send, texts, 400, "invalid", [door.field]) == {}
    assert refusals(send, NO_JSON, 400, "invalid", ["body"]) == {}
    assert everything() == before


@pytest.mark.parametrize("name", DOORS)
def test_what_is_finer_than_the_currency_is_refused_and_never_rounded(house: House, wallet: Wallet, name: str):
    door, decimals = DOORS[name], DECIMALS[wallet.currency]
    send, before = door.opened(house, wallet), everything()
    numbers = [f"{whole}.{'0' * zeros}1" for whole in (0, 99_999_999_999_999) for zeros in range(decimals, 6)]
    numbers += ["0.30000000000000004", "1.0000000000000000000000000000001"]
    numbers += [f"-{number}" for number in numbers] if door.signed else []
    texts = [*numbers, *map(json.dumps, numbers)]
    assert refusals(send, texts, 422, "amount_too_fine", [door.field]) == {}
    assert everything() == before


@pytest.mark.parametrize("name", DOORS)
def test_fifteen_digits_before_the_point_are_too_many(house: House, wallet: Wallet, name: str):
    door = DOORS[name]
    send, before = door.opened(house, wallet), everything()
    numbers = [*TOO_LARGE, *(f"-{number}" for number in TOO_LARGE if door.signed)]
    texts = [*numbers, *map(json.dumps, numbers)]
    assert refusals(send, texts, 422, "amount_too_large", [door.field]) == {}
    assert everything() == before


@pytest.mark.parametrize("name", UNSIGNED)
def test_an_amount_is_more_than_nothing(house: House, wallet: Wallet, name: str):
    door = DOORS[name]
    send, before = door.opened(house, wallet), everything()
    texts = [*NOT_POSITIVE, *map(json.dumps, NOT_POSITIVE)]
    assert refusals(send, texts, 422, "amount_not_positive", [door.field]) == {}
    assert everything() == before


@pytest.mark.parametrize("text", ["1", '"1"', "1.000000", '"0001.0"', '"1.0000000000000000000000000000"'])
@pytest.mark.parametrize("sign", ["", "-"])
def test_an_amount_is_kept_to_the_last_unit_however_it_is_written(house: House, wallet: Wallet, text: str, sign: str):
    signed = text.replace('"', f'"{sign}', 1) if text.startswith('"') else sign + text
    assert DOORS["a statement"].opened(house, wallet)(signed).status_code == 200
    wallet.refresh_from_db()
    assert wallet.balance == Decimal(f"{sign}1")


@pytest.mark.parametrize("name", ["an income", "a row", "an opening", "a statement", "an edit of a draft"])
def test_the_smallest_and_the_largest_amount_of_a_currency_are_taken(house: House, wallet: Wallet, name: str):
    decimals = DECIMALS[wallet.currency]
    unit = Decimal(1).scaleb(-decimals)
    for amount in (unit, Decimal(10) ** 14 - unit):
        answer = DOORS[name].opened(house, wallet)(str(amount))
        assert answer.status_code in {200, 201}, answer.json()
        assert f'"{amount:.{decimals}f}"' in answer.content.decode()


LIMITS = {
    "an overdraft limit": ("patch", lambda house: f"/wallets/{house.wallets['cash'].pk}", "overdraft_limit"),
    "a spending limit": (
        "patch",
        lambda house: f"/families/{house.family.pk}/members/{house.child.membership.pk}",
        "spending_limit",
    ),
    "a threshold": ("patch", lambda house: f"/families/{house.family.pk}", "approval_threshold"),
    "an adult's limit": ("patch", lambda house: f"/families/{house.family.pk}", "adult_approval_limit"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_an_amount_or_nothing(house: House, name: str):
    method, path, field = LIMITS[name]
    send = Door(lambda h, w: (path(h), {field: HERE}), field, method=method).opened(house, house.wallets["cash"])
    before = everything()
    assert refusals(send, [*map(json.dumps, UNREADABLE), *UNREADABLE_JSON], 400, "invalid", [field]) == {}
    assert refusals(send, ["0.001", '"0.30000000000000004"'], 422, "amount_too_fine", [field]) == {}
    assert refusals(send, TOO_LARGE, 422, "amount_too_large", [field]) == {}
    assert refusals(send, ["-0.01", '"-1"'], 422, "amount_not_positive", [field]) == {}
    assert everything() == before
    for text, shown in (
        ("0", "0.00"),
        ('"-0.00"', "0.00"),
        ("0.01", "0.01"),
        ('"99999999999999.99"', "99999999999999.99"),
    ):
        assert send(text).json()[field] == shown
