"""Changing the words of an entry in place: description, notes, payee, tags. The money stays as it was."""

from typing import Any

import pytest

from audit.models import EventLog
from financebot.common.errors import NotFound, PermissionDenied, PreconditionFailed
from financebot.common.usecase import unit_of_work
from ledger.models import MonthTotal, Payee, Posting, Tag, Transaction, Wallet
from ledger.services import edit_transaction, reverse_transaction
from tests.conftest import House, Person
from tests.ledger.helpers import events_of, everything, refused

pytestmark = pytest.mark.django_db


def edit(person: Person, entry: Any, version: int | None = None, **changes: Any) -> Transaction:
    with unit_of_work():
        pk = entry.transaction.pk
        return edit_transaction(actor=person.actor, transaction_id=pk, changes=changes, version=version)


def words_of(entry: Any) -> tuple[str, str, str, list[str]]:
    row = Transaction.objects.get(pk=entry.transaction.pk)
    tags = sorted(row.tags.values_list("name", flat=True))
    return row.description, row.notes, row.payee.name if row.payee else "", tags


WORDS = {"description": "Lunch", "notes": "with Ann", "payee": "Lidl", "tags": ("food",)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"description": "Dinner"}, ("Dinner", "with Ann", "Lidl", ["food"])),
        ({"notes": ""}, ("Lunch", "", "Lidl", ["food"])),
        ({"payee": "Aldi"}, ("Lunch", "with Ann", "Aldi", ["food"])),
        ({"payee": ""}, ("Lunch", "with Ann", "", ["food"])),
        ({"tags": ["home", "pets"]}, ("Lunch", "with Ann", "Lidl", ["home", "pets"])),
        ({"tags": []}, ("Lunch", "with Ann", "Lidl", [])),
    ],
)
def test_only_the_words_that_are_given_change(house: House, changes: dict, words: tuple):
    entry = house.spend("1", **WORDS)
    edit(house.owner, entry, **changes)
    assert words_of(entry) == words


def test_the_money_is_not_touched(house: House):
    entry = house.spend("12.50", **WORDS)
    models = (Posting, MonthTotal, Wallet)
    before = [list(model.objects.order_by("pk").values()) for model in models]
    edit(house.owner, entry, description="Dinner", payee="Aldi", tags=["x"])
    assert [list(model.objects.order_by("pk").values()) for model in models] == before


def test_an_edit_raises_the_version_and_is_one_event_with_the_texts_in_private(house: House):
    entry = house.spend("1", **WORDS)
    assert edit(house.owner, entry, description="Dinner", tags=["Home", "pets"]).version == 2
    assert events_of("transaction", entry.transaction.pk)[2:] == ["transaction.edited"]
    event = EventLog.objects.order_by("pk").last()
    assert event.changes == {}
    assert event.private["texts"] == {
        "description": ["Lunch", "Dinner"],
        "tags": [["food"], ["Home", "pets"]],
    }


def test_the_words_to_search_by_follow(house: House):
    entry = house.spend("1", **WORDS)
    edited = edit(house.owner, entry, description="Straße", payee="ЛЕНТА", tags=["Еда"])
    assert edited.search.split("\n") == ["strasse", "with ann", "лента", "еда"]


def test_a_payee_or_tag_is_written_as_this_entry_writes_it(house: House):
    house.spend("1", payee="Straße", tags=("Еда",))
    entry = house.spend("1")
    edit(house.owner, entry, payee="STRASSE", tags=["ЕДА"])
    assert words_of(entry)[2:] == ("STRASSE", ["ЕДА"])
    edit(house.owner, entry, payee="Straße", tags=["Еда"])
    assert (Payee.objects.count(), Tag.objects.count()) == (2, 2)


def test_another_version_than_the_one_seen_is_refused(house: House):
    entry = house.spend("1", **WORDS)
    edit(house.owner, entry, version=1, description="Dinner")
    with refused(PreconditionFailed):
        edit(house.owner, entry, version=1, description="Supper")


def test_words_of_a_reversed_entry_and_of_its_reversal_can_still_be_put_right(house: House):
    entry = house.spend("1", **WORDS)
    with unit_of_work():
        reverse_transaction(actor=house.owner.actor, transaction_id=entry.transaction.pk, reason="")
    assert edit(house.owner, entry, description="A mistake").description == "A mistake"


@pytest.mark.parametrize("who", ["owner", "adult", "member"])
def test_ones_own_words_may_be_edited(house: House, who: str):
    entry = house.spend("1", by=who)
    assert edit(house.people[who], entry, description="Mine").description == "Mine"


def test_an_owner_edits_anybodys_words(house: House):
    assert edit(house.owner, house.spend("1", by="member"), description="x").version == 2


@pytest.mark.parametrize(
    ("who", "author", "wallet"),
    [
        ("adult", "owner", "cash"),
        ("member", "owner", "cash"),
        ("child", "child", "pocket"),
        ("child", "adult", "pocket"),
    ],
)
def test_words_of_others_or_without_the_right_are_refused(house: House, who: str, author: str, wallet: str):
    house.earn("5", "pocket")
    entry = house.spend("1", wallet, by=author)
    before = everything()
    with pytest.raises(PermissionDenied) as caught:
        edit(house.people[who], entry, description="x")
    assert caught.value.facts == {"permission": "edit_own_transaction"}
    assert everything() == before


@pytest.mark.parametrize(
    ("who", "wallet"), [("owner", "secret"), ("member", "anns"), ("child", "cash"), ("stranger", "cash")]
)
def test_words_that_one_does_not_see_are_not_there(house: House, who: str, wallet: str):
    entry = house.spend("1", wallet, by="adult")
    with refused(NotFound):
        edit(house.people[who], entry, description="x")


def test_over_http_the_answer_is_the_entry_as_edited(house: House):
    http, entry = house.owner.http, house.spend("1", **WORDS).transaction.pk
    answer = http.patch(
        f"/transactions/{entry}",
        payee="Aldi",
        tags=["Food", "pets"],
        headers={"If-Match": '"v1"'},
    )
    found = answer.json()
    assert (answer.status_code, answer["ETag"]) == (200, '"v2"')
    assert (found["payee"], found["tags"], found["version"], found["amount"]) == (
        "Aldi",
        ["Food", "pets"],
        2,
        "1.00",
    )


@pytest.mark.parametrize("given", ['"v2"', '"v0"', "v1", '"1"', 'W/"v1"', '"v1", "v2"', "nonsense"])
def test_over_http_a_version_that_is_not_the_one_there_is_a_failed_precondition(house: House, given: str):
    entry = house.spend("1").transaction.pk
    before = everything()
    answer = house.owner.http.patch(f"/transactions/{entry}", description="x", headers={"If-Match": given})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert everything() == before


@pytest.mark.parametrize(
    "body",
    [
        {"status": "draft"},
        {"created_by_id": 1},
        {"version": 2},
        {"description": None},
        {"description": "x" * 501},
        {"notes": "x" * 10_001},
        {"payee": "x" * 201},
        {"tags": ["x" * 51]},
        {"tags": [str(n) for n in range(21)]},
        {"tags": "food"},
        {"tags": [""]},
        {"tags": None},
    ],
    ids=lambda body: next(iter(body)),
)
def test_over_http_what_is_no_word_has_the_wrong_shape(house: House, body: dict):
    entry = house.spend("1").transaction.pk
    before = everything()
    answer = house.owner.http.patch(f"/transactions/{entry}", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == set(body)
    assert everything() == before
