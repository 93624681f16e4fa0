"""The access log's writer: a bounded queue in each process, written in bulk by one thread."""

import atexit
import logging
import queue
import threading

from django.conf import settings
from django.db import Error, close_old_connections

from audit.models import AccessLog

log = logging.getLogger("financebot.access_log")

CAPACITY, BULK, PAUSE_SECONDS = 10_000, 200, 1.0


class Writer:
    """Rows go in without waiting; when the queue is full they are counted and lost, never the request."""

    def __init__(self) -> None:
        self._rows: queue.Queue[AccessLog] = queue.Queue(CAPACITY)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.lost = 0

    def add(self, row: AccessLog) -> None:
        try:
            self._rows.put_nowait(row)
        except queue.Full:
            self.lost += 1
        if self._thread is None and settings.ACCESS_LOG_THREAD:
            self._start()

    def flush(self) -> int:
        """Write what is waiting, in bulks; how many rows. What the database refuses goes back into the queue."""
        written = 0
        while rows := self._take():
            try:
                AccessLog.objects.bulk_create(rows)
            except Error:
                for row in rows:
                    self.add(row)
                raise
            written += len(rows)
        return written

    def _take(self) -> list[AccessLog]:
        rows: list[AccessLog] = []
        while len(rows) < BULK:
            try:
                rows.append(self._rows.get_nowait())
            except queue.Empty:
                break
        return rows

    def _start(self) -> None:
        """At the first request, so after the server has forked."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
                self._thread.start()
                atexit.register(self._finish)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            self._flush_quietly()
        self._flush_quietly()

    def _flush_quietly(self) -> None:
        try:
            close_old_connections()
            self.flush()
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever it is
            log.warning("not written yet: %s", error)
        if self.lost:
            log.warning("%s rows lost: the queue was full", self.lost)
            self.lost = 0

    def _finish(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)


writer = Writer()
