"""Registering with a browser."""

import pytest
from django.core.cache import caches
from django.test import Client

from accounts.models import User
from audit.names import EventName
from tests.accounts.test_login_page import csrf_of
from tests.accounts.tools import events
from tests.conftest import person
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

WANTED = "/auth/telegram"
NEW = {"email": "New@Example.org", "password": PASSWORD, "first_name": "New"}


@pytest.fixture
def browser(db):
    return Client(enforce_csrf_checks=True)


def register(browser, **fields):
    page = browser.get(f"/register?next={WANTED}")
    return browser.post("/register", {"csrfmiddlewaretoken": csrf_of(page), "next": WANTED, **fields})


def test_who_registers_is_logged_in_and_goes_on(browser):
    answer = register(browser, **NEW)
    assert (answer.status_code, answer.headers["Location"]) == (302, WANTED)
    assert User.objects.get(email="new@example.org").first_name == "New"
    assert browser.get(WANTED).status_code == 200
    assert [event.channel for event in events(EventName.REGISTERED)] == ["web"]


@pytest.mark.parametrize("taken", [False, True])
def test_where_addresses_are_proven_first_both_are_told_the_same(browser, settings, taken):
    settings.EMAIL_VERIFICATION = "required"
    if taken:
        person(email="new@example.org")
    assert "We have sent you a letter" in register(browser, **NEW).content.decode()
    assert browser.get(WANTED).status_code == 302


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "ann@example.org"}, "already"),
        ({"email": "no address"}, "valid email"),
        ({"password": "short"}, "too short"),
        ({"password": ""}, "required"),
        ({"first_name": "x" * 101}, "at most 100"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(browser, change, said):
    person(email="ann@example.org")
    page = register(browser, **{**NEW, **change}).content.decode()
    assert said in page
    assert PASSWORD not in page
    assert User.objects.count() == 1


def test_where_people_come_by_invitation_the_page_asks_for_it(browser, settings):
    settings.REGISTRATION_MODE = "invite"
    assert 'name="invitation"' in browser.get("/register").content.decode()
    assert "You lack the permission invitation" in register(browser, **NEW, invitation="none").content.decode()
    assert not User.objects.exists()


def test_registering_needs_its_csrf_token(browser):
    assert browser.post("/register", NEW).status_code == 403
    assert not User.objects.exists()


def test_registrations_by_page_and_api_are_counted_together(browser, settings, client):
    settings.RATE_LIMITS = True
    caches["default"].clear()
    for number in range(10):
        body = {"email": f"{number}@example.org", "password": PASSWORD}
        assert client.post("/api/v1/auth/register", body, content_type="application/json").status_code == 201
    assert register(browser, **NEW).status_code == 429
