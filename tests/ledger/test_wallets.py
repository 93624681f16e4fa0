"""Wallets: made, edited, put away and brought back; what the list shows to whom."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import LoginSession
from audit.models import EventLog
from financebot.common import clock
from financebot.common.errors import (
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    Changed,
    DomainError,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    StepUpRequired,
    UnknownReference,
)
from financebot.common.usecase import unit_of_work
from ledger import services
from ledger.errors import InsufficientFunds, WalletNotEmpty
from ledger.kinds import WalletType
from ledger.models import Wallet
from tests.conftest import House, Person, founder_of
from tests.ledger.helpers import events_of, everything, refused, unguarded, want_approval

pytestmark = pytest.mark.django_db

FIELDS = [
    "id", "name", "type", "currency", "balance", "held", "available",
    "overdraft_limit", "holder_id", "visibility", "archived", "version",
]  # fmt: skip


def create(person: Person, **fields: Any) -> Wallet:
    with unit_of_work():
        return services.create_wallet(actor=person.actor, fields={"name": "Purse", "type": "cash", **fields})


def edit(person: Person, wallet: Wallet, version: int | None = None, **changes: Any) -> Wallet:
    with unit_of_work():
        return services.edit_wallet(actor=person.actor, wallet_id=wallet.pk, changes=changes, version=version)


def put(what: str, person: Person, wallet: Wallet) -> Wallet:
    with unit_of_work():
        return getattr(services, f"{what}_wallet")(actor=person.actor, wallet_id=wallet.pk)


@pytest.mark.parametrize("kind", WalletType)
def test_a_new_wallet_is_empty_shared_and_bounded_only_where_it_is_an_allowance(house: House, kind: str):
    wallet = create(house.owner, type=kind)
    wallet.refresh_from_db()
    assert (wallet.balance, wallet.held, wallet.currency, wallet.visibility) == (0, 0, "EUR", "shared")
    assert wallet.overdraft_limit == (Decimal(0) if kind == "allowance" else None)
    assert events_of("wallet", wallet.pk) == ["wallet.created"]


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD"])
def test_a_wallet_may_be_in_any_currency(house: House, currency: str):
    answer = house.owner.http.post("/wallets", name="Purse", type="cash", currency=currency)
    assert (answer.status_code, answer.json().get("currency")) == (201, currency)


@pytest.mark.parametrize("limit", [None, Decimal(0), Decimal("12.34")])
def test_the_limit_given_is_the_one_kept(house: House, limit: Decimal | None):
    wallet = create(house.owner, type="allowance", overdraft_limit=limit)
    assert Wallet.objects.get(pk=wallet.pk).overdraft_limit == limit


BAD_LIMITS = [
    (Decimal(-1), AmountNotPositive),
    (Decimal("0.001"), AmountTooFine),
    (Decimal(10) ** 14, AmountTooLarge),
]


@pytest.mark.parametrize(("limit", "refusal"), BAD_LIMITS)
def test_a_limit_that_is_no_amount_is_refused(house: House, limit: Decimal, refusal: type[DomainError]):
    with refused(refusal, "overdraft_limit"):
        create(house.owner, overdraft_limit=limit)
    with refused(refusal, "overdraft_limit"):
        edit(house.owner, house.wallets["cash"], overdraft_limit=limit)


def test_a_limit_has_the_decimals_of_the_wallets_currency(db: None):
    owner = founder_of(base_currency="JPY")
    with refused(AmountTooFine, "overdraft_limit"):
        create(owner, overdraft_limit=Decimal("0.5"))


@pytest.mark.parametrize("who", ["stranger", "removed"])
def test_a_holder_is_a_member_of_the_family(house: House, who: str):
    foreign = house.people[who].membership.pk
    for attempt in (
        lambda: create(house.owner, holder_id=foreign),
        lambda: edit(house.owner, house.wallets["cash"], holder_id=foreign),
        lambda: create(house.owner, holder_id=10**12),
    ):
        with refused(UnknownReference, "holder_id"):
            attempt()


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("owner", True), ("adult", True), ("member", False), ("child", False), ("reader", False)],
)
def test_owners_and_adults_make_wallets(house: House, who: str, allowed: bool):
    if allowed:
        assert create(house.people[who]).pk
        return
    with pytest.raises(PermissionDenied) as caught:
        create(house.people[who])
    assert caught.value.facts == {"permission": "create_wallet"}


CHANGES = {"name": "Chest", "type": "savings", "overdraft_limit": Decimal(50)}


@pytest.mark.parametrize("field", CHANGES)
def test_an_edit_changes_what_is_given_and_nothing_else(house: House, field: str):
    cash = house.wallets["cash"]
    before = Wallet.objects.filter(pk=cash.pk).values().get()
    edit(house.owner, cash, **{field: CHANGES[field]})
    assert Wallet.objects.filter(pk=cash.pk).values().get() == {**before, field: CHANGES[field], "version": 2}
    assert events_of("wallet", cash.pk) == ["wallet.created", "wallet.edited"]
    event = EventLog.objects.order_by("pk").last()
    assert list(event.private["texts"] if field == "name" else event.changes) == [field]


def test_a_wallet_gets_a_holder_and_becomes_the_familys_again(house: House):
    cash, adult = house.wallets["cash"], house.adult.membership
    assert edit(house.owner, cash, holder_id=adult.pk).holder_id == adult.pk
    assert edit(house.owner, cash, holder_id=None).holder_id is None


def test_owners_alone_say_whose_a_wallet_is(house: House):
    for wallet in ("cash", "anns"):
        for holder in (house.owner.membership.pk, None):
            if house.wallets[wallet].holder_id != holder:
                with refused(PermissionDenied):
                    edit(house.adult, house.wallets[wallet], holder_id=holder)
    assert edit(house.adult, house.wallets["anns"], holder_id=house.adult.membership.pk).version == 2


def test_what_is_held_is_overstepped_too(house: House):
    house.spend("501", by="member")
    with refused(InsufficientFunds, "overdraft_limit"):
        edit(house.owner, house.wallets["cash"], overdraft_limit=Decimal("500.99"))
    assert edit(house.owner, house.wallets["cash"], overdraft_limit=Decimal(501)).overdraft_limit == 501


def test_a_limit_that_is_overstepped_already_is_refused(house: House):
    house.spend("50")
    with refused(InsufficientFunds, "overdraft_limit"):
        edit(house.owner, house.wallets["cash"], overdraft_limit=Decimal("49.99"))
    assert edit(house.owner, house.wallets["cash"], overdraft_limit=Decimal(50)).overdraft_limit == 50


def test_a_wallet_overstepped_may_still_be_renamed(house: House):
    house.spend("50")
    with unguarded():
        Wallet.objects.filter(pk=house.wallets["cash"].pk).update(overdraft_limit=Decimal(0))
    assert edit(house.owner, house.wallets["cash"], name="Chest").name == "Chest"


@pytest.mark.parametrize(
    ("who", "wallet", "outcome"),
    [
        *[("owner", wallet, None) for wallet in ("cash", "anns", "pocket", "members")],
        *[("adult", wallet, None) for wallet in ("cash", "anns", "secret")],
        *[("adult", wallet, PermissionDenied) for wallet in ("pocket", "members")],
        ("owner", "secret", NotFound),
        ("member", "members", PermissionDenied),
        ("member", "cash", PermissionDenied),
        ("member", "anns", NotFound),
        ("child", "pocket", PermissionDenied),
        ("child", "cash", NotFound),
        ("reader", "cash", NotFound),
        ("stranger", "cash", NotFound),
    ],
)
def test_first_sight_then_the_right_to_edit(
    house: House,
    who: str,
    wallet: str,
    outcome: type[DomainError] | None,
):
    if outcome is None:
        assert edit(house.people[who], house.wallets[wallet], name="Chest").name == "Chest"
        return
    before = everything()
    with pytest.raises(outcome):
        edit(house.people[who], house.wallets[wallet], name="Chest")
    assert everything() == before


def test_an_empty_wallet_is_put_away_and_brought_back(house: House):
    cash = house.wallets["cash"]
    house.spend("1")
    house.earn("1")
    assert put("archive", house.owner, cash).archived_at is not None
    assert put("restore", house.owner, cash).archived_at is None
    assert events_of("wallet", cash.pk)[1:] == ["wallet.archived", "wallet.restored"]
    assert Wallet.objects.get(pk=cash.pk).version == 3


@pytest.mark.parametrize("make", ["spend", "earn"])
def test_a_wallet_with_money_or_debt_in_it_is_not_put_away(house: House, make: str):
    getattr(house, make)("0.01")
    with refused(WalletNotEmpty):
        put("archive", house.owner, house.wallets["cash"])


def test_a_wallet_that_holds_something_is_not_put_away(house: House):
    house.spend("501", by="member")
    with refused(WalletNotEmpty):
        put("archive", house.owner, house.wallets["cash"])


def test_a_wallet_is_put_away_once_and_brought_back_once(house: House):
    cash = house.wallets["cash"]
    with refused(Changed):
        put("restore", house.owner, cash)
    put("archive", house.owner, cash)
    with refused(Changed):
        put("archive", house.owner, cash)


@pytest.mark.parametrize("what", ["archive", "restore"])
@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        ("adult", PermissionDenied),
        ("member", PermissionDenied),
        ("child", NotFound),
        ("reader", NotFound),
        ("stranger", NotFound),
    ],
)
def test_owners_alone_put_wallets_away(house: House, what: str, who: str, outcome: type[DomainError]):
    with pytest.raises(outcome):
        put(what, house.people[who], house.wallets["cash"])


@pytest.mark.parametrize("what", ["archive", "restore"])
def test_putting_away_wants_a_fresh_proof(house: House, what: str):
    LoginSession.objects.filter(pk=house.owner.session.pk).update(
        proof_at=clock.now() - timedelta(minutes=11),
    )
    answer = house.owner.http.post(f"/wallets/{house.wallets['cash'].pk}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")


def test_over_http_a_wallet_with_money_is_in_conflict(house: House):
    house.earn("1")
    answer = house.owner.http.post(f"/wallets/{house.wallets['cash'].pk}/archive")
    assert (answer.status_code, answer.json()["code"]) == (409, "wallet_not_empty")


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("owner", ["cash", "anns", "pocket", "members"]),
        ("adult", ["cash", "anns", "pocket", "secret", "members"]),
        ("member", ["cash", "members"]),
        ("child", ["pocket"]),
    ],
)
def test_the_list_shows_each_member_what_they_may_see_in_its_own_shape(
    house: House,
    who: str,
    names: list[str],
):
    answer = house.people[who].http.get("/wallets")
    assert (answer.status_code, list(answer.json())) == (200, ["wallets"])
    rows = answer.json()["wallets"]
    assert [row["name"] for row in rows] == names
    assert {tuple(sorted(row)) for row in rows} == {tuple(sorted(FIELDS))}


def test_the_list_speaks_in_strings_with_the_decimals_of_the_currency(house: House):
    house.earn("150")
    want_approval(house)
    house.spend("0.5", by="adult")
    row = house.owner.http.get("/wallets").json()["wallets"][0]
    assert row == {
        "id": house.wallets["cash"].pk,
        "name": "cash",
        "type": "cash",
        "currency": "EUR",
        "balance": "150.00",
        "held": "0.50",
        "available": "149.50",
        "overdraft_limit": None,
        "holder_id": None,
        "visibility": "shared",
        "archived": False,
        "version": 1,
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["anns", "pocket", "members"]),
        ("?archived=false", ["anns", "pocket", "members"]),
        ("?archived=true", ["cash"]),
        ("?archived=all", ["cash", "anns", "pocket", "members"]),
    ],
)
def test_archived_wallets_are_listed_when_asked_for(house: House, query: str, names: list[str]):
    put("archive", house.owner, house.wallets["cash"])
    rows = house.owner.http.get(f"/wallets{query}").json()["wallets"]
    assert [row["name"] for row in rows] == names
    assert all(row["archived"] is (row["name"] == "cash") for row in rows)


@pytest.mark.parametrize("query", ["archived=maybe", "archived=", "page_size=1", "type=cash", "family_id=x"])
def test_a_parameter_that_the_list_does_not_know_has_the_wrong_shape(house: House, query: str):
    answer = house.owner.http.get(f"/wallets?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_over_http_absent_fields_keep_their_value(house: House, method: str):
    pk = house.wallets["pocket"].pk
    before = house.owner.http.get(f"/wallets/{pk}")
    answer = getattr(house.owner.http, method)(f"/wallets/{pk}", name="Chest")
    assert (answer.status_code, answer["ETag"]) == (200, '"v2"')
    assert answer.json() == {**before.json(), "name": "Chest", "version": 2}


@pytest.mark.parametrize("method", ["put", "patch"])
def test_over_http_the_version_seen_must_be_the_one_there(house: House, method: str):
    path = f"/wallets/{house.wallets['cash'].pk}"
    call = getattr(house.owner.http, method)
    etag = house.owner.http.get(path)["ETag"]
    assert call(path, name="Chest", headers={"If-Match": etag}).status_code == 200
    before = everything()
    answer = call(path, name="Trunk", headers={"If-Match": etag})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert everything() == before


def test_the_version_is_compared_on_the_locked_row(house: House):
    edit(house.owner, house.wallets["cash"], version=1, name="Chest")
    with refused(PreconditionFailed):
        edit(house.owner, house.wallets["cash"], version=1, name="Trunk")


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": "x" * 101}, {"name": None}, {"type": "vault"}, {"balance": "5"}, {"held": "5"},
        {"currency": "USD"}, {"family_id": 1}, {"archived": True}, {"version": 7}, {"overdraft_limit": "1e3"},
        {"overdraft_limit": "lots"}, {"holder_id": 0}, {"holder_id": "x"},
    ],
    ids=lambda body: next(iter(body)),
)  # fmt: skip
def test_over_http_an_edit_of_the_wrong_shape_changes_nothing(house: House, body: dict):
    before = everything()
    answer = house.owner.http.patch(f"/wallets/{house.wallets['cash'].pk}", **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(body))
    assert everything() == before


@pytest.mark.parametrize("missing", ["name", "type"])
def test_over_http_a_new_wallet_has_a_name_and_a_type(house: House, missing: str):
    body = {"name": "Purse", "type": "cash"}
    del body[missing]
    answer = house.owner.http.post("/wallets", **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [missing])


def test_over_http_a_currency_that_does_not_exist_has_the_wrong_shape(house: House):
    answer = house.owner.http.post("/wallets", name="Purse", type="cash", currency="XXZ")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["currency"])


def test_a_stale_proof_stops_the_use_case_too(house: House):
    stale = replace(house.owner.actor, proof_age=timedelta(minutes=10))
    with refused(StepUpRequired), unit_of_work():
        services.archive_wallet(actor=stale, wallet_id=house.wallets["cash"].pk)
