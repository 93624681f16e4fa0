"""An installation of its own, for what can only be seen from another process."""

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUNICORN = ("-m", "gunicorn", "financebot.wsgi:application", "--config", "deploy/gunicorn.conf.py")
PATIENCE = 20.0  # seconds before a test gives up; none comes near it when all is well


@dataclass
class Installation:
    """A migrated SQLite database in a folder, with the environment that our commands need to use it."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "own.sqlite3"

    def start(self, *arguments: str, said: int | IO[str] = subprocess.PIPE) -> "subprocess.Popen[str]":
        """`said`: a file for what it prints, where that is more than a pipe holds."""
        inherited = {k: v for k, v in os.environ.items() if k not in {"REDIS_URL", "PYTHONWARNINGS"}}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=inherited
            | {
                "APP_ENV": "test",
                "DJANGO_SETTINGS_MODULE": "financebot.settings",
                "FINANCEBOT_DATA": str(self.folder),
                "DATABASE_URL": f"sqlite:///{self.database}",
                "PYTHONUNBUFFERED": "1",
            }
            | self.environment,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def serve(self, *options: str, said: int | IO[str] = subprocess.PIPE) -> int:
        """Start a web server; its port, once it listens."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.environment |= {"PORT": str(port), "WEB_WORKERS": "1"}
        self.start(*GUNICORN, *options, said=said)
        deadline = monotonic() + PATIENCE * 3
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                assert monotonic() < deadline, "no server listens"
                sleep(0.1)
            else:
                return port

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        return output

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=5)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def until(self, statement: str, expected: list[tuple[Any, ...]]) -> None:
        deadline = monotonic() + PATIENCE
        while (found := self.ask(statement)) != expected:
            assert monotonic() < deadline, found
            sleep(0.02)

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.started.clear()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.run("manage.py", "migrate", "--noinput", "--verbosity", "0")
    return made.folder


@pytest.fixture
def installation(migrated: Path, tmp_path: Path) -> Iterator[Installation]:
    with copied(migrated, tmp_path) as found:
        yield found


@contextmanager
def copied(migrated: Path, folder: Path) -> Iterator[Installation]:
    found = Installation(folder)
    with (
        closing(sqlite3.connect(migrated / "own.sqlite3")) as source,
        closing(sqlite3.connect(found.database)) as target,
    ):
        source.backup(target)
    try:
        yield found
    finally:
        found.stop()
