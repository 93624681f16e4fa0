"""POST /auth/register: a new account, logged in."""

import pytest

from accounts.models import LoginSession, User
from audit.names import EventName
from tests.accounts.tools import PERSONAL, REFUSED_PASSWORDS, events, log_in
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db
SAID = {"success", "user_id", "message", "access_token", "refresh_token", "expires_in", "device_id"}


def register(**fields):
    return Http().post("/auth/register", **{"email": "ann@example.org", "password": PASSWORD, **fields})


def test_a_new_account_is_logged_in_at_once():
    answer = register(first_name="Ann")
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == SAID
    assert (body["success"], body["expires_in"]) == (True, 900)
    me = Http(body["access_token"]).get("/users/me").json()
    assert (me["id"], me["email"], me["first_name"]) == (body["user_id"], "ann@example.org", "Ann")


def test_the_registration_is_remembered_with_its_session():
    user = register().json()["user_id"]
    [event] = events(EventName.REGISTERED)
    assert (event.entity_type, event.entity_id) == ("session", LoginSession.objects.get(user=user).pk)


def test_nobody_becomes_more_than_a_person_by_registering():
    user = User.objects.get(pk=register().json()["user_id"])
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "email_verified_at", "security_epoch", "role"])
def test_a_field_that_is_not_asked_for_is_refused(field):
    answer = register(**{field: True})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "written",
    ["Ann@Example.ORG", "  ann@example.org ", "ann@ｅxample.org"],
    ids=["capitals", "spaces", "full width letter"],
)
def test_an_address_is_kept_in_one_form(written):
    answer = register(email=written)
    assert answer.status_code == 201, answer.json()
    assert User.objects.get().email == "ann@example.org"


@pytest.mark.parametrize("written", ["ann@example.org", "ANN@example.org", "ann@ｅxample.org"])
def test_an_address_has_one_account_however_it_is_written(written):
    register()
    answer = register(email=written)
    assert (answer.status_code, answer.json()["code"]) == (400, "email_taken")
    assert User.objects.count() == LoginSession.objects.count() == 1


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@example.org\x00",
        "a@" + "b" * 250 + ".org",
        "a@" + ".".join(["㍿" * 5] * 40) + ".org",
        None,
        7,
        [],
    ],
    ids=[
        "empty",
        "no at",
        "no host",
        "no name",
        "no dot",
        "NUL",
        "long",
        "long once normalised",
        "null",
        "number",
        "list",
    ],
)
def test_what_is_no_address_is_refused(written):
    answer = register(email=written)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["email"])
    assert not User.objects.exists()


@pytest.mark.parametrize("password", REFUSED_PASSWORDS.values(), ids=REFUSED_PASSWORDS.keys())
def test_a_weak_password_is_refused(password):
    answer = register(**PERSONAL, password=password)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (
        400,
        "invalid",
        ["password"],
    )
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["kq7 vbzp0x", "пароль-семьи-7", "  spaces  count  ", "x7" * 512])
def test_a_strong_password_of_any_letters_is_taken_and_opens_the_account(password):
    assert register(password=password).status_code == 201
    assert log_in("ann@example.org", password).status_code == 200


@pytest.mark.parametrize("field", ["email", "password"])
def test_a_missing_field_is_named(field):
    body = {"email": "ann@example.org", "password": PASSWORD}
    del body[field]
    answer = Http().post("/auth/register", **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


@pytest.mark.parametrize("name", ["x" * 101, "A\x00nn", ["Ann"], None])
def test_a_name_that_cannot_be_kept_is_refused(name):
    answer = register(first_name=name)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["first_name"])
    assert not User.objects.exists()


def test_a_dead_token_does_not_stand_in_the_way():
    answer = Http("dead").post("/auth/register", email="ann@example.org", password=PASSWORD)
    assert answer.status_code == 201


@pytest.mark.postgres
def test_of_ten_registrations_at_once_with_one_address_one_gets_it(threads):
    answers = threads([register] * 10)
    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 9
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"email_taken"}
    assert User.objects.filter(email="ann@example.org").count() == LoginSession.objects.count() == 1
