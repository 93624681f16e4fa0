import signal
import threading
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection

from audit.relay import relay_once
from delivery.outbox import deliver_once

PAUSE_SECONDS = 0.25
PAUSE_AFTER_ERROR_SECONDS = 2.0
LAST_LETTER_SECONDS = 5.0


class Command(BaseCommand):
    help = (
        "Give committed events their position, and deliver what follows from them. "
        "With --follow: for ever, at most a second after the commit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--follow", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["follow"]:
            self._follow()
            return
        total = 0
        while numbered := relay_once():
            total += numbered
        self.stdout.write(f"{total} events numbered")
        while deliver_once():
            pass

    def _follow(self) -> None:
        """Numbering and delivering each at their own pace: an outlet that hangs must not hold up the numbers."""
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        outbox = threading.Thread(target=self._repeat, args=(deliver_once, stop), name="outbox", daemon=True)
        outbox.start()
        self.stdout.write("following")
        self._repeat(relay_once, stop)
        outbox.join(LAST_LETTER_SECONDS)

    def _repeat(self, step: Callable[[], int], stop: threading.Event) -> None:
        while not stop.is_set():
            stop.wait(self._once(step))
        connection.close()

    def _once(self, step: Callable[[], int]) -> float:
        """One pass; how long to wait before the next. A database that is away, or whatever else fails, is tried
        again and not died of."""
        try:
            close_old_connections()
            return 0.0 if step() else PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 - the other of the two must go on
            self.stderr.write(f"failed, to be tried again: {error!r}")
            return PAUSE_AFTER_ERROR_SECONDS
