"""Few work at once, the others wait their turn, and nobody waits for ever."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from financebot.api import trace
from financebot.middleware import concurrency
from financebot.middleware.concurrency import ConcurrencyMiddleware


class Service:
    """A service whose work lasts until it is let go."""

    def __init__(self) -> None:
        self.go, self.working, self.most = threading.Event(), 0, 0
        self.at_work: Counter[str] = Counter()
        self.gate = ConcurrencyMiddleware(self.work)
        self.pool = ThreadPoolExecutor(40)

    def work(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(("/health", "/static/")):
            return HttpResponse()
        self.at_work[request.method] += 1
        self.working += 1
        self.most = max(self.most, self.working)
        self.go.wait(20)
        self.working -= 1
        if request.path == "/fails":
            raise ValueError
        return HttpResponse()

    def ask(self, caller: str = "a", path: str = "/api/v1/wallets", method: str = "GET") -> "Future[int]":
        request = RequestFactory().generic(method, path, headers={"Authorization": f"Bearer {caller}"})
        return self.pool.submit(lambda: self.gate(request).status_code)

    def wait_for(self, present: int) -> None:
        deadline = monotonic() + 10
        while self.gate.present.total() < present and monotonic() < deadline:
            sleep(0.005)
        assert self.gate.present.total() == present


@pytest.fixture
def service(settings) -> Iterator[Service]:
    settings.WEB_WORKERS, settings.DB_CONCURRENCY, settings.CONCURRENCY_LIMIT = 2, 4, 20
    settings.CALLER_CONCURRENCY = 6
    found = Service()
    yield found
    found.go.set()
    found.pool.shutdown()


def test_no_more_work_at_once_than_this_process_has_as_its_share(service):
    asked = [service.ask(caller) for caller in "aabbcc"]
    service.wait_for(6)
    assert service.working == 2
    service.go.set()
    assert [found.result(10) for found in asked] == [200] * 6
    assert service.most == 2


def test_those_who_write_leave_half_of_the_turns_to_those_who_read(service):
    writing = [service.ask(caller, method="POST") for caller in "ab"]
    service.wait_for(2)
    reading = service.ask("c")
    service.wait_for(3)
    deadline = monotonic() + 10
    while service.working < 2 and monotonic() < deadline:
        sleep(0.005)
    assert service.working == 2
    assert service.at_work == {"POST": 1, "GET": 1}
    service.go.set()
    assert [found.result(10) for found in [*writing, reading]] == [200] * 3


def test_beyond_the_places_there_are_the_answer_is_no_at_once(service):
    asked = [service.ask(caller) for caller in "aabbccddee"]
    service.wait_for(10)
    began = monotonic()
    assert service.ask("f").result(10) == 503
    assert monotonic() - began < concurrency.WAIT_SECONDS
    service.go.set()
    assert [found.result(10) for found in asked] == [200] * 10
    assert service.ask("f").result(10) == 200


def test_one_caller_does_not_take_all_places(service):
    asked = [service.ask("a") for _ in range(6)]
    service.wait_for(6)
    assert [service.ask("a").result(10) for _ in range(3)] == [503] * 3
    other = service.ask("b")
    service.go.set()
    assert {found.result(10) for found in [*asked, other]} == {200}


def test_who_has_waited_long_enough_is_told_to_come_again(service, monkeypatch):
    monkeypatch.setattr(concurrency, "WAIT_SECONDS", 0.05)
    asked = [service.ask(caller) for caller in "ab"]
    service.wait_for(2)
    request = RequestFactory().get("/api/v1/wallets")
    answer = service.gate(request)
    assert (answer.status_code, answer["Retry-After"], b"overloaded" in answer.content) == (503, "1", True)
    service.go.set()
    assert [found.result(10) for found in asked] == [200, 200]


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/static/pages.css"])
def test_health_answers_whatever_the_others_do(service, path):
    for caller in "aabbccddee":
        service.ask(caller)
    service.wait_for(10)
    assert service.ask("f", path).result(10) == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_least_limits_that_can_be_set_let_one_in(settings, method):
    settings.WEB_WORKERS, settings.DB_CONCURRENCY, settings.CONCURRENCY_LIMIT = 8, 1, 1
    gate = ConcurrencyMiddleware(lambda request: HttpResponse())
    assert gate(RequestFactory().generic(method, "/api/v1/wallets")).status_code == 200


def test_who_writes_waits_for_both_turns_no_longer_than_who_reads_for_one(monkeypatch):
    monkeypatch.setattr(concurrency, "WAIT_SECONDS", 5.0)
    now, waits = [100.0], []

    class Turn:
        def acquire(self, timeout: float) -> bool:
            waits.append(timeout)
            now[0] += 3
            return True

        def release(self) -> None:
            pass

    monkeypatch.setattr(concurrency, "time", SimpleNamespace(monotonic=lambda: now[0]))
    gate = ConcurrencyMiddleware(lambda request: HttpResponse())
    gate.writing = gate.all = Turn()
    gate(RequestFactory().post("/api/v1/wallets"))
    assert waits == [5, 2]


def caller(address: str = "192.0.2.1", **shown: str) -> str:
    """Who a request is counted as."""
    request = RequestFactory().get("/", headers={"Authorization": shown["token"]} if "token" in shown else {})
    if "cookie" in shown:
        request.COOKIES["session"] = shown["cookie"]
    token = trace.current.set(trace.Trace(request_id="", address=address, user_agent=""))
    try:
        return concurrency._caller_of(request)
    finally:
        trace.current.reset(token)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"address": "192.0.2.2"}, False),
        ({"address": "2001:db8::1"}, {"address": "2001:db8::2"}, True),
        ({"address": "2001:db8::1"}, {"address": "2001:db8:0:1::1"}, False),
        ({"token": "a"}, {"token": "a", "address": "192.0.2.2"}, True),
        ({"token": "a"}, {"token": "b"}, False),
        ({"cookie": "a"}, {"cookie": "b"}, False),
        ({"cookie": "a"}, {"cookie": "a", "address": "192.0.2.2"}, True),
        ({"cookie": "a"}, {}, False),
    ],
)
def test_a_caller_is_a_token_a_session_or_else_a_network(one, other, same):
    assert (caller(**one) == caller(**other)) is same


def test_a_caller_is_remembered_by_a_digest_alone():
    assert "Bearer secret" not in caller(token="Bearer secret")


def test_a_failure_gives_its_place_back(service):
    service.go.set()
    for _ in range(12):
        assert isinstance(service.ask(path="/fails").exception(10), ValueError)
    assert service.gate.present.total() == 0
    assert service.ask().result(10) == 200


def test_nobody_is_remembered_who_has_gone(service):
    service.go.set()
    for number in range(50):
        service.ask(str(number)).result(10)
    assert len(service.gate.present) == 0
