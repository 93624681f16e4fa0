"""GET, PATCH /users/me."""

import pytest

from audit.names import EventName
from tests.accounts.tools import events
from tests.conftest import person

pytestmark = pytest.mark.django_db

FIELDS = {
    "id",
    "email",
    "email_verified",
    "new_email",
    "phone",
    "first_name",
    "last_name",
    "language",
    "timezone",
    "created_at",
    "version",
}


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann", last_name="Huber")


def test_the_profile_shows_what_is_mine_and_no_secret(ann):
    body = ann.http.get("/users/me").json()
    assert set(body) == FIELDS
    assert (body["id"], body["email"], body["email_verified"]) == (ann.user.pk, "ann@example.org", False)
    assert (body["language"], body["timezone"], body["version"]) == ("en", "UTC", 1)
    assert body["created_at"].endswith("Z")


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Anna"},
        {"last_name": ""},
        {"language": "de"},
        {"timezone": "Europe/Berlin"},
        {"first_name": "x" * 100, "last_name": "Zoë 李", "language": "uk", "timezone": "Pacific/Chatham"},
    ],
)
def test_what_is_given_changes_and_the_rest_stays(ann, changes):
    before = ann.http.get("/users/me").json()
    answer = ann.http.patch("/users/me", **changes)
    assert answer.status_code == 200, answer.json()
    assert answer.json() == before | changes | {"version": 2} == ann.http.get("/users/me").json()


def test_a_change_is_remembered_and_its_words_can_be_erased(ann):
    ann.http.patch("/users/me", first_name="Anna", timezone="Europe/Berlin")
    [event] = events(EventName.PROFILE_EDITED)
    assert (event.actor_id, event.changes) == (ann.user.pk, {})
    assert event.private["texts"] == {"first_name": ["Ann", "Anna"], "timezone": ["UTC", "Europe/Berlin"]}


@pytest.mark.parametrize(
    "field",
    [
        "email",
        "new_email",
        "former_email",
        "erased_at",
        "password",
        "is_active",
        "is_staff",
        "is_superuser",
        "security_epoch",
        "id",
        "version",
        "created_at",
    ],
)
def test_what_is_not_to_be_changed_here_is_refused(ann, field):
    before = ann.http.get("/users/me").json()
    answer = ann.http.patch("/users/me", first_name="Anna", **{field: 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert ann.http.get("/users/me").json() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "x" * 101),
        ("first_name", None),
        ("last_name", ["Huber"]),
        ("last_name", "\x00"),
        ("language", "xx"),
        ("language", None),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "europe/berlin"),
        ("timezone", ""),
    ],
)
def test_what_cannot_be_is_refused(ann, field, value):
    answer = ann.http.patch("/users/me", **{field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert ann.http.get("/users/me").json()["version"] == 1


def test_a_change_touches_nobody_else(ann):
    eve = person()
    before = eve.http.get("/users/me").json()
    ann.http.patch("/users/me", first_name="Anna")
    assert eve.http.get("/users/me").json() == before
