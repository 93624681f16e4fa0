"""What does not fit together is refused as invalid, by the fields to blame, before anything is looked up."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import House
from tests.ledger.helpers import everything

pytestmark = pytest.mark.django_db
Shape = Callable[[House], dict[str, Any]]


def cash(house: House) -> int:
    return int(house.wallets["cash"].pk)


def whom(house: House, *shares: str) -> list[dict[str, Any]]:
    return [{"membership_id": house.adult.membership.pk, "share": share} for share in shares]


def part(house: House, **fields: Any) -> dict[str, Any]:
    return {"category_id": house.categories["expense"].pk, "amount": "1.00", **fields}


def spend(**fields: Any) -> Shape:
    return lambda house: {"from_wallet_id": cash(house), "amount": "1.00", **fields}


def spend_with(name: str, value: Callable[[House], Any], **fields: Any) -> Shape:
    return lambda house: {**spend(**fields)(house), name: value(house)}


def move(**fields: Any) -> Shape:
    return spend_with("to_wallet_id", lambda house: house.wallets["anns"].pk, **fields)


def earn(**fields: Any) -> Shape:
    return lambda house: {"to_wallet_id": cash(house), "amount": "1.00", **fields}


SHAPES: dict[str, tuple[list[str], Shape]] = {
    "nothing": (["amount"], lambda house: {}),
    "no amount": (["amount"], lambda house: {"from_wallet_id": cash(house)}),
    "no wallet": (["from_wallet_id"], lambda house: {"amount": "1.00"}),
    "no wallet but in name": (["from_wallet_id"], lambda house: {"from_wallet_id": None, "amount": "1.00"}),
    "two ways to say the rate": (["rate"], move(to_amount="2.00", rate="2")),
    "a category and splits": (
        ["splits"],
        lambda house: spend_with("splits", lambda h: [part(h)], category_id=part(house)["category_id"])(house),
    ),
    "a transfer in parts": (["splits"], lambda house: {**move()(house), "splits": [part(house)]}),
    "a transfer for somebody": (["for_members"], lambda house: {**move()(house), "for_members": whom(house, "1")}),
    "a target amount without a target": (["to_amount"], spend(to_amount="2.00")),
    "a target amount of a plain transfer": (["to_amount"], move(to_amount="2.00")),
    "a rate of the family's own currency": (["rate"], spend(rate="2")),
    "a refund that leaves": (["refund_of"], spend(refund_of=1)),
    "a refund with a category": (["category_id"], earn(refund_of=1, category_id=1)),
    "a refund in parts": (["splits"], lambda house: {**earn(refund_of=1)(house), "splits": [part(house)]}),
    "somebody twice": (["for_members"], spend_with("for_members", lambda house: whom(house, "1", "2"))),
    "nobody's share": (["for_members"], spend_with("for_members", lambda house: whom(house, "0"))),
    "less than nobody's share": (["for_members"], spend_with("for_members", lambda house: whom(house, "-1"))),
    "a share too fine": (["for_members"], spend_with("for_members", lambda house: whom(house, "0.00001"))),
    "a share without end": (["for_members"], spend_with("for_members", lambda house: whom(house, "1e3"))),
    "a part without a category": (["splits"], spend(splits=[{"amount": "1.00"}])),
    "a part with a field of its own": (["splits"], spend_with("splits", lambda house: [part(house, rate="1")])),
    "too many parts": (["splits"], spend_with("splits", lambda house: [part(house, amount="0.01")] * 101)),
    "too many people": (["for_members"], spend_with("for_members", lambda house: whom(house, *["1"] * 51))),
    "too many tags": (["tags"], spend(tags=[f"tag {n}" for n in range(21)])),
    "a tag too long": (["tags"], spend(tags=["a" * 51])),
    "an empty tag": (["tags"], spend(tags=[""])),
    "a payee too long": (["payee"], spend(payee="a" * 201)),
    "a description too long": (["description"], spend(description="a" * 501)),
    "notes too long": (["notes"], spend(notes="a" * 10_001)),
    "a reference too long": (["source_ref"], spend(source_ref="a" * 201)),
    "a note too long": (["splits"], spend_with("splits", lambda house: [part(house, note="a" * 501)])),
    "fields that there are not": (["status", "version"], spend(status="executed", version=1)),
    "an empty day": (["occurred_on"], spend(occurred_on="")),
    "no day": (["occurred_on"], spend(occurred_on=None)),
    "a word for a flag": (["draft"], spend(draft="maybe")),
}


def said(answer: Any) -> list[str]:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid"), problem
    return sorted(problem["errors"])


@pytest.mark.parametrize("name", SHAPES)
def test_a_new_entry_that_does_not_fit_together_is_refused_by_the_fields_to_blame(house: House, name: str):
    fields, shape = SHAPES[name]
    body = shape(house)
    before = everything()
    assert said(house.owner.http.post("/transactions", **body)) == fields
    answer = house.owner.http.post("/transactions/bulk", transactions=[earn()(house), body])
    assert said(answer) == ["1"]
    assert sorted(answer.json()["errors"]["1"]) == fields
    assert everything() == before


EDITS: dict[str, tuple[list[str], Shape]] = {
    **{name: row for name, row in SHAPES.items() if name.startswith(("too ", "somebody", "a part", "a share"))},
    "no wallet is left": (["from_wallet_id"], lambda house: {"from_wallet_id": None}),
    "a transfer in parts": (["splits"], lambda house: {**move()(house), "splits": [part(house)]}),
    "two ways to say the rate": (["rate"], move(to_amount="2.00", rate="2")),
    "a refund of something else": (["refund_of"], lambda house: {"refund_of": 1}),
    "a reference": (["source_ref"], lambda house: {"source_ref": "S2"}),
    "a draft again": (["draft"], lambda house: {"draft": True}),
    "another family": (["family_id"], lambda house: {"family_id": house.family.pk}),
    "no amount": (["amount"], lambda house: {"amount": None}),
    "a target amount": (["to_amount"], lambda house: {"to_amount": "2.00"}),
    "a rate of the family's own currency": (["rate"], lambda house: {"rate": "2"}),
}


@pytest.mark.parametrize("later", [False, True], ids=["executed", "draft"])
@pytest.mark.parametrize("name", EDITS)
def test_an_edit_that_does_not_fit_together_is_refused_by_the_fields_to_blame(house: House, name: str, later: bool):
    fields, shape = EDITS[name]
    pk, body = house.spend("10.00", later=later).transaction.pk, shape(house)
    before = everything()
    assert said(house.owner.http.patch(f"/transactions/{pk}", **body)) == fields
    assert everything() == before


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([], ["transactions"]),
        (None, ["transactions"]),
        ({}, ["transactions"]),
        ("[]", ["transactions"]),
        ([1, None, "row", []], ["0", "1", "2", "3"]),
        ([{"amount": "1.00", "from_wallet_id": 1}] * 1001, ["transactions"]),
        ([{"amount": "1.00", "from_wallet_id": 1, "family_id": 1}], ["0"]),
    ],
    ids=["none", "null", "an object", "a text", "no objects", "too many", "a family of their own"],
)
def test_a_bulk_of_something_else_than_entries_is_refused(house: House, rows: Any, fields: list[str]):
    before = everything()
    assert said(house.owner.http.post("/transactions/bulk", transactions=rows)) == fields
    assert everything() == before


def test_a_bulk_names_every_row_that_is_wrong_and_the_code_is_of_the_first_wrong_shape(house: House):
    good, wrong = earn()(house), {"to_wallet_id": 999_999_999, "amount": "1.00"}
    fine = {"to_wallet_id": cash(house), "amount": "0.001"}
    pocket = house.wallets["pocket"].pk
    house.earn("50.00", "pocket")
    too_much = {"from_wallet_id": pocket, "amount": "600.00"}
    before = everything()
    answer = house.adult.http.post("/transactions/bulk", transactions=[good, fine, good, wrong])
    assert (answer.json()["code"], list(answer.json()["errors"])) == ("amount_too_fine", ["1", "3"])
    answer = house.adult.http.post("/transactions/bulk", transactions=[fine, good, {"amount": "x"}, {}])
    assert (answer.json()["code"], list(answer.json()["errors"])) == ("invalid", ["2", "3"])
    spent = {"from_wallet_id": pocket, "amount": "50.00"}
    answer = house.adult.http.post("/transactions/bulk", transactions=[too_much, spent, too_much, spent])
    assert (answer.json()["code"], list(answer.json()["errors"])) == ("insufficient_funds", ["0", "2", "3"])
    assert everything() == before
