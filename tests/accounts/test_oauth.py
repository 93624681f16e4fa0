"""Logging in with Google or GitHub: a code, a proof that it was asked for here, and an address that they vouch for."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

import httpx
import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client

from accounts.authentication import SESSION_KEY
from accounts.models import LoginSession, OAuthLink, User
from accounts.providers import Line
from audit.models import EventLog
from audit.names import EventName
from financebot.common import clock
from financebot.common.usecase import _unit_open
from tests.accounts import provider as stand_in
from tests.accounts.app import protect
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, StandIn, bytes_of, query_of
from tests.accounts.tools import events
from tests.conftest import founder_of, person
from tests.families.helpers import invite
from tests.http import API, Http
from tests.security.scene import contents

pytestmark = pytest.mark.django_db

NAMES = ("google", "github")
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ORIGIN = "http://127.0.0.1:8000"


def back(name: str) -> str:
    return f"{ORIGIN}{API}/auth/oauth/{name}/callback"


@pytest.fixture
def provider(settings):
    server = StandIn({back(name) for name in NAMES})
    settings.PUBLIC_URL = ORIGIN
    settings.OAUTH = {
        name: replace(
            client,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            authorize_url=f"{server.url}/authorize",
            token_url=f"{server.url}/token",
            api_url=server.url,
        )
        for name, client in settings.OAUTH.items()
    }
    yield server
    server.close()


class Browser:
    """One browser or program with its cookies; `headers` say which of the two."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self.client, self.headers = Client(), headers or {}

    def start(self, name: str = "google", query: str = "") -> str:
        """Where one is sent."""
        answer = self.client.get(f"{API}/auth/oauth/{name}/start{query}", headers=self.headers)
        return answer["Location"] if self.headers else answer.json()["authorization_url"]

    def consent(self, name: str = "google", query: str = "") -> dict[str, str]:
        """Go there and say yes: what one is sent back with."""
        answer = httpx.get(self.start(name, query), follow_redirects=False)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"].startswith(back(name))
        return query_of(answer.headers["Location"])

    def return_with(self, query: dict[str, str], name: str = "google") -> Any:
        return self.client.get(f"{API}/auth/oauth/{name}/callback", query, headers=self.headers)

    def enter(self, name: str = "google", query: str = "") -> Any:
        return self.return_with(self.consent(name, query), name)


def known(**fields: Any) -> User:
    return person(email="ann@example.org", **{"email_verified_at": clock.now(), **fields}).user


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("name", NAMES)
def test_somebody_new_gets_an_account_with_a_proven_address_and_tokens(provider, name):
    answer = Browser().enter(name)
    assert answer.status_code == 200, answer.content
    user = User.objects.get(email="ann@example.org")
    assert (answer.json()["user_id"], user.has_usable_password()) == (user.pk, False)
    assert user.email_verified_at
    assert (user.first_name, user.last_name) == (("Ann", "Lee") if name == "google" else ("Ann Lee", ""))
    link = OAuthLink.objects.get(user=user)
    assert (link.provider, link.subject) == (name, "1046" if name == "google" else "583231")
    assert Http(answer.json()["access_token"]).get("/users/me").json()["id"] == user.pk
    assert [event.changes["provider"] for event in events(EventName.REGISTERED)] == [[None, name]]


@pytest.mark.parametrize("name", NAMES)
def test_an_account_whose_address_is_proven_is_linked_and_found_again_by_the_link(provider, name):
    user = known()
    for _ in range(2):
        assert Browser().enter(name).json()["user_id"] == user.pk
    assert [(link.user_id, link.provider) for link in OAuthLink.objects.filter(user=user)] == [(user.pk, name)]
    assert [event.entity_id for event in events(EventName.OAUTH_LINKED)] == [user.pk]
    assert len(events(EventName.LOGGED_IN)) == 2


def test_a_link_holds_when_the_address_there_has_changed(provider):
    user = known()
    Browser().enter()
    provider.answers["/userinfo"]["email"] = "ann@new.example"
    assert Browser().enter().json()["user_id"] == user.pk
    assert not User.objects.filter(email="ann@new.example").exists()


def test_the_address_is_compared_in_lower_case(provider):
    user = known()
    provider.answers["/userinfo"]["email"] = "Ann@Example.org"
    assert Browser().enter().json()["user_id"] == user.pk


@pytest.mark.parametrize("closed", [{"email_verified_at": None}, {"is_active": False}], ids=["not proven", "closed"])
def test_an_account_whose_address_is_not_proven_or_that_is_closed_is_not_opened(provider, closed):
    """Who registered somebody else's address first does not get their log-in by it, nor they the account."""
    user = known(**closed)
    assert refusal(Browser().enter()) == (409, "account_not_linked")
    assert not OAuthLink.objects.exists()
    assert [event.entity_id for event in events(EventName.LOGIN_FAILED)] == [user.pk]
    assert not events(EventName.LOGGED_IN)


def test_no_account_is_made_with_an_address_that_may_still_take_another_account_back(provider):
    tomorrow = clock.now() + timedelta(days=1)
    person(email="ann@new.example", former_email="ann@example.org", former_until=tomorrow)
    assert refusal(Browser().enter()) == (409, "account_not_linked")
    assert not User.objects.filter(email="ann@example.org").exists()


def test_an_account_that_was_closed_after_it_was_linked_is_not_opened(provider):
    user = known()
    Browser().enter()
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert refusal(Browser().enter()) == (409, "account_not_linked")
    assert len(events(EventName.LOGGED_IN)) == 1


def test_the_second_factor_is_asked_for_all_the_same(provider):
    app = protect(known())
    answer = Browser().enter()
    assert (answer.status_code, answer.json()["two_factor_required"]) == (202, True)
    assert not events(EventName.LOGGED_IN)
    assert app.enter(app.code(), answer.json()["challenge"]).status_code == 200


def test_a_browser_ends_with_a_session_and_on_the_path_that_it_wanted(provider):
    browser = Browser(HTML)
    answer = browser.enter(query="?next=/admin/%3Fq%3Dü")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/?q=%C3%BC")
    assert LoginSession.objects.get(pk=browser.client.session[SESSION_KEY]).user.email == "ann@example.org"
    assert browser.client.cookies[configured.DEVICE_COOKIE_NAME].value
    assert browser.client.cookies[configured.OAUTH_COOKIE_NAME].value == ""


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_browser_is_led_to_paths_of_ours_alone(provider, wanted):
    answer = Browser(HTML).enter(query=f"?next={wanted}")
    assert (answer.status_code, answer["Location"]) == (302, configured.LOGIN_REDIRECT_URL)


def test_a_browser_with_a_second_factor_goes_to_its_page_first(provider):
    app, browser = protect(known()), Browser(HTML)
    answer = browser.enter(query="?next=/docs")
    assert (answer.status_code, answer["Location"]) == (302, "/login/code?next=%2Fdocs")
    assert SESSION_KEY not in browser.client.session
    answer = browser.client.post(answer["Location"], {"code": app.code(), "next": "/docs"})
    assert (answer.status_code, answer["Location"]) == (302, "/docs")
    assert SESSION_KEY in browser.client.session


def test_a_device_that_the_account_knows_is_known_again(provider):
    browser = Browser(HTML)
    known()
    browser.enter()
    browser.enter()
    assert len(events(EventName.DEVICE_ADDED)) == 1
    assert len(set(LoginSession.objects.exclude(device=None).values_list("device", flat=True))) == 1


def test_by_invitation_only_nobody_new_comes_without_one(provider, settings):
    settings.REGISTRATION_MODE = "invite"
    assert refusal(Browser().enter()) == (403, "permission_denied")
    assert not User.objects.filter(email="ann@example.org").exists()
    token = invite(founder_of(), "member").token
    assert Browser().enter(query=f"?invitation={token}").status_code == 200


@pytest.mark.parametrize("mode", ["off", "optional", "required"])
def test_however_addresses_are_proven_here_a_providers_word_is_enough(provider, settings, mode):
    settings.EMAIL_VERIFICATION = mode
    assert [Browser().enter().status_code for _ in range(2)] == [200, 200]


def test_what_else_a_provider_sends_back_means_nothing(provider):
    provider.adds = {"scope": "openid", "authuser": "0", "prompt": "none", "iss": "https://accounts.google.com"}
    assert Browser().enter().status_code == 200


def no_code(browser: Browser, query: dict[str, str]) -> Any:
    return browser.return_with({"state": query["state"], "error": "access_denied"})


def foreign_state(browser: Browser, query: dict[str, str]) -> Any:
    return browser.return_with({**query, "state": Browser().consent()["state"]})


def no_cookie(browser: Browser, query: dict[str, str]) -> Any:
    return Browser(browser.headers).return_with(query)


def other_provider(browser: Browser, query: dict[str, str]) -> Any:
    return browser.return_with(query, "github")


def late(browser: Browser, query: dict[str, str]) -> Any:
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        return browser.return_with(query)


def forged_cookie(browser: Browser, query: dict[str, str]) -> Any:
    name = configured.OAUTH_COOKIE_NAME
    own = browser.client.cookies[name].value
    browser.client.cookies[name] = own[:-2] + ("B" if own[-2] == "A" else "A") + own[-1]
    return browser.return_with(query)


def made_up_code(browser: Browser, query: dict[str, str]) -> Any:
    return browser.return_with({**query, "code": "made-up"})


def somebody_elses_code(browser: Browser, query: dict[str, str]) -> Any:
    return browser.return_with({**query, "code": Browser().consent()["code"]})


def used_code(browser: Browser, query: dict[str, str]) -> Any:
    """A code that somebody has shown the provider already, who has no part in this log-in."""
    httpx.post(configured.OAUTH["google"].token_url, data={"code": query["code"]})
    return browser.return_with(query)


WRONG = {
    no_code: (403, "provider_refused"),
    foreign_state: (400, "login_not_begun"),
    no_cookie: (400, "login_not_begun"),
    other_provider: (400, "login_not_begun"),
    late: (400, "login_not_begun"),
    forged_cookie: (400, "login_not_begun"),
    made_up_code: (403, "provider_refused"),
    somebody_elses_code: (403, "provider_refused"),
    used_code: (403, "provider_refused"),
}


@pytest.mark.parametrize("headers", [{}, HTML], ids=["program", "browser"])
@pytest.mark.parametrize("attempt", WRONG, ids=lambda attempt: attempt.__name__)
def test_who_comes_back_otherwise_than_they_were_sent_is_told_so_and_nothing_is_written(provider, attempt, headers):
    browser = Browser(headers)
    query, before = browser.consent(), contents()
    answer = attempt(browser, query)
    status, code = WRONG[attempt]
    assert answer.status_code == status
    if headers:
        assert "text/html" in answer["Content-Type"]
        assert 'role="alert"' in answer.content.decode()
    else:
        assert answer.json()["code"] == code
    assert contents() == before
    if status == 400:
        assert "/token" not in provider.asked


def test_a_way_back_is_gone_once(provider):
    browser = Browser()
    query = browser.consent()
    cookie = browser.client.cookies[configured.OAUTH_COOKIE_NAME].value
    assert browser.return_with(query).status_code == 200
    assert refusal(browser.return_with(query)) == (400, "login_not_begun")
    browser.client.cookies[configured.OAUTH_COOKIE_NAME] = cookie
    assert refusal(browser.return_with(query)) == (403, "provider_refused")
    fresh = httpx.get(Browser().start(), follow_redirects=False).headers["Location"]
    assert refusal(browser.return_with({**query, "code": query_of(fresh)["code"]})) == (403, "provider_refused")
    assert len(events(EventName.REGISTERED)) == 1


def test_a_way_back_with_another_code_for_it_is_gone_once_too(provider):
    """Even the person themselves, who gets a second code for the same challenge."""
    browser = Browser()
    address = browser.start()
    codes = [query_of(httpx.get(address, follow_redirects=False).headers["Location"]) for _ in range(2)]
    cookie = browser.client.cookies[configured.OAUTH_COOKIE_NAME].value
    assert browser.return_with(codes[0]).status_code == 200
    browser.client.cookies[configured.OAUTH_COOKIE_NAME] = cookie
    before = contents()
    assert refusal(browser.return_with(codes[1])) == (400, "login_not_begun")
    assert contents() == before


AWAY = {
    "an error": bytes_of(500, b"{}"),
    "a redirect": bytes_of(302, b"{}", Location="/elsewhere"),
    "no JSON": bytes_of(200, b"<html>"),
    "not UTF-8": bytes_of(200, b'{"access_token": "\xff"}'),
    "another shape": bytes_of(200, b'"text"'),
    "too deep": bytes_of(200, b"[" * 50_000),
    "too long": bytes_of(200, b'{"a": "' + b"x" * 200_000 + b'"}'),
    "compressed": bytes_of(200, b"\x1f\x8b\x08", Content_Encoding="gzip"),
    "nothing": stand_in.hang_up,
    "a drip": stand_in.drip,
    "a token of blanks": bytes_of(200, b'{"access_token": "a b\\r\\nX: y"}'),
    "numbers": bytes_of(200, b'{"access_token": 1, "id": "x", "sub": 7}'),
}


@pytest.mark.parametrize(("name", "path"), [("google", "/token"), ("google", "/userinfo"), ("github", "/user")])
@pytest.mark.parametrize("plan", AWAY)
def test_a_provider_that_is_down_or_talks_nonsense_is_named_and_nothing_is_written(
    provider, monkeypatch, name, path, plan
):
    monkeypatch.setattr("accounts.providers.PATIENCE", 0.5)
    browser = Browser()
    query, before = browser.consent(name), contents()
    provider.instead[path] = AWAY[plan]
    answer = browser.return_with(query, name)
    assert refusal(answer) == (503, "provider_away")
    assert answer["Retry-After"]
    assert contents() == before
    assert "/elsewhere" not in provider.asked


@pytest.mark.parametrize(("length", "status"), [(90_000, 200), (110_000, 503)])
def test_an_answer_is_read_up_to_a_length(provider, length, status):
    said = {**stand_in.GOOGLE_PERSON, "picture": "x" * length}
    provider.instead["/userinfo"] = bytes_of(200, json.dumps(said).encode())
    assert Browser().enter().status_code == status


def test_a_provider_that_drips_is_not_waited_for_to_the_end(provider, monkeypatch):
    monkeypatch.setattr("accounts.providers.PATIENCE", 0.5)
    browser = Browser()
    query = browser.consent()
    provider.instead["/token"] = stand_in.drip
    began = monotonic()
    assert browser.return_with(query).status_code == 503
    assert monotonic() - began < stand_in.DRIPS_FOR / 2


def test_a_provider_that_nobody_listens_at_is_named(provider, settings):
    browser = Browser()
    query = browser.consent()
    settings.OAUTH = {**settings.OAUTH, "google": replace(settings.OAUTH["google"], token_url="http://127.0.0.1:9/")}
    assert refusal(browser.return_with(query)) == (503, "provider_away")


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_refusal_of_the_code_is_one_whatever_its_status(provider, status):
    provider.refusal_status = status
    browser = Browser()
    assert refusal(browser.return_with({**browser.consent(), "code": "made-up"})) == (403, "provider_refused")


def test_another_secret_than_the_providers_opens_nothing(provider, settings):
    settings.OAUTH = {**settings.OAUTH, "google": replace(settings.OAUTH["google"], client_secret="another")}
    assert refusal(Browser().enter()) == (403, "provider_refused")


UNPROVEN: dict[str, Any] = {
    "not verified": {"email_verified": False},
    "verified in words": {"email_verified": "true"},
    "no address": {"email": None},
    "no text": {"email": ["ann@example.org"]},
    "no address at all": {"email": "ann"},
    "a letter that only looks like ours": {"email": "ann@\uff45xample.org"},
    "too long": {"email": f"{'a' * 250}@example.org"},
}


@pytest.mark.parametrize("said", UNPROVEN)
def test_without_an_address_that_google_vouches_for_nothing_is_written(provider, said):
    known()
    provider.answers["/userinfo"] |= UNPROVEN[said]
    before = contents()
    assert refusal(Browser().enter()) == (403, "provider_address_missing")
    assert contents() == before


@pytest.mark.parametrize("change", [{"verified": False}, {"primary": False}, {"verified": "yes"}, {"email": None}])
def test_without_a_primary_address_that_github_vouches_for_nothing_is_written(provider, change):
    known()
    provider.answers["/user/emails"][1] |= change
    before = contents()
    assert refusal(Browser().enter("github")) == (403, "provider_address_missing")
    assert contents() == before


@pytest.mark.parametrize("subject", ["", "a b", "x" * 256, None, 7])
def test_a_subject_that_is_none_is_nobody(provider, subject):
    provider.answers["/userinfo"]["sub"] = subject
    assert refusal(Browser().enter()) == (503, "provider_away")


def test_names_are_kept_as_far_as_they_are_any(provider):
    provider.answers["/userinfo"] |= {"given_name": "A\x00nn\u202e" + "x" * 200, "family_name": {"no": "text"}}
    assert Browser().enter().status_code == 200
    user = User.objects.get(email="ann@example.org")
    assert (user.first_name, user.last_name) == ("Ann" + "x" * 97, "")


def test_a_provider_that_is_off_is_not_there(settings, client):
    settings.OAUTH = {name: replace(found, client_id="") for name, found in settings.OAUTH.items()}
    for step in ("start", "callback?state=x"):
        assert refusal(client.get(f"{API}/auth/oauth/google/{step}")) == (404, "not_found")
    assert "/auth/oauth/" not in client.get("/login").content.decode()


def test_the_log_in_page_leads_to_the_providers_that_are_on(provider, settings, client):
    settings.OAUTH = {**settings.OAUTH, "github": replace(settings.OAUTH["github"], client_id="")}
    page = client.get("/login?next=/docs").content.decode()
    assert f'href="{ORIGIN}{API}/auth/oauth/google/start?next=%2Fdocs"' in page
    assert "Log in with Google" in page
    assert "github" not in page


def test_the_way_there_tells_the_provider_nothing_but_the_challenge(provider):
    browser = Browser()
    asked = query_of(browser.start(query="?next=/docs&invitation=secret-of-an-invitation"))
    assert asked.keys() == stand_in.ASKED | {"prompt"}
    cookie = browser.client.cookies[configured.OAUTH_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 600)
    assert len(asked["state"]) == 32
    assert browser.start() != browser.start()


def test_beginning_writes_nothing(provider, django_assert_num_queries):
    with django_assert_num_queries(0):
        Browser().start()


def test_no_transaction_is_open_while_the_provider_is_asked(provider, monkeypatch):
    seen, ask = [], Line._ask

    def asked(*args: Any, **given: Any) -> Any:
        seen.append(_unit_open.get())
        return ask(*args, **given)

    monkeypatch.setattr(Line, "_ask", asked)
    assert Browser().enter().status_code == 200
    assert seen == [False, False]


def test_no_secret_is_in_any_event(provider):
    browser = Browser()
    query = browser.consent()
    browser.return_with(query)
    written = str(list(EventLog.objects.values()))
    assert not [secret for secret in (*query.values(), CLIENT_SECRET, *provider.tokens) if secret in written]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known_here", [True, False], ids=["an account", "nobody yet"])
def test_of_two_log_ins_at_once_there_is_one_account_and_a_link_each(provider, threads, known_here):
    if known_here:
        known()
    arrived = [(browser, name, browser.consent(name)) for name in NAMES for browser in [Browser()]]
    outcomes = threads([partial(browser.return_with, query, name) for browser, name, query in arrived])
    statuses = sorted(answer.status_code for answer in outcomes)
    assert statuses == [200, 200] or (statuses, known_here) == ([200, 409], False)
    assert User.objects.filter(email="ann@example.org").count() == 1
    assert OAuthLink.objects.count() == statuses.count(200)


@pytest.mark.django_db(transaction=True)
def test_of_one_way_back_gone_by_many_at_once_one_arrives(provider, threads):
    browser = Browser()
    address = browser.start()
    ways = [query_of(httpx.get(address, follow_redirects=False).headers["Location"]) for _ in range(4)]
    cookies = dict(browser.client.cookies)
    travellers = [Browser() for _ in ways]
    for traveller in travellers:
        traveller.client.cookies.update(cookies)
    outcomes = threads([partial(one.return_with, way) for one, way in zip(travellers, ways, strict=True)])
    assert sorted(answer.status_code for answer in outcomes) == [200, 400, 400, 400]
    assert LoginSession.objects.count() == 1
