"""The server of streams in a process of its own on the tests' database, and listeners with sockets."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from websockets.sync.client import ClientConnection, connect

from accounts.tokens import pair
from tests.conftest import Person
from tests.installation import PATIENCE, ROOT
from tests.load.live import database_url

HEARS_WITHIN = 10.0  # seconds; what has not come by then does not come


@contextmanager
def stream_server(**environment: str) -> Iterator[int]:
    """Its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONWARNINGS"}
    given = {"APP_ENV": "test", "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.load.settings"}
    given |= {"LIVE_CACHE": f"cache-stream-{port}.sqlite3", "STREAM_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "deploy/stream.py"], cwd=ROOT, env=inherited | given | environment)
    try:
        deadline = monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert monotonic() < deadline, "no server of streams answers"
            sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def listen(port: int, family: int, *, by: Person | None = None, query: str = "", **given: Any) -> ClientConnection:
    headers = {"Authorization": f"Bearer {pair(by.session).access_token}"} if by else {}
    headers |= given.pop("headers", {})
    address = f"ws://127.0.0.1:{port}/api/v1/events/stream/{family}{query}"
    return connect(address, additional_headers=headers, proxy=None, **given)


def next_of(line: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line.recv(timeout=HEARS_WITHIN))
    return found


def hears_nothing(line: ClientConnection, seconds: float = 0.7) -> bool:
    try:
        line.recv(timeout=seconds)
    except TimeoutError:
        return True
    return False
