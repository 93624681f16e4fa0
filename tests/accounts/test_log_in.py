"""POST /auth/login: the one way in."""

import unicodedata

import pytest

from accounts import passwords, services
from accounts.authentication import nobody
from accounts.errors import InvalidCredentials
from accounts.models import LoginSession
from accounts.services import Entered
from audit.names import EventName
from financebot.common.usecase import Refused, unit_of_work
from tests.accounts.tools import events, log_in, said
from tests.conftest import person
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(db):
    return person(email="ann@example.org").user


def attempt(proof):
    with unit_of_work():
        return services.log_in(actor=nobody(), proof=proof)


def test_the_right_password_opens_a_session(ann):
    answer = log_in("ann@example.org")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access_token", "refresh_token", "user_id", "expires_in", "device_id"}
    assert (body["user_id"], body["expires_in"]) == (ann.pk, 900)
    assert Http(body["access_token"]).get("/users/me").status_code == 200


def test_the_session_knows_where_it_was_opened_and_the_event_names_it(ann):
    log_in("ann@example.org", **{"User-Agent": "phone/1", "X-Client-Id": "app"})
    session = LoginSession.objects.latest("pk")
    assert (session.user_id, session.address) == (ann.pk, "127.0.0.1")
    assert (session.user_agent, session.client) == ("phone/1", "app")
    assert [event.entity_id for event in events(EventName.LOGGED_IN)] == [session.pk]


REFUSED = {
    "unknown": ("nobody@example.org", PASSWORD),
    "no address at all": ("nobody", PASSWORD),
    "wrong": ("ann@example.org", "not this one at all"),
    "space in front": ("ann@example.org", f" {PASSWORD}"),
    "another case": ("ann@example.org", PASSWORD.upper()),
    "inactive": ("inactive@example.org", PASSWORD),
    "inactive and wrong": ("inactive@example.org", "not this one at all"),
    "without a password": ("unusable@example.org", PASSWORD),
}


@pytest.fixture
def others(ann):
    person(email="inactive@example.org", is_active=False)
    unusable = person(email="unusable@example.org").user
    unusable.set_unusable_password()
    unusable.save()


@pytest.mark.parametrize(("email", "password"), REFUSED.values(), ids=REFUSED.keys())
def test_every_refusal_says_the_same(others, email, password):
    status, body, headers = said(log_in(email, password))
    assert (status, body["code"]) == (401, "invalid_credentials")
    assert (status, body, headers) == said(log_in("ann@example.org", "another wrong one"))


@pytest.mark.parametrize(("email", "password"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_try_is_remembered_and_opens_nothing(others, email, password):
    before = LoginSession.objects.count()
    assert log_in(email, password, **{"X-Request-Id": "try-number-1"}).status_code == 401
    [event] = events(EventName.LOGIN_FAILED)
    assert (event.request_id, event.private["address"]) == ("try-number-1", "127.0.0.1")
    assert PASSWORD not in str(event.private) + str(event.changes)
    assert LoginSession.objects.count() == before


def test_a_refused_try_names_the_account_it_was_aimed_at(ann):
    log_in("ann@example.org", "not this one at all")
    log_in("nobody@example.org", "not this one at all")
    assert [event.entity_id for event in events(EventName.LOGIN_FAILED)] == [ann.pk, 0]


@pytest.mark.parametrize(
    "written",
    ["ANN@EXAMPLE.ORG", " ann@example.org ", "ａｎｎ@example.org", "ann＠example.org"],
    ids=["capitals", "spaces", "full width", "full width at"],
)
def test_an_address_is_one_however_it_is_typed(ann, written):
    assert log_in(written).status_code == 200


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_password_is_one_on_every_keyboard(form):
    password = "Grüße aus Ångström ﬁn"
    Http().post("/auth/register", email="ann@example.org", password=password)
    assert log_in("ann@example.org", unicodedata.normalize(form, password)).status_code == 200


def test_a_password_changed_between_proof_and_record_is_refused(ann):
    proof = passwords.prove_email("ann@example.org", PASSWORD)
    ann.set_password("velvet otter canyon")
    ann.save()
    outcome = attempt(proof)
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.problem, InvalidCredentials)


def test_the_same_password_stored_anew_between_proof_and_record_is_refused(ann):
    proof = passwords.prove_email("ann@example.org", PASSWORD)
    ann.set_password(PASSWORD)
    ann.save()
    assert isinstance(attempt(proof), Refused)


def test_who_is_deactivated_between_proof_and_record_is_refused(ann):
    proof = passwords.prove_email("ann@example.org", PASSWORD)
    ann.is_active = False
    ann.save()
    assert isinstance(attempt(proof), Refused)


def test_a_proof_that_still_stands_lets_in(ann):
    assert isinstance(attempt(passwords.prove_email("ann@example.org", PASSWORD)), Entered)


@pytest.mark.parametrize("name", ["nobody", "ann", "inactive", "unusable"])
def test_whoever_it_is_one_hash_is_computed(others, name, monkeypatch):
    computed = []
    for work in ("make_password", "check_password"):
        real = getattr(passwords, work)
        monkeypatch.setattr(passwords, work, lambda *a, real=real: computed.append(1) or real(*a))
    log_in(f"{name}@example.org", "not this one at all")
    assert computed == [1]


def test_two_log_ins_are_two_sessions_that_end_apart(ann):
    first, second = (Http(log_in("ann@example.org").json()["access_token"]) for _ in range(2))
    first.post("/auth/logout")
    assert (first.get("/users/me").status_code, second.get("/users/me").status_code) == (401, 200)


def test_a_dead_token_does_not_stand_in_the_way_of_a_log_in(ann):
    answer = Http("dead").post("/auth/login", email="ann@example.org", password=PASSWORD)
    assert answer.status_code == 200
