"""Who may record what on which wallet; ids that are not theirs to know all get one answer."""

from typing import Any

import pytest

from financebot.common.errors import NotFound, PermissionDenied, UnknownReference
from ledger.models import Category, Wallet
from tests.conftest import House
from tests.ledger.helpers import everything, refused, wallet_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "wallets"),
    [
        ("from_wallet_id", {"from_wallet": "it"}),
        ("to_wallet_id", {"to_wallet": "it"}),
        ("from_wallet_id", {"from_wallet": "it", "to_wallet": "anns"}),
        ("to_wallet_id", {"from_wallet": "anns", "to_wallet": "it"}),
    ],
)
def test_a_foreign_a_hidden_and_an_unknown_wallet_get_the_same_answer(
    house: House,
    field: str,
    wallets: dict,
):
    foreign = wallet_of(house.stranger).pk
    answers = []
    before = everything()
    for found in (foreign, house.wallets["secret"].pk, 10**12):
        ids = {f"{name}_id": found if w == "it" else house.wallets[w].pk for name, w in wallets.items()}
        answer = house.owner.http.post("/transactions", family_id=house.family.pk, amount="1.00", **ids)
        answers.append((answer.status_code, {k: v for k, v in answer.json().items() if k != "request_id"}))
    assert answers[0] == answers[1] == answers[2]
    status, body = answers[0]
    assert (status, body["code"], list(body["errors"])) == (422, "unknown_reference", [field])
    assert everything() == before


def test_a_foreign_and_an_unknown_category_get_the_same_answer(house: House):
    foreign = Category.objects.get(family=house.stranger.membership.family, kind="expense", fallback=True).pk
    cash = house.wallets["cash"].pk
    answers = []
    for found in (foreign, 10**12):
        answer = house.owner.http.post("/transactions", from_wallet_id=cash, amount="1.00", category_id=found)
        answers.append((answer.status_code, {k: v for k, v in answer.json().items() if k != "request_id"}))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1]["code"]) == (422, "unknown_reference")
    assert list(answers[0][1]["errors"]) == ["category_id"]


CREATE, TRANSFER = "create_transaction", "transfer_between_wallets"
ALLOWED, UNSEEN = None, UnknownReference


@pytest.mark.parametrize(
    ("who", "wallet", "outcome"),
    [
        *[("owner", wallet, ALLOWED) for wallet in ("cash", "anns", "pocket", "members")],
        ("owner", "secret", UNSEEN),
        *[("adult", wallet, ALLOWED) for wallet in ("cash", "anns", "pocket", "members", "secret")],
        *[("member", wallet, ALLOWED) for wallet in ("cash", "members")],
        *[("member", wallet, UNSEEN) for wallet in ("anns", "pocket", "secret")],
        ("child", "pocket", ALLOWED),
        *[("child", wallet, UNSEEN) for wallet in ("cash", "anns", "members", "secret")],
        *[("reader", wallet, CREATE) for wallet in ("cash", "anns", "secret")],
    ],
)
@pytest.mark.parametrize("make", ["earn", "spend"])
def test_how_far_the_right_to_record_reaches(house: House, who: str, wallet: str, make: str, outcome: Any):
    house.earn("5", wallet, by="adult")
    outcomes(house, outcome, lambda: getattr(house, make)("1", wallet, by=who))


@pytest.mark.parametrize(
    ("who", "source", "target", "outcome"),
    [
        ("owner", "anns", "members", ALLOWED),
        ("owner", "cash", "secret", UNSEEN),
        ("adult", "members", "pocket", ALLOWED),
        ("adult", "cash", "secret", ALLOWED),
        ("member", "members", "savings", ALLOWED),
        ("member", "members", "cash", TRANSFER),
        ("member", "cash", "members", TRANSFER),
        ("member", "members", "anns", UNSEEN),
        ("child", "pocket", "pocket", TRANSFER),
        ("child", "pocket", "cash", TRANSFER),
        ("reader", "cash", "anns", TRANSFER),
    ],
)
def test_how_far_the_right_to_transfer_reaches(
    house: House,
    who: str,
    source: str,
    target: str,
    outcome: Any,
):
    savings = wallet_of(house.owner, name="Savings", type="savings", holder_id=house.member.membership.pk)
    house.wallets["savings"] = savings
    outcomes(house, outcome, lambda: house.move("1", source, target, by=who))


def outcomes(house: House, outcome: Any, attempt: Any) -> None:
    if outcome is ALLOWED:
        assert attempt().transaction.status == "executed"
        return
    before = everything()
    with pytest.raises(outcome if isinstance(outcome, type) else PermissionDenied) as caught:
        attempt()
    if isinstance(outcome, str):
        assert caught.value.facts == {"permission": outcome}
    assert everything() == before


@pytest.mark.parametrize("who", ["suspended", "removed", "stranger"])
def test_whoever_is_outside_the_family_finds_none(house: House, who: str):
    outsider = house.people[who]
    answer = outsider.http.post(
        "/transactions", family_id=house.family.pk, from_wallet_id=house.wallets["cash"].pk, amount="1"
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    if who != "stranger":
        with refused(NotFound):
            house.spend("1", by=who)


@pytest.mark.parametrize("by", ["owner", "adult"])
def test_nobody_but_its_holder_records_where_its_rows_are_hidden(house: House, by: str):
    """Though they see the wallet and its balance, and may put money into it from one that they see."""
    Wallet.objects.filter(pk=house.wallets["members"].pk).update(visibility="balance_only")
    for recorded in (house.spend, house.earn):
        with pytest.raises(PermissionDenied):
            recorded("5.00", wallet="members", by=by)
    with pytest.raises(PermissionDenied):
        house.move("5.00", "members", "cash", by=by)
    assert house.move("5.00", "cash", "members", by=by).transaction.status == "executed"
    assert house.spend("5.00", wallet="members", by="member").transaction.status == "executed"
