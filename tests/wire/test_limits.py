"""How often one may ask: exact, told in every answer, and without holding up those who share an address."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client

from accounts.services import issue_service_token
from audit.trail import Actor
from financebot.api import limits
from financebot.common.cache import SqliteCache
from financebot.common.usecase import unit_of_work
from tests.accounts.app import protect
from tests.conftest import person
from tests.factories import PASSWORD
from tests.http import Http
from tests.signing import new_client
from tests.wire.tools import problem

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ME = "/users/me"


@pytest.fixture(autouse=True)
def on(settings, db):
    settings.RATE_LIMITS = True
    caches["default"].clear()
    caches["process"].clear()
    with time_machine.travel(NOON, tick=False) as time:
        yield time


def at(network: str, http: Http | None = None) -> Http:
    found = http or Http()
    found.client.defaults["REMOTE_ADDR"] = network
    return found


def statuses(call: Any, times: int) -> list[int]:
    return [call().status_code for _ in range(times)]


def left(answer: Any) -> tuple[int, int]:
    return int(answer.headers["RateLimit-Limit"]), int(answer.headers["RateLimit-Remaining"])


def test_every_answer_tells_what_is_left(on):
    http = person().http
    assert [left(http.get(ME)) for _ in range(3)] == [(300, 299), (300, 298), (300, 297)]
    assert 0 < int(http.get(ME).headers["RateLimit-Reset"]) <= 60


def test_one_more_than_the_limit_is_refused_until_the_window_is_over(on):
    http = person().http
    assert statuses(lambda: http.get(ME), 301) == [200] * 300 + [429]
    answer = http.get(ME)
    problem(answer, 429, "rate_limited")
    seconds = int(answer.headers["Retry-After"])
    assert answer.headers["RateLimit-Reset"] == str(seconds)
    assert left(answer) == (300, 0)
    on.shift(timedelta(seconds=seconds - 1))
    assert http.get(ME).status_code == 429
    on.shift(timedelta(seconds=2))
    assert http.get(ME).status_code == 200


def test_two_people_at_one_address_do_not_use_each_others(on):
    first, second = person().http, person().http
    assert statuses(lambda: first.get(ME), 301)[-1] == 429
    assert second.get(ME).status_code == 200


def test_who_shows_no_token_is_counted_by_network(on):
    assert statuses(lambda: at("10.0.0.1").get(ME), 101) == [401] * 100 + [429]
    assert at("10.0.0.2").get(ME).status_code == 401
    assert at("10.0.0.1", person().http).get(ME).status_code == 200


def test_dead_tokens_are_counted_by_network_too(on):
    assert statuses(lambda: at("10.0.0.1", Http("dead")).get(ME), 101) == [401] * 100 + [429]


def test_a_client_that_signs_is_counted_by_itself_and_not_by_its_network(on):
    signer = new_client()
    assert statuses(lambda: signer.sign("GET", ME).send(), 301) == [401] * 300 + [429]
    assert Http().get(ME).status_code == 401
    assert new_client().sign("GET", ME).send().status_code == 401


def test_wrong_signatures_are_counted_by_network(on):
    http = person().http
    assert statuses(lambda: http.get(ME, **{"X-Signature": "0" * 64}), 101) == [401] * 100 + [429]
    assert http.get(ME).status_code == 200


def test_a_service_token_is_counted_by_its_client(on):
    with unit_of_work():
        token = issue_service_token(actor=Actor(), client_id="telegram_bot").token
    assert statuses(lambda: Http(token).get(ME), 301) == [403] * 300 + [429]


def test_a_household_of_ipv6_is_one_network(on):
    found = [at(f"2001:db8::{number:x}").get(ME).status_code for number in range(1, 102)]
    assert found == [401] * 100 + [429]
    assert at("2001:db8:0:1::1").get(ME).status_code == 401


def test_writes_have_a_limit_of_their_own(on):
    http = person().http
    found = statuses(lambda: http.patch(ME, first_name="Ann"), 61)
    assert found == [200] * 60 + [429]
    assert http.get(ME).status_code == 200


def test_whatever_does_not_only_read_is_a_write(on):
    http = person().http
    statuses(lambda: http.patch(ME, first_name="Ann"), 60)
    assert (http.post("/families").status_code, http.delete("/auth/sessions/1").status_code) == (429, 429)
    assert http.call("head", ME).status_code == 200


def test_a_client_that_only_names_itself_is_counted_by_network(on):
    calls = iter(range(101))
    named = lambda: at("10.0.0.1").get(ME, **{"X-Client-Id": f"client{next(calls)}"})  # noqa: E731
    assert statuses(named, 101) == [401] * 100 + [429]


def test_nobody_is_told_to_come_back_at_once(on):
    http, found = person().http, set()
    for _ in range(60):
        found.add(int(http.get(ME).headers["RateLimit-Reset"]))
        on.shift(timedelta(seconds=1))
    assert (min(found), max(found) <= 60) == (1, True)


def test_a_refused_call_changes_nothing(on):
    http = person(first_name="Ann").http
    statuses(lambda: http.patch(ME, first_name="Ann"), 60)
    assert http.patch(ME, first_name="Eve").status_code == 429
    assert http.get(ME).json()["first_name"] == "Ann"


def test_a_network_logs_in_thirty_times_a_minute(on):
    person(email="ann@example.org")
    call = lambda: at("10.0.0.1").post("/auth/login", email="ann@example.org", password=PASSWORD)  # noqa: E731
    assert statuses(call, 31) == [200] * 30 + [429]


def test_a_network_registers_ten_times_an_hour(on):
    addresses = iter(range(100))
    call = lambda: Http().post("/auth/register", email=f"{next(addresses)}@example.org", password=PASSWORD)  # noqa: E731
    assert statuses(call, 11) == [201] * 10 + [429]


def test_a_limit_of_one_call_is_not_used_up_by_another(on):
    assert statuses(lambda: Http().post("/auth/password/reset", email="ann@example.org"), 6) == [204] * 5 + [429]
    assert Http().post("/auth/email/verify/resend", email="ann@example.org").status_code == 204


def test_calls_with_a_limit_of_their_own_count_towards_the_one_for_all(on):
    statuses(lambda: Http().post("/auth/login", email="ann@example.org", password=PASSWORD), 20)
    assert statuses(lambda: Http().get(ME), 81) == [401] * 80 + [429]


def test_the_log_in_page_has_the_limit_too(on):
    browser = Client()
    form = {"email": "ann@example.org", "password": PASSWORD}
    assert {browser.post("/login", form).status_code for _ in range(30)} == {200}
    assert browser.post("/login", form).status_code == 429


def test_its_second_step_counts_towards_the_same(on):
    app, browser = protect(person(email="ann@example.org").user), Client()
    browser.post("/login", {"email": "ann@example.org", "password": PASSWORD})
    answers = [browser.post("/login/code", {"code": "wrong"}).status_code for _ in range(30)]
    assert answers == [200] * 29 + [429]
    assert browser.post("/login/code", {"code": app.backup_codes[0]}).status_code == 429


def test_off_means_off(on, settings):
    settings.RATE_LIMITS = False
    answer = person().http.get(ME)
    assert "RateLimit-Limit" not in answer.headers


class Gone:
    def __getattr__(self, name: str) -> Any:
        raise ConnectionError


@pytest.fixture
def gone(monkeypatch):
    real = caches["process"]
    monkeypatch.setattr("django_ratelimit.core.caches", {"default": Gone()})
    monkeypatch.setattr(limits, "caches", {"process": real})


def test_without_the_shared_cache_nobody_unknown_gets_in(on, gone):
    answer = Http().post("/auth/login", email="ann@example.org", password=PASSWORD)
    problem(answer, 503, "overloaded")
    assert answer.headers["Retry-After"]


def test_without_the_shared_cache_the_log_in_page_lets_nobody_try(on, gone):
    assert Client().post("/login", {"email": "ann@example.org", "password": PASSWORD}).status_code == 429


def test_without_the_shared_cache_who_is_known_is_counted_by_the_process(on, gone):
    http = person().http
    assert statuses(lambda: http.patch(ME, first_name="Ann"), 61) == [200] * 60 + [429]
    on.shift(timedelta(minutes=1))
    assert http.patch(ME, first_name="Ann").status_code == 200


def test_without_the_shared_cache_nobody_known_uses_another_s(on, gone):
    first, second = person().http, person().http
    assert statuses(lambda: first.get(ME), 301)[-1] == 429
    assert second.get(ME).status_code == 200


def _ask(path: str, times: int) -> None:
    caches["default"] = SqliteCache(path, {})
    for _ in range(times):
        limits.use("all", "person 1", "300/m", known=False)


def test_the_count_is_exact_over_processes(on, tmp_path, monkeypatch):
    path = str(tmp_path / "cache.sqlite3")
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_ask, args=(path, 50)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    monkeypatch.setattr("django_ratelimit.core.caches", {"default": SqliteCache(path, {})})
    assert limits.use("all", "person 1", "300/m", known=False).count == 151
