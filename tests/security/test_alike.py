"""Who is not let in is told one thing in one way, whatever is the matter, and it takes one time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from django.test import Client

from accounts.models import LoginThrottle
from financebot.common import clock
from tests.accounts.app import protect
from tests.conftest import person
from tests.factories import PASSWORD
from tests.http import API

NOT_IT = "not this one at all"
APART = {"X-Request-Id", "Date", "RateLimit-Remaining", "RateLimit-Reset", "Expires", "Content-Length"}
TRIES, ROUNDS, WITHIN = 500, 3, 0.05


@dataclass(frozen=True)
class Try:
    email: str
    password: str = NOT_IT
    address: str = "10.0.0.1"


KINDS = {
    "unknown": Try("nobody@example.org", PASSWORD),
    "wrong": Try("ann@example.org"),
    "wrong, with a second factor": Try("protected@example.org"),
    "locked": Try("locked@example.org", PASSWORD, "10.0.0.2"),
    "inactive": Try("inactive@example.org", PASSWORD),
    "unverified": Try("unverified@example.org", PASSWORD),
}


def at_the_api(one: Try) -> Any:
    body = {"email": one.email, "password": one.password}
    return Client().post(f"{API}/auth/login", body, content_type="application/json", REMOTE_ADDR=one.address)


def at_the_page(one: Try) -> Any:
    return Client().post("/login", {"email": one.email, "password": one.password}, REMOTE_ADDR=one.address)


@pytest.fixture
def people(db: None, settings: Any) -> list[int]:
    """Somebody of each kind; the rows in which the locked one's tries are counted."""
    settings.EMAIL_VERIFICATION = "required"
    verified = {"email_verified_at": clock.now()}
    for name in ("ann", "locked"):
        person(email=f"{name}@example.org", **verified)
    protect(person(email="protected@example.org", **verified).user)
    person(email="inactive@example.org", is_active=False, **verified)
    person(email="unverified@example.org", email_verified_at=None)
    for _ in range(5):
        at_the_api(Try("locked@example.org", address=KINDS["locked"].address))
    LoginThrottle.objects.exclude(until=None).update(until=clock.now() + timedelta(days=1))
    return list(LoginThrottle.objects.values_list("pk", flat=True))


def told(answer: Any, one: Try) -> tuple[int, str, dict[str, str]]:
    body = answer.content.decode().replace(one.email, "")
    body = re.sub(r'"request_id":"[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"', "", body)
    return answer.status_code, body, {name: text for name, text in answer.headers.items() if name not in APART}


@pytest.mark.django_db
@pytest.mark.parametrize("knock", [at_the_api, at_the_page])
def test_whatever_is_the_matter_the_answer_is_one(people: list[int], settings: Any, knock: Callable[[Try], Any]):
    settings.RATE_LIMITS = True
    answers = {name: told(knock(one), one) for name, one in KINDS.items()}
    assert [name for name, answer in answers.items() if answer != answers["wrong"]] == []
    right = Try("ann@example.org", PASSWORD, "10.0.0.3")
    assert told(knock(right), right) != answers["wrong"]


def medians(people: list[int]) -> dict[str, float]:
    """Milliseconds of each kind, taken in turns; what they lock is unlocked before each turn."""
    times: dict[str, list[float]] = {name: [] for name in KINDS}
    for turn in range(TRIES):
        LoginThrottle.objects.exclude(pk__in=people).delete()
        names = list(KINDS)[turn % len(KINDS) :] + list(KINDS)[: turn % len(KINDS)]
        for name in names:
            began = perf_counter()
            answer = at_the_api(KINDS[name])
            times[name].append((perf_counter() - began) * 1000)
            assert answer.status_code == 401
    return {name: median(found) for name, found in times.items()}


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_whatever_is_the_matter_it_takes_one_time(settings: Any, request: pytest.FixtureRequest, capsys: Any):
    """With the real hash. Other work on the machine falls on all kinds alike, or a round is taken anew."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
    people = request.getfixturevalue("people")
    spreads = []
    for _ in range(ROUNDS):
        found = medians(people)
        spreads.append(max(found.values()) / min(found.values()) - 1)
        with capsys.disabled():
            figures = ", ".join(f"{name} {value:.1f}" for name, value in found.items())
            print(f"\nmedians of {TRIES}, ms: {figures}; {spreads[-1]:.1%} apart")  # noqa: T201 - a figure for people
        if spreads[-1] <= WITHIN:
            return
    pytest.fail(f"apart by {spreads}")
