"""The second step of the log-in page, and a back office that wants one of everybody."""

import re
from datetime import timedelta

import pytest

from accounts.authentication import SESSION_KEY
from accounts.models import LoginSession, User
from accounts.pages import CHALLENGE_KEY
from audit.names import EventName
from financebot.common import clock
from tests.accounts.app import protect
from tests.accounts.test_login_page import ME, csrf_of, send
from tests.accounts.tools import events
from tests.conftest import founder_of, person
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

CODE = "/login/code"


def begin(browser, **fields):
    answer = send(browser, email="ann@example.org", password=PASSWORD, **fields)
    assert answer.status_code == 302
    return answer.headers["Location"]


def show(browser, code, path=CODE):
    """Load the page of the second step, fill its form and send it, as a browser does."""
    page = browser.get(path)
    wanted = re.search(r'name="next" value="([^"]*)"', page.content.decode()).group(1)
    return browser.post(CODE, {"csrfmiddlewaretoken": csrf_of(page), "next": wanted, "code": code})


@pytest.mark.parametrize("kind", ["app", "paper"])
def test_the_second_step_asks_for_a_code_of_either_kind(ann, app, browser, kind):
    where = begin(browser, next="/api/v1/families")
    assert where.startswith(CODE)
    answer = show(browser, app.code() if kind == "app" else app.backup_codes[0].lower(), where)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/v1/families")
    session = LoginSession.objects.latest("pk")
    assert browser.session[SESSION_KEY] == session.pk
    assert [(event.entity_id, event.channel) for event in events(EventName.LOGGED_IN)] == [(session.pk, "web")]
    assert browser.cookies["device"].value
    assert browser.get(ME).json()["id"] == ann.user.pk


def test_between_the_steps_nobody_is_logged_in(app, browser):
    before = LoginSession.objects.count()
    begin(browser)
    assert LoginSession.objects.count() == before
    assert SESSION_KEY not in browser.session
    assert browser.get(ME).status_code == 401
    assert browser.get("/admin/").status_code == 302


def test_the_challenge_stays_on_the_server(app, browser):
    where = begin(browser)
    challenge = browser.session[CHALLENGE_KEY]
    page = browser.get(where)
    assert challenge not in where + page.content.decode() + str(browser.cookies)
    assert "no-store" in page.headers["Cache-Control"]
    assert "<script" not in page.content.decode()


def test_the_session_id_changes_at_both_steps(app, browser):
    browser.get("/login")
    begin(browser)
    between = browser.cookies["session"].value
    show(browser, app.code())
    assert browser.cookies["session"].value != between
    assert CHALLENGE_KEY not in browser.session


def test_who_was_logged_in_is_not_any_more_when_another_begins(app, browser):
    person(email="bob@example.org")
    assert send(browser, email="bob@example.org", password=PASSWORD).status_code == 302
    assert browser.get(ME).status_code == 200
    begin(browser)
    assert browser.get(ME).status_code == 401


def test_a_wrong_code_shows_the_form_again_and_is_remembered(app, browser):
    where = begin(browser, next="/api/v1/families")
    answer = show(browser, app.wrong(), where)
    assert answer.status_code == 200
    assert "wrong, used or no longer valid" in answer.content.decode()
    assert app.wrong() not in answer.content.decode().replace(f'value="{app.wrong()}"', "")
    assert SESSION_KEY not in browser.session
    assert [event.channel for event in events(EventName.TWO_FACTOR_FAILED)] == ["web"]
    assert show(browser, app.code(), where).headers["Location"] == "/api/v1/families"


def test_after_five_wrong_codes_the_right_one_is_answered_alike(app, browser):
    begin(browser)
    answers = {re.sub("value=.*?>", "", show(browser, app.wrong()).content.decode()) for _ in range(6)}
    answers.add(re.sub("value=.*?>", "", show(browser, app.code()).content.decode()))
    assert len(answers) == 1
    assert SESSION_KEY not in browser.session


def test_a_challenge_that_is_over_leads_back_to_the_first_step(app, browser, time_machine):
    begin(browser)
    time_machine.move_to(clock.now() + timedelta(minutes=6))
    answer = show(browser, app.code())
    assert answer.status_code == 200
    assert 'href="/login' in answer.content.decode()
    begin(browser)
    assert show(browser, app.code()).status_code == 302


def test_without_a_challenge_there_is_no_second_step(app, browser):
    assert browser.get(CODE).headers["Location"] == "/login"
    token = csrf_of(browser.get("/login"))
    answer = browser.post(CODE, {"csrfmiddlewaretoken": token, "code": app.code(), "challenge": app.challenge()})
    assert answer.headers["Location"] == "/login"
    assert SESSION_KEY not in browser.session


def test_a_challenge_of_the_api_in_the_form_is_not_looked_at(app, browser):
    other = protect(person(email="bob@example.org").user)
    begin(browser)
    page = browser.get(CODE)
    fields = {"csrfmiddlewaretoken": csrf_of(page), "challenge": other.challenge(), "code": other.code()}
    assert browser.post(CODE, fields).status_code == 200
    assert SESSION_KEY not in browser.session


def test_the_second_step_needs_its_csrf_token(app, browser):
    begin(browser)
    assert browser.post(CODE, {"code": app.code()}).status_code == 403
    assert SESSION_KEY not in browser.session


@pytest.mark.parametrize("fields", [{}, {"code": ""}, {"code": "a\x00"}, {"code": "1" * 500}])
def test_a_form_that_is_not_filled_is_shown_again(app, browser, fields):
    begin(browser)
    token = csrf_of(browser.get(CODE))
    assert browser.post(CODE, {"csrfmiddlewaretoken": token, **fields}).status_code == 200
    assert not events(EventName.TWO_FACTOR_FAILED)


@pytest.mark.parametrize("wanted", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_next_leads_to_our_own_paths_only(app, browser, wanted):
    assert "example.org" not in begin(browser, next=wanted)
    token = csrf_of(browser.get(CODE, {"next": wanted}))
    answer = browser.post(CODE, {"csrfmiddlewaretoken": token, "code": app.code(), "next": wanted})
    assert answer.headers["Location"] == ME


def test_who_is_switched_off_between_the_steps_stays_out(ann, app, browser):
    begin(browser)
    User.objects.filter(pk=ann.user.pk).update(is_active=False)
    assert show(browser, app.code()).status_code == 200
    assert SESSION_KEY not in browser.session


# --- the back office


@pytest.fixture
def owner(db):
    return founder_of(email="ann@example.org")


def test_the_back_office_is_reached_by_both_steps(owner, browser):
    app = protect(owner.user)
    begin(browser, next="/admin/")
    assert browser.get("/admin/").status_code == 302
    show(browser, app.code())
    assert browser.get("/admin/").status_code == 200


def test_where_it_is_not_wanted_an_owner_works_without(owner, browser):
    begin(browser)
    assert browser.get("/admin/").status_code == 200


def test_where_it_is_wanted_who_has_none_is_told_so(owner, browser, settings):
    settings.ADMIN_REQUIRE_2FA = True
    begin(browser)
    where = browser.get("/admin/").headers["Location"]
    answer = browser.get(where)
    assert answer.status_code == 403
    assert "needs two-factor authentication" in answer.content.decode()
    assert browser.get("/admin/ledger/wallet/").status_code == 302
    assert 'href="/two-factor"' in answer.content.decode()


def test_a_key_that_was_never_confirmed_does_not_open_it(owner, browser, settings):
    settings.ADMIN_REQUIRE_2FA = True
    owner.http.post("/auth/2fa/enable")
    begin(browser)
    assert browser.get("/admin/").status_code == 302


def test_where_it_is_wanted_who_has_one_comes_in(owner, browser, settings):
    settings.ADMIN_REQUIRE_2FA = True
    app = protect(owner.user)
    begin(browser)
    show(browser, app.code())
    assert browser.get("/admin/").status_code == 200


def test_who_has_no_business_there_is_told_that_first(ann, browser, settings):
    settings.ADMIN_REQUIRE_2FA = True
    begin(browser)
    answer = browser.get(browser.get("/admin/").headers["Location"])
    assert answer.status_code == 403
    assert "Only owners" in answer.content.decode()


def test_the_rows_of_the_second_factor_show_no_secret(browser):
    operator = person(email="ann@example.org")
    User.objects.filter(pk=operator.user.pk).update(is_staff=True, is_superuser=True)
    app = protect(operator.user)
    begin(browser)
    show(browser, app.code())
    device, paper = operator.user.totp_device, operator.user.backup_codes.first()
    for page in (
        "/admin/accounts/totpdevice/",
        f"/admin/accounts/totpdevice/{device.pk}/change/",
        "/admin/accounts/backupcode/",
        f"/admin/accounts/backupcode/{paper.pk}/change/",
    ):
        answer = browser.get(page)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert app.key not in text
        assert device.__dict__["key"] not in text
        assert paper.digest not in text
