"""GET /transactions: what a filter finds, in which order, and what stays out unless asked for."""

from datetime import date

import pytest

from financebot.common.usecase import unit_of_work
from ledger.services import create_category, reverse_transaction


@pytest.fixture
def http(house):
    return house.owner.http


@pytest.fixture
def tree(house):
    """Three levels of categories."""
    found = []
    for name in ("Food", "Eating out", "Sushi"):
        fields = {"name": name, "kind": "expense", "parent_id": found[-1].pk if found else None}
        with unit_of_work():
            found.append(create_category(actor=house.owner.actor, fields=fields))
    return found


def ids(http, **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = http.get(f"/transactions?{text}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_category_finds_its_children_and_theirs_and_labels(house, http, tree):
    food, eating_out, sushi = tree
    spent = {category.pk: house.spend("1", category=category.pk).transaction.pk for category in tree}
    labelled = house.move("1", "cash", "anns", category=eating_out.pk).transaction.pk
    other = house.spend("1").transaction.pk
    assert set(ids(http, category=food.pk)) == {*spent.values(), labelled}
    assert set(ids(http, category=eating_out.pk)) == {spent[eating_out.pk], spent[sushi.pk], labelled}
    assert ids(http, category=sushi.pk) == [spent[sushi.pk]]
    assert other not in ids(http, category=food.pk)


def test_a_wallet_finds_what_left_and_what_entered_it(house, http):
    out = house.spend("1", "anns").transaction.pk
    between = house.move("1", "cash", "anns").transaction.pk
    house.spend("1", "cash")
    assert set(ids(http, wallet=house.wallets["anns"].pk)) == {out, between}


def test_a_hidden_wallet_finds_nothing_even_of_what_is_seen(house, http):
    house.move("1", "secret", "cash", by="adult")
    assert ids(http, wallet=house.wallets["secret"].pk) == []
    assert len(ids(house.adult.http, wallet=house.wallets["secret"].pk)) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"amount_min": "10"}, {"ten", "twenty", "income"}),
        ({"amount_max": "10.00"}, {"five", "ten"}),
        ({"amount_min": "10", "amount_max": "10"}, {"ten"}),
        ({"type": "income"}, {"income"}),
        ({"date_from": "2026-02-01"}, {"ten", "twenty", "income"}),
        ({"date_to": "2026-01-31"}, {"five"}),
        ({"date_from": "2026-02-01", "date_to": "2026-02-01"}, {"ten"}),
        ({"channel": "web"}, set()),
        ({"status": "executed"}, {"five", "ten", "twenty", "income"}),
        ({"status": "reversed"}, set()),
    ],
)
def test_filters_find_by_amount_type_day_channel_and_status(house, http, query, found):
    entries = {
        "five": house.spend("5", occurred_on=date(2026, 1, 31)),
        "ten": house.spend("10", occurred_on=date(2026, 2, 1)),
        "twenty": house.spend("20", occurred_on=date(2026, 3, 1)),
        "income": house.earn("30", occurred_on=date(2026, 3, 2)),
    }
    expected = {entries[name].transaction.pk for name in found}
    assert set(ids(http, **query)) == expected


def test_member_filters_by_author(house, http):
    mine = house.spend("1").transaction.pk
    theirs = house.spend("1", by="member").transaction.pk
    assert ids(http, member=house.member.membership.pk) == [theirs]
    assert ids(http, member=house.owner.membership.pk) == [mine]


def test_reversals_and_what_they_took_back_stay_out_unless_asked_for(house, http):
    kept, gone = house.spend("1").transaction.pk, house.spend("2").transaction.pk
    with unit_of_work():
        back = reverse_transaction(actor=house.owner.actor, transaction_id=gone, reason="")
    assert ids(http) == [kept]
    assert set(ids(http, include="reversed")) == {kept, gone, back.reversal_transaction_id}
    assert ids(http, status="reversed") == [gone]


@pytest.mark.parametrize(
    ("ordering", "order"),
    [
        ("-occurred_on", "bac"),
        ("occurred_on", "cab"),
        ("-amount", "acb"),
        ("amount", "bca"),
        ("-created_at", "cba"),
        ("created_at", "abc"),
    ],
)
def test_a_list_comes_in_the_order_asked_for(house, http, ordering, order):
    entries = {
        "a": house.spend("9", occurred_on=date(2026, 2, 2)),
        "b": house.spend("1", occurred_on=date(2026, 3, 3)),
        "c": house.spend("5", occurred_on=date(2026, 1, 1)),
    }
    assert ids(http, ordering=ordering) == [entries[name].transaction.pk for name in order]


def test_a_transfer_to_a_hidden_wallet_shows_its_holder_and_no_more(house):
    house.earn("10", "cash")
    entry = house.move("1", "cash", "secret", by="adult").transaction.pk
    shown = house.owner.http.get(f"/transactions/{entry}").json()
    adult = house.adult.membership
    assert shown["to_wallet_id"] is None
    assert shown["from_wallet_id"] == house.wallets["cash"].pk
    assert shown["private_of"] == {"membership_id": adult.pk, "first_name": "Adult"}
    assert {p["wallet_id"] for p in shown["postings"]} == {house.wallets["cash"].pk, None}
    assert house.adult.http.get(f"/transactions/{entry}").json()["private_of"] is None


def test_a_balance_only_wallet_shows_its_balance_and_none_of_its_rows(house, http):
    house.wallets["secret"].visibility = "balance_only"
    house.wallets["secret"].save(update_fields=["visibility"])
    entry = house.spend("7", "secret", by="adult").transaction.pk
    wallet = house.wallets["secret"].pk
    assert http.get(f"/wallets/{wallet}").json()["balance"] == "-7.00"
    assert ids(http, wallet=wallet) == []
    assert http.get(f"/transactions/{entry}").status_code == 404
