"""The project as it runs: server processes and the relay on the tests' own database, and clients with sockets."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.db import connection

from financebot.common.cache import SqliteCache
from tests.http import API
from tests.installation import PATIENCE, ROOT

PROCESSES = 4
ANSWER_WITHIN = 120.0  # seconds; a client that hears nothing for so long never will


@dataclass(frozen=True)
class Server:
    port: int
    cache: Path = Path()  # the file that its processes share

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], source: str = "127.0.0.1"
    ) -> tuple[int, Any]:
        """The status, and what was said, read as JSON where it is; sent from an address of this machine."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN, source_address=(source, 0))
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            text = answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, json.loads(text) if is_json else text
        finally:
            line.close()

    def send(self, token: str, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """JSON, with a bearer token."""
        data = None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        return self.call(method.upper(), f"{API}{path}", data, given)


def database_url() -> str:
    """Where the tests' rows are, as the settings read it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    who = given["USER"] + (f":{given['PASSWORD']}" if given["PASSWORD"] else "")
    return f"postgres://{who}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


@contextmanager
def live(
    *, processes: int = PROCESSES, application: str = "financebot.wsgi:application", **given: str
) -> Iterator[Server]:
    """Several server processes on one port, and the relay beside them; `given` to their environment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given |= {"PORT": str(port), "WEB_WORKERS": str(processes), "DATABASE_URL": database_url()}
    environment = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "PYTHONWARNINGS"}}
    environment |= given | {"APP_ENV": "test", "DJANGO_SETTINGS_MODULE": "tests.load.settings", "LOG_LEVEL": "ERROR"}
    cache = settings.DATA / f"cache-live-{port}.sqlite3"
    environment["LIVE_CACHE"] = cache.name
    gunicorn = ["-m", "gunicorn", application, "--config", "deploy/gunicorn.conf.py"]
    commands = [gunicorn, ["manage.py", "relay_events", "--follow"]]
    started = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment) for command in commands]
    try:
        yield ready(Server(port, cache))
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=PATIENCE)
        for path in settings.DATA.glob(f"{cache.name}*"):
            path.unlink()


def ready(server: Server) -> Server:
    deadline = monotonic() + PATIENCE
    while True:
        try:
            if server.call("GET", "/health", None, {})[0] == 200:
                return server
        except OSError:
            assert monotonic() < deadline, "no server answers"
        sleep(0.1)


@contextmanager
def emptied(server: Server) -> Iterator[None]:
    """All that the shared cache remembers is gone, twenty times a second."""
    over = threading.Event()

    def empty() -> None:
        cache = SqliteCache(str(server.cache), {})
        while not over.wait(0.05):
            cache.clear()

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
