"""Django's SQLite, with a fair wait for the one writer."""

import sqlite3
import time
from contextlib import closing

from django.db.backends.sqlite3 import base

PAUSE = 0.008  # seconds between two tries of who has just come
AGEING = 4.0  # how many times more often one tries for each second waited


class DatabaseWrapper(base.DatabaseWrapper):
    """Who has waited longest asks most often.

    SQLite does the reverse: it pauses 1 ms at first and 100 ms later, so that those who come anew overtake, and with
    thirty writers some wait out their 5 s while the lock changes hands two hundred times.
    """

    transaction_mode: str | None

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode != "IMMEDIATE":
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        patience: float = self.settings_dict["OPTIONS"]["timeout"]
        with closing(self.connection.cursor()) as cursor, self.wrap_database_errors:
            cursor.execute("PRAGMA busy_timeout = 0")
            try:
                _begin(cursor, patience)
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")


def _begin(cursor: sqlite3.Cursor, patience: float) -> None:
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or waited >= patience:
                raise
        else:
            return
        time.sleep(PAUSE / (1 + AGEING * waited))
