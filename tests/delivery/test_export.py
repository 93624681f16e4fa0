"""POST /users/me/export: all about oneself, and nothing of what others keep to themselves."""

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import timedelta

import pytest
from django.core.cache import cache

from accounts.models import LoginSession, OAuthLink, TelegramIdentity
from audit.names import EventName
from delivery import archive, export
from delivery.archive import Table, cell, pack
from families.models import Membership
from families.services import remove_member
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.models import Wallet
from tests.accounts.app import protect
from tests.accounts.tools import events, log_in
from tests.conftest import join, person
from tests.delivery.helpers import relay
from tests.http import Http
from tests.ledger.helpers import want_approval

pytestmark = pytest.mark.django_db

TABLES = {
    "profile",
    "sessions",
    "devices",
    "providers",
    "chats",
    "memberships",
    "invitations",
    "wallets",
    "transactions",
    "approvals",
    "events",
    "requests",
}


def taken(http, **headers):
    answer = http.post("/users/me/export", headers=headers)
    assert answer.status_code == 200, answer.content
    return zipfile.ZipFile(io.BytesIO(answer.file))


def tables_of(http):
    """What the ZIP says, by table; each table alike as JSON and as CSV."""
    with taken(http) as found:
        names = {name.rpartition(".")[0] for name in found.namelist()}
        assert {f"{name}.{form}" for name in names for form in ("json", "csv")} == set(found.namelist())
        told = {name: json.loads(found.read(f"{name}.json")) for name in names}
        for name, rows in told.items():
            lines = list(csv.DictReader(io.StringIO(found.read(f"{name}.csv").decode())))
            assert lines == [{key: cell(value) for key, value in row.items()} for row in rows]
    return told


def ids(rows):
    return {row["id"] for row in rows}


def test_it_is_a_zip_of_all_tables_as_json_and_as_csv(house):
    answer = house.adult.http.post("/users/me/export")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"] == 'attachment; filename="financebot.zip"'
    assert set(tables_of(house.adult.http)) == TABLES


def test_account_sessions_devices_and_families_are_in_it(house):
    http = Http(log_in(house.adult.user.email).json()["access_token"])
    http.patch("/users/me", phone="+4915123456789")
    app = protect(house.adult.user)
    OAuthLink.objects.create(user=house.adult.user, provider="github", subject="4711")
    TelegramIdentity.objects.create(user=house.adult.user, chat_id=815, username="ann")
    told = tables_of(http)
    assert [row["subject"] for row in told["providers"]] == ["4711"]
    assert [(row["chat_id"], row["username"]) for row in told["chats"]] == [(815, "ann")]
    [profile] = told["profile"]
    assert (profile["email"], profile["phone"], profile["two_factor"]) == (
        house.adult.user.email,
        "+4915123456789",
        True,
    )
    assert len(told["sessions"]) == 2
    assert len(told["devices"]) == 1
    assert [(row["id"], row["family"], row["role"]) for row in told["memberships"]] == [
        (house.adult.membership.pk, "Home", "adult")
    ]
    everything = json.dumps(told)
    for secret in (app.key, house.adult.user.password, *app.backup_codes):
        assert secret not in everything


def test_what_one_sees_of_the_ledger_is_in_it_with_one_s_own_private_wallets(house):
    house.earn("50.00", "secret", by="adult", description="a present")
    house.earn("50.00", "cash", by="owner")
    told = tables_of(house.adult.http)
    listed = {row["id"] for row in house.adult.http.get("/transactions").json()["results"]}
    assert ids(told["transactions"]) == listed
    assert "a present" in {row["description"] for row in told["transactions"]}
    assert ids(told["wallets"]) == {house.wallets["anns"].pk, house.wallets["secret"].pk}


@pytest.mark.parametrize("who", ["owner", "member", "child", "reader"])
def test_nothing_of_others_private_wallets_is_in_it(house, who):
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(name="Hidden purse")
    house.earn("98.76", "secret", by="adult", description="hidden words")
    house.earn("50.00", "anns", by="adult")
    house.move("12.34", "secret", "anns", by="adult", description="half hidden")
    relay()
    told = tables_of(house.people[who].http)
    everything = json.dumps(told, ensure_ascii=False)
    for word in ("98.76", "hidden words", "Hidden purse"):
        assert word not in everything
    hidden = house.wallets["secret"].pk
    assert hidden not in ids(told["wallets"])
    assert not [row for row in told["transactions"] if hidden in (row["from_wallet_id"], row["to_wallet_id"])]
    listed = house.people[who].http.get("/transactions").json().get("results", [])
    assert ids(told["transactions"]) == {row["id"] for row in listed}


def test_others_events_are_not_in_it_and_one_s_own_are(house):
    house.earn("50.00", "cash", by="owner", description="of the owner")
    house.earn("50.00", "anns", by="adult", description="of the adult")
    relay()
    told = tables_of(house.adult.http)
    assert {row["actor_id"] for row in told["events"] if row["entity_type"] == "transaction"} == {house.adult.user.pk}
    assert "of the adult" in json.dumps(told["events"])
    assert "of the owner" not in json.dumps(told["events"])
    joined = [row for row in told["events"] if row["action"] == "member.joined"]
    assert [row["entity_id"] for row in joined] == [house.adult.membership.pk]


def test_approvals_that_one_gave_are_in_it(house):
    house.earn("50.00", "cash")
    want_approval(house)
    entry = house.spend("5.00", "cash", by="member").transaction
    house.owner.http.post(f"/transactions/{entry.pk}/confirm", confirmation_token=None)
    assert [row["transaction_id"] for row in tables_of(house.owner.http)["approvals"]] == [entry.pk]
    assert tables_of(house.adult.http)["approvals"] == []


def test_who_has_left_gets_what_they_hid_and_what_they_wrote_and_nothing_of_what_came_after(house):
    house.earn("50.00", "secret", by="adult", description="hidden words")
    mine = house.earn("50.00", "cash", by="adult", description="my own").transaction
    house.earn("50.00", "cash", by="owner", description="before")
    with unit_of_work():
        remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)
    house.earn("50.00", "anns", by="owner", description="after")
    relay()
    told = tables_of(house.adult.http)
    assert [(row["state"], row["family"]) for row in told["memberships"]] == [("ended", None)]
    assert ids(told["wallets"]) == {house.wallets["secret"].pk}
    assert {row["description"] for row in told["transactions"]} == {"hidden words", "my own"}
    [row] = [row for row in told["transactions"] if row["id"] == mine.pk]
    assert row["to_wallet_id"] is None
    everything = json.dumps(told)
    assert "before" not in everything.replace("before@", "")
    assert "after" not in everything
    assert all(row["changes"] is None for row in told["events"] if row["family_id"])


def test_an_old_proof_is_not_enough_and_it_is_remembered(house):
    tables_of(house.adult.http)
    [event] = events(EventName.DATA_EXPORTED)
    assert (event.actor_id, event.entity_id, event.changes) == (house.adult.user.pk, house.adult.user.pk, {})
    LoginSession.objects.filter(pk=house.adult.session.pk).update(proof_at=clock.now() - timedelta(minutes=10))
    assert house.adult.http.post("/users/me/export").json()["code"] == "step_up_required"
    assert len(events(EventName.DATA_EXPORTED)) == 1


def test_it_is_given_five_times_an_hour(house, settings):
    settings.RATE_LIMITS = True
    cache.clear()
    statuses = [house.adult.http.post("/users/me/export").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_a_key_stores_no_copy(house):
    assert taken(house.adult.http, **{"Idempotency-Key": "export-1"}).namelist()
    assert taken(house.adult.http, **{"Idempotency-Key": "export-1"}).namelist()
    assert len(events(EventName.DATA_EXPORTED)) == 2


def test_two_families_are_both_in_it(house):
    other = join(house.stranger, "adult")
    Membership.objects.filter(pk=other.membership.pk).update(user=house.adult.user)
    assert len(tables_of(house.adult.http)["memberships"]) == 2


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+49151", "'+49151"),
        ("@cmd", "'@cmd"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("-2+3", "'-2+3"),
        ("-5.00", "-5.00"),
        ("5.00", "5.00"),
        (None, ""),
        (True, "true"),
        (["=1"], '["=1"]'),
        ("plain", "plain"),
    ],
)
def test_no_cell_is_a_formula(value, written):
    assert cell(value) == written


def test_what_somebody_wrote_comes_as_a_word_into_the_spreadsheet(house):
    house.earn("50.00", "anns", by="adult", description="=cmd|' /C calc'!A0", payee="@SUM(1)")
    with taken(house.adult.http) as found:
        [row] = csv.DictReader(io.StringIO(found.read("transactions.csv").decode()))
        [same] = json.loads(found.read("transactions.json"))
    assert (row["description"], row["payee"]) == ("'=cmd|' /C calc'!A0", "'@SUM(1)")
    assert (same["description"], same["payee"]) == ("=cmd|' /C calc'!A0", "@SUM(1)")


def test_however_much_there_is_little_is_in_memory():
    rows = ({"id": number, "text": f"{number} " * 50} for number in range(30_000))
    tracemalloc.start()
    with pack([Table("many", ("id", "text"), rows)]) as file:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert zipfile.ZipFile(file).getinfo("many.json").file_size > 8_000_000
    assert peak < 4 * archive.SPOOL


def test_rows_are_read_in_chunks(house, monkeypatch):
    monkeypatch.setattr(export, "CHUNK", 2)
    for _ in range(5):
        house.earn("5.00", "anns", by="adult")
    relay()
    assert len(tables_of(house.adult.http)["transactions"]) == 5


def test_who_has_no_family_gets_what_there_is():
    told = tables_of(person().http)
    assert [len(told[name]) for name in ("profile", "sessions", "memberships", "wallets")] == [1, 1, 0, 0]
