"""Logging in with a browser: a cookie with a `LoginSession` behind it, CSRF on every write."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from accounts.authentication import SESSION_KEY
from accounts.browser_sessions import SessionStore
from accounts.models import LoginSession, User
from accounts.tokens import pair
from audit.names import EventName
from families.models import Family
from financebot.common import clock
from tests.accounts.tools import events
from tests.conftest import founder_of, person
from tests.factories import PASSWORD
from tests.http import API, Http

pytestmark = pytest.mark.django_db

ME = f"{API}/users/me"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"accept": "application/json"}


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann")


def csrf_of(page):
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode()).group(1)


def send(browser, path="/login", **fields):
    """Load the log-in page, fill its form and send it, as a browser does."""
    token = csrf_of(browser.get(path))
    return browser.post("/login", {"csrfmiddlewaretoken": token, **fields})


def enter(browser, email="ann@example.org", **fields):
    answer = send(browser, email=email, password=PASSWORD, **fields)
    assert answer.status_code == 302, answer.content
    return answer


def test_a_log_in_makes_a_session_row_like_any_other(ann, browser):
    enter(browser)
    session = LoginSession.objects.latest("pk")
    assert (session.user_id, session.revoked_at) == (ann.user.pk, None)
    assert browser.session[SESSION_KEY] == session.pk
    assert [(event.entity_id, event.channel) for event in events(EventName.LOGGED_IN)] == [(session.pk, "web")]
    assert browser.get(ME, headers=JSON).json()["id"] == ann.user.pk


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(ann, browser):
    enter(browser)
    cookie = browser.cookies["session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.org", "not this one at all"),
        ("nobody@example.org", PASSWORD),
        ("gone@example.org", PASSWORD),
    ],
)
def test_a_wrong_log_in_shows_the_form_again_and_is_remembered(ann, browser, email, password):
    person(email="gone@example.org", is_active=False)
    before = LoginSession.objects.count()
    answer = send(browser, email=email, password=password)
    assert answer.status_code == 200
    assert "are not right" in answer.content.decode()
    assert password not in answer.content.decode()
    assert [event.channel for event in events(EventName.LOGIN_FAILED)] == ["web"]
    assert LoginSession.objects.count() == before
    assert browser.get(ME).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [{}, {"email": "ann@example.org"}, {"password": PASSWORD}, {"email": "a\x00", "password": PASSWORD}],
)
def test_a_form_that_is_not_filled_is_shown_again(ann, browser, fields):
    assert send(browser, **fields).status_code == 200
    assert SESSION_KEY not in browser.session


def test_the_log_in_itself_needs_its_csrf_token(ann, browser):
    answer = browser.post("/login", {"email": "ann@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert not events(EventName.LOGGED_IN)


def test_the_session_id_changes_at_the_log_in(ann, browser):
    planted = browser.session
    planted["seen"] = 1
    planted.save()
    browser.cookies["session"] = planted.session_key
    enter(browser)
    assert browser.cookies["session"].value != planted.session_key
    assert not planted.exists(planted.session_key)
    assert "seen" not in browser.session


def test_what_the_table_holds_of_a_cookie_opens_nothing(ann, browser):
    enter(browser)
    [row] = Session.objects.all()
    assert row.session_key != browser.cookies["session"].value
    browser.cookies["session"] = row.session_key
    assert browser.get(ME, headers=JSON).status_code == 401


def test_a_key_that_was_never_given_or_has_ended_is_not_taken_up(db):
    ended = SessionStore()
    ended["seen"] = 1
    ended.save()
    assert SessionStore(ended.session_key)["seen"] == 1
    Session.objects.update(expire_date=clock.now())
    for key in ("a" * 32, ended.session_key):
        found = SessionStore(key)
        assert (found.get("seen"), found.session_key) == (None, None)


def test_a_log_out_leaves_nothing_in_the_table(ann, browser):
    enter(browser)
    browser.post("/logout", {"csrfmiddlewaretoken": csrf_of(browser.get("/logout"))})
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/api/v1/families", "/api/v1/families"),
        ("/api/v1/wallets?family_id=1", "/api/v1/wallets?family_id=1"),
        ("", ME),
        ("https://example.org/", ME),
        ("//example.org/", ME),
        ("///example.org/", ME),
        ("/\\example.org/", ME),
        ("\\\\example.org/", ME),
        ("http:example.org", ME),
        ("http:///example.org", ME),
        ("javascript:alert(1)", ME),
        ("families", ME),
        ("/\t/example.org", ME),
        (" //example.org", ME),
        ("https://testserver/api/v1/families", ME),
    ],
)
@pytest.mark.parametrize("way", ["form", "address"])
def test_next_leads_to_our_own_paths_only(ann, browser, wanted, target, way):
    if way == "form":
        answer = enter(browser, next=wanted)
    else:
        page = browser.get("/login", {"next": wanted})
        shown = re.search(r'name="next" value="([^"]*)"', page.content.decode()).group(1)
        answer = enter(browser, next=shown)
    assert answer.headers["Location"] == target


def test_a_page_after_the_log_in_is_html_with_the_answer_in_it(ann, browser):
    enter(browser)
    answer = browser.get(ME, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "ann@example.org" in answer.content.decode()


@pytest.mark.parametrize("path", ["/families", "/auth/sessions", "/transactions", "/wallets", "/categories", "/events"])
def test_every_list_has_a_page(browser, path):
    founder_of(email="ann@example.org")
    enter(browser)
    answer = browser.get(f"{API}{path}", headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/wallets/987654321", 404, "not_found"), ("/families?page_size=0", 400, "invalid")],
)
def test_a_refusal_is_shown_in_a_page_that_says_it_is_one(ann, browser, path, status, code):
    enter(browser)
    answer = browser.get(f"{API}{path}", headers=HTML)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert code in answer.content.decode()


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_who_does_not_ask_for_a_page_gets_json(ann, browser, accept):
    enter(browser)
    answer = browser.get(ME, headers={"accept": accept} if accept else {})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["id"] == ann.user.pk


def test_pages_are_for_cookies_alone_and_a_token_gets_json(ann):
    answer = Http(pair(ann.session).access_token).client.get(ME, headers=HTML)
    assert answer.headers["Content-Type"] == "application/json"


def test_pages_are_for_cookies_alone_and_nobody_gets_json(db, browser):
    answer = browser.get(ME, headers=HTML)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


def create_family(browser, **headers):
    body = {"name": "Home", "base_currency": "EUR"}
    return browser.post(f"{API}/families", body, content_type="application/json", headers=headers)


def test_a_write_by_cookie_needs_the_csrf_token(ann, browser):
    enter(browser)
    answer = create_family(browser)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert create_family(browser, **{"X-CSRFToken": "x" * 64}).status_code == 403
    assert not Family.objects.exists()
    answer = create_family(browser, **{"X-CSRFToken": browser.cookies["csrf"].value})
    assert answer.status_code == 201, answer.json()


def test_a_write_by_token_needs_no_csrf_token(ann, browser):
    answer = create_family(browser, Authorization=f"Bearer {pair(ann.session).access_token}")
    assert answer.status_code == 201


def revoke(session):
    LoginSession.objects.filter(pk=session.pk).update(revoked_at=clock.now())


def run_out(session):
    LoginSession.objects.filter(pk=session.pk).update(expires_at=clock.now() - timedelta(seconds=1))


def deactivate(session):
    User.objects.filter(pk=session.user_id).update(is_active=False)


def bump_epoch(session):
    User.objects.filter(pk=session.user_id).update(security_epoch=9)


def erase(session):
    LoginSession.objects.filter(pk=session.pk).delete()


@pytest.mark.parametrize("end", [revoke, run_out, deactivate, bump_epoch, erase])
def test_the_cookie_ends_with_its_row_at_once(ann, browser, end):
    enter(browser)
    assert browser.get(ME).status_code == 200
    end(LoginSession.objects.latest("pk"))
    answer = browser.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_a_dead_cookie_does_not_stand_in_the_way_of_a_log_in(ann, browser):
    enter(browser)
    revoke(LoginSession.objects.latest("pk"))
    enter(browser)
    assert browser.get(ME).status_code == 200


def test_a_token_and_a_cookie_together_are_refused(ann, browser):
    enter(browser)
    answer = browser.get(ME, headers={"Authorization": f"Bearer {pair(ann.session).access_token}"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Authorization"])


def test_logging_out_by_the_page_ends_row_and_cookie(ann, browser):
    enter(browser)
    session, kept = LoginSession.objects.latest("pk"), browser.cookies["session"].value
    token = csrf_of(browser.get("/logout"))
    answer = browser.post("/logout", {"csrfmiddlewaretoken": token})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")
    session.refresh_from_db()
    assert session.revoked_at is not None
    assert len(events(EventName.LOGGED_OUT)) == 1
    browser.cookies["session"] = kept
    assert browser.get(ME).status_code == 401
    assert ann.http.get("/users/me").status_code == 200


def test_a_visit_or_a_foreign_form_does_not_log_out(ann, browser):
    enter(browser)
    browser.get("/logout")
    assert browser.post("/logout").status_code == 403
    assert browser.get(ME).status_code == 200


def test_a_session_by_cookie_stands_in_the_list_and_can_be_ended_from_elsewhere(ann, browser):
    enter(browser)
    phone = ann.http
    row = next(row for row in phone.get("/auth/sessions").json()["results"] if not row["current"])
    assert phone.delete(f"/auth/sessions/{row['id']}").status_code == 204
    assert browser.get(ME).status_code == 401


def test_the_page_for_the_log_in_is_never_kept_and_never_framed(browser, db):
    answer = browser.get("/login")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
