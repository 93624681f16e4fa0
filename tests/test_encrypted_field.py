"""A column that is encrypted at rest, and the command that encrypts it under another key."""

import json
from io import StringIO

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import TotpDevice
from financebot.common.encryption import EncryptedField, Undecipherable, current_kid
from financebot.management.commands import rotate_encryption_key
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

TEXT = "JBSWY3DPEHPK3PXP"
OLD, NEW = "old " * 12, "new " * 12


def device(text: str = TEXT) -> TotpDevice:
    return TotpDevice.objects.create(user=UserFactory(), key=text)


def stored(row: TotpDevice) -> str:
    """The column as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM accounts_totpdevice WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


def paste(row: TotpDevice, sealed: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_totpdevice SET key = %s WHERE id = %s", [sealed, row.pk])


def test_the_column_holds_no_clear_text_and_names_its_key():
    row = device()
    assert TEXT not in stored(row)
    assert stored(row).startswith(f"{current_kid()}:")


def test_it_reads_as_it_was_written():
    row = device()
    assert row.key == TEXT
    row.refresh_from_db()
    assert row.key == row.key == TEXT
    assert TotpDevice.objects.get(pk=row.pk).key == TEXT
    assert TotpDevice.objects.only("id").get(pk=row.pk).key == TEXT


def test_what_is_made_in_bulk_is_sealed_too():
    made = TotpDevice.objects.bulk_create([TotpDevice(user=UserFactory(), key=TEXT) for _ in range(2)])
    assert TEXT not in stored(made[0]) + stored(made[1])
    assert stored(made[0]) != stored(made[1])
    assert {row.key for row in TotpDevice.objects.filter(pk__in=[row.pk for row in made])} == {TEXT}


def test_a_new_value_is_sealed_and_a_save_of_something_else_leaves_it_alone():
    row = device()
    before = stored(row)
    row.last_step = 5
    row.save(update_fields=["last_step"])
    assert stored(row) == before
    row.key = "another"
    row.save(update_fields=["key"])
    assert stored(row) != before
    assert TotpDevice.objects.get(pk=row.pk).key == "another"


def test_what_knows_no_row_cannot_write_it():
    row = device()
    before = stored(row)
    with pytest.raises(FieldError), transaction.atomic():
        TotpDevice.objects.filter(pk=row.pk).update(key="clear text")
    row.key = "clear text"
    with pytest.raises(FieldError), transaction.atomic():
        TotpDevice.objects.bulk_update([row], ["key"])
    assert stored(row) == before


@pytest.mark.parametrize("lookup", ["exact", "iexact", "contains", "startswith", "in", "gt", "regex", "range"])
def test_there_is_nothing_to_search_by(lookup):
    with pytest.raises(FieldError):
        TotpDevice.objects.filter(**{f"key__{lookup}": [TEXT, TEXT] if lookup in {"in", "range"} else TEXT}).exists()


def test_whether_it_is_null_can_be_asked():
    device()
    assert TotpDevice.objects.filter(key__isnull=False).exists()
    assert not TotpDevice.objects.filter(key__isnull=True).exists()


def test_another_row_s_ciphertext_does_not_open():
    mine, theirs = device(), device("theirs")
    paste(mine, stored(theirs))
    with pytest.raises(Undecipherable):
        TotpDevice.objects.get(pk=mine.pk).key  # noqa: B018 - reading is what fails


def test_a_ciphertext_follows_its_row_to_no_other_column():
    copy = EncryptedField(bound_to="user_id")
    copy.model, copy.name = TotpDevice, "other"
    row = device()
    assert copy.binding_of(row) != TotpDevice._meta.get_field("key").binding_of(row)


# --- another key


@pytest.fixture
def turned(settings):
    """Five rows under a key that has been replaced."""
    settings.ENCRYPTION_KEY = OLD
    rows = [device(f"text {number}") for number in range(5)]
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEY_PREVIOUS = NEW, OLD
    return rows


def rotated(**options):
    out = StringIO()
    call_command("rotate_encryption_key", stdout=out, **options)
    return out.getvalue()


def test_every_row_is_encrypted_anew_in_batches_and_opens_without_the_old_key(turned, settings, monkeypatch):
    monkeypatch.setattr(rotate_encryption_key, "BATCH", 2)
    assert rotated() == f"5 rows encrypted anew under key {current_kid()}.\n"
    assert {stored(row).partition(":")[0] for row in turned} == {current_kid()}
    settings.ENCRYPTION_KEY_PREVIOUS = ""
    texts = TotpDevice.objects.order_by("pk")
    assert [row.key for row in texts] == [f"text {number}" for number in range(5)]


def test_twice_does_no_harm_and_what_is_current_stays_as_it_is(turned):
    new = device("new")
    before = stored(new)
    assert json.loads(rotated(json=True))["rewritten"]["accounts.TotpDevice"] == 5
    after = [stored(row) for row in turned]
    again = json.loads(rotated(json=True))
    assert (again["kid"], set(again["rewritten"].values()), again["lost"]) == (current_kid(), {0}, [])
    assert [stored(row) for row in turned] == after
    assert stored(new) == before


def test_a_row_that_no_key_opens_is_named_and_the_others_are_done(turned):
    paste(turned[1], stored(turned[2]))
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("rotate_encryption_key", stdout=out)
    assert stopped.value.code == 1
    assert f"LOST accounts.TotpDevice {turned[1].pk}" in out.getvalue()
    assert "4 rows" in out.getvalue()
    with pytest.raises(SystemExit):
        rotated(json=True)


def test_a_row_that_somebody_writes_meanwhile_is_not_written_twice(turned):
    turned[0].key = "newer"
    turned[0].save(update_fields=["key"])
    before = stored(turned[0])
    assert rotate_encryption_key._rewrite(TotpDevice, ["key"], [row.pk for row in turned], []) == 4
    assert stored(turned[0]) == before
