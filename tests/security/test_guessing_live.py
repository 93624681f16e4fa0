"""Somebody who guesses from hundreds of addresses, over several server processes, with the cache emptied all the time.

Rate limits are off: what is left is the lockout. The server notes each wrong secret that it holds against a stored one
(`tests.load.counting`); the addresses are true ones of this machine, 127.0.x.y, seen by the server on its sockets.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.tokens import pair
from tests.accounts.app import App, protect
from tests.accounts.tools import NEW_PASSWORD
from tests.conftest import person, session_of
from tests.factories import PASSWORD
from tests.http import API
from tests.load.live import Server, emptied, live

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux answers at all of 127.0.0.0/8"),
]

AT_ONCE = 8
EVALUATED_MAX = 100
CHALLENGE_TRIES = 5
WRONG = "000000"


@dataclass
class Target:
    """An account whose owner has logged in at home before, on a device that it knows."""

    server: Server
    app: App
    token: str
    device: str = ""

    def post(self, path: str, body: dict[str, str], source: str = "127.0.0.1", **headers: str) -> tuple[int, Any]:
        given = {"Content-Type": "application/json", **headers}
        return self.server.call("POST", f"{API}{path}", json.dumps(body).encode(), given, source)

    def by_token(self, path: str, body: dict[str, str], source: str) -> tuple[int, Any]:
        """Somebody who has stolen an access token of this account."""
        return self.post(path, body, source, Authorization=f"Bearer {self.token}")

    def log_in(self, password: str, source: str, **headers: str) -> tuple[int, Any]:
        return self.post("/auth/login", {"email": self.app.user.email, "password": password}, source, **headers)

    def come_home(self) -> str:
        """The owner logs in on their own device, by a backup code of paper; the device's id."""
        known = {"X-Device-Id": self.device} if self.device else {}
        status, answer = self.log_in(PASSWORD, "127.0.0.1", **known)
        if status == 202:
            body = {"challenge": answer["challenge"], "backup_code": self.app.backup_codes.pop()}
            status, answer = self.post("/auth/2fa/backup-code", body, **known)
        assert status == 200, answer
        return answer["device_id"]


def at_the_api(target: Target, number: int, source: str) -> list[int]:
    return [target.log_in(f"guess number {number}", source)[0]]


def at_the_page(target: Target, number: int, source: str) -> list[int]:
    token = "c" * 32
    body = f"csrfmiddlewaretoken={token}&email={target.app.user.email}&password=guess{number}"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrf={token}"}
    status, page = target.server.call("POST", "/login", body.encode(), headers, source)
    assert b"are not right" in page
    return [status]


def at_challenges(path: str, field: str, wrong: str) -> Callable[[Target, int, str], list[int]]:
    """Who knows the password gets challenges for it, and each stands so many tries."""

    def guess(target: Target, number: int, source: str) -> list[int]:
        status, answer = target.log_in(PASSWORD, source)
        assert status == 202, answer
        body = {"challenge": answer["challenge"], field: wrong}
        return [target.post(path, body, source)[0] for _ in range(CHALLENGE_TRIES)]

    return guess


def by_a_stolen_token(path: str, **body: str) -> Callable[[Target, int, str], list[int]]:
    return lambda target, number, source: [target.by_token(path, body, source)[0]]


@dataclass(frozen=True)
class Door:
    """Where something is guessed at: by `guess`, in turns of so many tries, each answered by `refusal`. `secret`: what
    the server holds the tries against."""

    guess: Callable[[Target, int, str], list[int]]
    secret: str
    refusal: int
    tries: int = 1
    protected: bool = True


DOORS = {
    "the password at the API": Door(at_the_api, "password", 401, protected=False),
    "the password at the page": Door(at_the_page, "password", 200, protected=False),
    "the app's code": Door(at_challenges("/auth/login/2fa", "code", WRONG), "app", 400, CHALLENGE_TRIES),
    "a backup code": Door(
        at_challenges("/auth/2fa/backup-code", "backup_code", "AAAA-AAAA-AAAA-AAAA"), "backup", 400, CHALLENGE_TRIES
    ),
    "the password, to step up": Door(by_a_stolen_token("/auth/step-up", password="a guess"), "password", 400),
    "the app's code, to step up": Door(by_a_stolen_token("/auth/step-up", code=WRONG), "app", 400),
    "the password, to change it": Door(
        by_a_stolen_token("/auth/password/change", current_password="a guess", new_password=NEW_PASSWORD),
        "password",
        400,
    ),
    "the app's code, to turn it off": Door(
        by_a_stolen_token("/auth/2fa/disable", password=PASSWORD, code=WRONG), "app", 400
    ),
    "a backup code, for new ones": Door(
        by_a_stolen_token("/auth/2fa/backup-codes", password=PASSWORD, code="AAAA-AAAA-AAAA-AAAA"), "backup", 400
    ),
}
WHOLE = ("the password at the API", "the app's code", "a backup code")  # ten thousand of each


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("counted") / "notes"


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any, counted: Path) -> Iterator[Server]:
    application = "tests.load.counting:application"
    with django_db_blocker.unblock():
        with live(processes=3, application=application, LIVE_COUNTED=str(counted)) as found:
            yield found
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def _django_db_helper(server: Server) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


def target_of(server: Server, door: Door) -> Target:
    someone = person()
    app = protect(someone.user) if door.protected else App(someone.user, "", [])
    found = Target(server, app, pair(session_of(someone.user)).access_token)
    found.device = found.come_home()
    return found


def noted(counted: Path) -> Counter[str]:
    return Counter(counted.read_text().split()) if counted.exists() else Counter()


def check(server: Server, counted: Path, door: Door, *, tries: int, addresses: int) -> int:
    """So many wrong tries, of which how many were held against what is stored; the owner gets in all the while."""
    target, before = target_of(server, door), noted(counted)
    sources = [f"127.0.{1 + n // 250}.{1 + n % 250}" for n in range(addresses)]
    turns = tries // door.tries
    home = []
    with emptied(server), ThreadPoolExecutor(AT_ONCE) as pool:
        works = [pool.submit(door.guess, target, n, sources[n % addresses]) for n in range(turns)]
        for part in range(1, 4):
            works[turns * part // 4].result()
            home.append(target.come_home())
        answers = Counter(status for work in works for status in work.result())
    home.append(target.come_home())
    assert answers == {door.refusal: tries}
    assert home == [target.device] * 4
    return (noted(counted) - before)[door.secret]


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_of_guesses_from_everywhere_few_are_looked_at_and_the_owner_gets_in(server: Server, counted: Path, door: Door):
    evaluated = check(server, counted, door, tries=160, addresses=40)
    assert 0 < evaluated <= EVALUATED_MAX


@pytest.mark.long
@pytest.mark.parametrize("name", DOORS)
def test_of_ten_thousand_guesses_few_are_looked_at(server: Server, counted: Path, name: str, capsys: Any):
    tries = 10_000 if name in WHOLE else 2_000
    evaluated = check(server, counted, DOORS[name], tries=tries, addresses=200)
    with capsys.disabled():
        print(f"\n{name}: {evaluated} of {tries} looked at")  # noqa: T201 - a figure for people
    assert 0 < evaluated <= EVALUATED_MAX
