"""The page /two-factor: for people who have a browser and no program."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import LoginSession, TotpDevice
from audit.names import EventName
from financebot.common import clock
from tests.accounts.app import App, protect
from tests.accounts.test_login_page import csrf_of, send
from tests.accounts.tools import events, log_in
from tests.conftest import founder_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

PAGE = "/two-factor"


@pytest.fixture
def owner(db):
    return founder_of(email="ann@example.org")


@pytest.fixture
def browser(owner):
    found = Client(enforce_csrf_checks=True)
    send(found, email="ann@example.org", password=PASSWORD)
    return found


def begin(owner, browser):
    page = browser.post(PAGE, {"csrfmiddlewaretoken": csrf_of(browser.get(PAGE))})
    key = re.search(r"<code>([A-Z2-7]{32})</code>", page.content.decode()).group(1)
    return page, App(owner.user, key, [])


def show(browser, page, code):
    return browser.post(PAGE, {"csrfmiddlewaretoken": csrf_of(page), "code": code})


def test_a_picture_a_code_and_ten_codes_for_paper(owner, browser, settings):
    settings.ADMIN_REQUIRE_2FA = True
    assert browser.get("/admin/").status_code == 302
    page, app = begin(owner, browser)
    assert "data:image/png;base64," in page.content.decode()
    answer = show(browser, page, app.code())
    codes = re.findall(r"<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</code>", answer.content.decode())
    assert len(set(codes)) == 10
    assert "no-store" in answer.headers["Cache-Control"]
    assert [event.channel for event in events(EventName.TWO_FACTOR_ENABLED)] == ["web"]
    assert log_in("ann@example.org").status_code == 202
    assert app.enter_by_paper(codes[0]).status_code == 200
    assert browser.get("/admin/").status_code == 200


def test_a_wrong_code_shows_the_same_key_again(owner, browser):
    page, app = begin(owner, browser)
    again = show(browser, page, app.wrong())
    assert app.key in again.content.decode()
    assert "wrong, used or no longer valid" in again.content.decode()
    assert len(events(EventName.TWO_FACTOR_FAILED)) == 1
    assert log_in("ann@example.org").status_code == 200
    assert "not shown again" in show(browser, again, app.code()).content.decode()


@pytest.mark.parametrize("code", ["", "1" * 500])
def test_a_form_that_is_not_filled_shows_the_same_key_again(owner, browser, code):
    page, app = begin(owner, browser)
    assert app.key in show(browser, page, code).content.decode()
    assert not events(EventName.TWO_FACTOR_FAILED)


def test_where_it_is_on_the_page_says_so_and_changes_nothing(owner, browser):
    page, app = begin(owner, browser)
    show(browser, page, app.code())
    assert "It is on" in browser.get(PAGE).content.decode()
    for body in ({}, {"code": app.code(1)}):
        answer = browser.post(PAGE, {"csrfmiddlewaretoken": csrf_of(page), **body})
        assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert TotpDevice.objects.get().key == app.key


def test_a_code_before_there_is_a_key_leads_back(browser):
    token = csrf_of(browser.get(PAGE))
    answer = browser.post(PAGE, {"csrfmiddlewaretoken": token, "code": "000000"})
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_for_a_log_in_of_a_short_while_ago(browser, method):
    token = csrf_of(browser.get(PAGE))
    LoginSession.objects.update(proof_at=clock.now() - timedelta(minutes=10))
    answer = getattr(browser, method)(PAGE, {"csrfmiddlewaretoken": token} if method == "post" else {})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/step-up?next=%2Ftwo-factor")
    assert not TotpDevice.objects.exists()


def test_nobody_and_who_is_halfway_in_are_sent_to_the_log_in(owner):
    stranger = Client()
    assert stranger.get(PAGE).headers["Location"].startswith("/login")
    protect(owner.user)
    send(stranger, email="ann@example.org", password=PASSWORD)
    assert stranger.get(PAGE).headers["Location"].startswith("/login")


def test_it_needs_its_csrf_token(browser):
    assert browser.post(PAGE).status_code == 403
    assert not TotpDevice.objects.exists()
