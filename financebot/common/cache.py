"""The cache of an installation without Redis: one SQLite file that all its processes share.

Django's file cache lets one nonce win twice and its database cache loses increments; here every call is one statement.
"""

import json
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

TABLE = "CREATE TABLE IF NOT EXISTS cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires REAL) WITHOUT ROWID"
INDEX = "CREATE INDEX IF NOT EXISTS cache_by_age ON cache (expires)"
ALIVE = "(expires IS NULL OR expires > ?)"
PUT = "INSERT INTO cache (key, value, expires) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
WRITES_BETWEEN_SWEEPS = 1000


class SqliteCache(BaseCache):
    """`add` and `incr` are exact over threads and processes. Values are what JSON can hold.

    Raises sqlite3.Error where the file cannot be used.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.path = Path(location)
        self.local = threading.local()
        self.writes = 0

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        row = self._run(f"SELECT value FROM cache WHERE key = ? AND {ALIVE}", self._key(key, version), time.time())
        return json.loads(row[0]) if row else default

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        put = f"{PUT} value = excluded.value, expires = excluded.expires"
        self._write(put, self._key(key, version), json.dumps(value), self._expires(timeout))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        put = f"{PUT} value = excluded.value, expires = excluded.expires WHERE cache.expires <= ? RETURNING 1"
        row = self._write(put, self._key(key, version), json.dumps(value), self._expires(timeout), time.time())
        return row is not None

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        touch = f"UPDATE cache SET expires = ? WHERE key = ? AND {ALIVE} RETURNING 1"
        return self._write(touch, self._expires(timeout), self._key(key, version), time.time()) is not None

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        """ValueError where there is nothing to add to, as Django's caches say it."""
        step = f"UPDATE cache SET value = CAST(value AS INTEGER) + ? WHERE key = ? AND {ALIVE} RETURNING value"
        row = self._write(step, delta, self._key(key, version), time.time())
        if row is None:
            raise ValueError(f"there is no {key!r}")
        return int(row[0])

    def delete(self, key: Any, version: Any = None) -> bool:
        return self._write("DELETE FROM cache WHERE key = ? RETURNING 1", self._key(key, version)) is not None

    def clear(self) -> None:
        self._write("DELETE FROM cache")

    def close(self, **kwargs: Any) -> None:
        """Connections stay open: opening one costs more than a call."""

    def _key(self, key: Any, version: Any) -> str:
        return self.make_and_validate_key(key, version=version)

    def _expires(self, timeout: Any) -> float | None:
        return self.get_backend_timeout(timeout)

    def _write(self, statement: str, *values: Any) -> Any:
        self.writes += 1
        if self.writes % WRITES_BETWEEN_SWEEPS == 0:
            self._run("DELETE FROM cache WHERE expires <= ?", time.time())
        return self._run(statement, *values)

    def _run(self, statement: str, *values: Any) -> Any:
        """The first row. The statement is its own transaction, and has ended when this returns."""
        rows = self._connection().execute(statement, values).fetchall()
        return rows[0] if rows else None

    def _connection(self) -> sqlite3.Connection:
        """One for each thread of each process: after a fork the parent's may not be used."""
        if getattr(self.local, "process", None) != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=5, isolation_level=None)
            self.path.chmod(0o600)
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", TABLE, INDEX):
                connection.execute(statement)
            self.local.connection, self.local.process = connection, os.getpid()
        return self.local.connection  # type: ignore[no-any-return]
