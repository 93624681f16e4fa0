"""The project as it runs: server processes and the relay on the tests' own database, and clients with sockets."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from django.conf import settings
from django.db import connection

from tests.http import API
from tests.installation import PATIENCE, ROOT

PROCESSES = 4
ANSWER_WITHIN = 120.0  # seconds; a client that hears nothing for so long never will


@dataclass(frozen=True)
class Server:
    port: int

    def call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        """The status, and what was said: read as JSON where it is."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_WITHIN)
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
def live(*, processes: int = PROCESSES) -> Iterator[Server]:
    """Several server processes on one port, and the relay beside them."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {"PORT": str(port), "WEB_WORKERS": str(processes), "DATABASE_URL": database_url()}
    environment = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "PYTHONWARNINGS"}}
    environment |= given | {"APP_ENV": "test", "DJANGO_SETTINGS_MODULE": "tests.load.settings", "LOG_LEVEL": "ERROR"}
    environment["LIVE_CACHE"] = f"cache-live-{port}.sqlite3"
    gunicorn = ["-m", "gunicorn", "financebot.wsgi:application", "--config", "deploy/gunicorn.conf.py"]
    commands = [gunicorn, ["manage.py", "relay_events", "--follow"]]
    started = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment) for command in commands]
    try:
        yield ready(Server(port))
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=PATIENCE)
        for path in settings.DATA.glob(f"{environment['LIVE_CACHE']}*"):
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
