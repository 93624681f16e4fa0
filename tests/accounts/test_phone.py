"""A phone number: one's own alone, encrypted at rest, and whole nowhere else."""

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection

from accounts.admin import UserAdmin
from accounts.models import User
from audit.models import EventLog
from audit.names import EventName
from financebot.api.models import IdempotencyKey
from tests.accounts.tools import events
from tests.conftest import person
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NUMBER = "+4915123456789"


@pytest.fixture
def ann():
    return person(email="ann@example.org")


def test_it_is_kept_and_shown_to_oneself_whole(ann):
    answer = ann.http.patch("/users/me", phone=NUMBER)
    assert (answer.status_code, answer.json()["phone"]) == (200, NUMBER)
    assert ann.http.get("/users/me").json()["phone"] == NUMBER
    assert ann.http.patch("/users/me", phone=None).json()["phone"] is None


@pytest.mark.parametrize(
    "number",
    [
        "015123456789",
        "+0151234567",
        "+123456",
        "+1234567890123456",
        "+49 151 234567",
        "+4915123456x",
        "",
        49151,
        "+٤٩١٥١٢٣٤٥٦٧",
    ],
)
def test_what_is_not_as_e164_writes_it_is_refused(ann, number):
    answer = ann.http.patch("/users/me", phone=number)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["phone"])


def test_the_database_holds_it_encrypted_alone(ann):
    ann.http.patch("/users/me", headers={"Idempotency-Key": "phone-1"}, phone=NUMBER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM accounts_user WHERE id = %s", [ann.user.pk])
        [stored] = cursor.fetchone()
    assert "15123456789" not in stored
    for model in (EventLog, IdempotencyKey):
        assert "15123456789" not in str(
            [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in model.objects.values_list()]
        )
    [event] = events(EventName.PROFILE_EDITED)
    assert event.private["texts"] == {"phone": [None, "+…89"]}


def test_the_back_office_shows_its_last_digits(ann):
    ann.http.patch("/users/me", phone=NUMBER)
    user = User.objects.get(pk=ann.user.pk)
    assert UserAdmin.masked_phone(None, user) == "+…89"
    assert UserAdmin.masked_phone(None, person().user) == "–"
    assert "phone" not in str(UserAdmin.fields).replace("masked_phone", "")


def test_a_number_moved_to_somebody_else_does_not_open(ann):
    ann.http.patch("/users/me", phone=NUMBER)
    eve = person()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_user SET phone = (SELECT phone FROM accounts_user WHERE id = %s) WHERE id = %s",
            [ann.user.pk, eve.user.pk],
        )
    with pytest.raises(Exception, match="not what key"):
        _ = User.objects.get(pk=eve.user.pk).phone


def test_rotation_encrypts_it_anew(ann, settings):
    ann.http.patch("/users/me", phone=NUMBER)
    settings.ENCRYPTION_KEY_PREVIOUS, settings.ENCRYPTION_KEY = settings.ENCRYPTION_KEY, "another key " * 4
    call_command("rotate_encryption_key", verbosity=0)
    settings.ENCRYPTION_KEY_PREVIOUS = ""
    assert User.objects.get(pk=ann.user.pk).phone == NUMBER


def test_nobody_is_made_with_one_since_it_would_be_bound_to_no_row():
    with pytest.raises(FieldError):
        UserFactory(phone=NUMBER)
