"""What one process ends, all the others refuse with the next request, whatever the shared cache remembers."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command

from tests.http import API
from tests.load.live import Server, emptied, live
from tests.security.revocations import ALIVE, KINDS, Carried, carried, status_of

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = 8  # times at once: connections are spread over the processes


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[Server]:
    with django_db_blocker.unblock():
        with live(processes=3) as found:
            yield found
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def _django_db_helper(server: Server) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


def dead(server: Server, found: Carried) -> set[str]:
    """What none of the processes takes; one that some take and others do not fails the test."""

    def send(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        return server.call(method, path, body, headers)[0]

    refused = set()
    with ThreadPoolExecutor(ASKED) as pool:
        asked = {
            name: [pool.submit(status_of, name, token, send) for _ in range(ASKED)]
            for name, token in found.tokens.items()
        }
    for name, works in asked.items():
        statuses = {work.result() for work in works}
        assert statuses in ({401}, {ALIVE.get(name, 200)}), (name, statuses)
        refused |= {name for status in statuses if status == 401}
    return refused


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_process_ends_the_others_refuse(server: Server, kind: str):
    act, ends = KINDS[kind]
    found = carried()
    assert dead(server, found) == set()
    act(found)
    assert dead(server, found) == ends
    with emptied(server):
        assert dead(server, found) == ends


def test_fifty_refreshes_over_processes_give_one_successor_and_reuse_ends_it_everywhere(server: Server):
    tokens = carried().tokens

    def refreshed(token: str) -> tuple[int, str]:
        body = json.dumps({"refresh_token": token}).encode()
        status, answer = server.call("POST", f"{API}/auth/refresh", body, {"Content-Type": "application/json"})
        return status, answer.get("refresh_token", "")

    with ThreadPoolExecutor(10) as pool, emptied(server):
        [(status, second)] = set(pool.map(refreshed, [tokens["refresh"]] * 50))
        assert (status, refreshed(second)[0]) == (200, 200)
        assert set(pool.map(refreshed, [tokens["refresh"]] * 10)) == {(401, "")}
        assert refreshed(second) == (401, "")
