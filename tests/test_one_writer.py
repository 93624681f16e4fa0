"""SQLite's one writer: who waits for it gets it, in about the order of coming."""

import sqlite3
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from financebot.common.sqlite3 import base
from financebot.common.sqlite3.base import DatabaseWrapper

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has many writers")


@pytest.fixture(autouse=True)
def _may_connect(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def wrapper(path: Path, timeout: float = 5) -> DatabaseWrapper:
    given = settings.DATABASES["default"]
    return DatabaseWrapper({**given, "NAME": str(path), "OPTIONS": {**given["OPTIONS"], "timeout": timeout}})


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who has the writer."""
    opened = sqlite3.connect(tmp_path / "one.sqlite3", isolation_level=None, check_same_thread=False)
    opened.execute("PRAGMA journal_mode=WAL")
    opened.execute("CREATE TABLE notes (who)")
    opened.execute("BEGIN IMMEDIATE")
    yield opened
    opened.close()


def begin(waiting: Any) -> None:
    waiting.ensure_connection()
    waiting._start_transaction_under_autocommit()


def test_the_tests_run_on_it():
    assert settings.DATABASES["default"]["ENGINE"] == "financebot.common.sqlite3"


def test_who_waits_gets_the_writer_once_it_is_free(holder, tmp_path):
    waiting = wrapper(tmp_path / "one.sqlite3")
    timer = threading.Timer(0.2, holder.execute, ["COMMIT"])
    timer.start()
    begin(waiting)
    timer.join()
    assert waiting.connection.in_transaction
    [timeout] = waiting.connection.execute("PRAGMA busy_timeout").fetchone()
    assert timeout == 5000
    waiting.connection.close()


def test_who_waits_too_long_is_told_that_it_is_locked(holder, tmp_path):
    waiting = wrapper(tmp_path / "one.sqlite3", timeout=0.2)
    began = monotonic()
    with pytest.raises(OperationalError, match="locked"):
        begin(waiting)
    assert monotonic() - began >= 0.2
    [timeout] = waiting.connection.execute("PRAGMA busy_timeout").fetchone()
    assert timeout == 200
    waiting.connection.close()


def test_who_has_waited_longer_asks_more_often(holder, tmp_path, monkeypatch):
    pauses: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(base.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(base.time, "sleep", sleep)
    waiting = wrapper(tmp_path / "one.sqlite3")
    with pytest.raises(OperationalError, match="locked"):
        begin(waiting)
    assert all(later < earlier for earlier, later in pairwise(pauses))
    assert pauses[0] == base.PAUSE
    assert pauses[-1] < base.PAUSE / 20
    waiting.connection.close()


def test_what_is_no_waiting_is_raised_at_once(tmp_path):
    waiting = wrapper(tmp_path / "one.sqlite3")
    begin(waiting)
    with pytest.raises(OperationalError, match="within a transaction"):
        waiting._start_transaction_under_autocommit()
    waiting.connection.close()
