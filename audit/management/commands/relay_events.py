import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from audit.relay import relay_once

PAUSE_SECONDS = 0.25
PAUSE_AFTER_ERROR_SECONDS = 2.0


class Command(BaseCommand):
    help = "Give committed events their position. With --follow: for ever, at most a second after the commit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--follow", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["follow"]:
            total = 0
            while numbered := relay_once():
                total += numbered
            self.stdout.write(f"{total} events numbered")
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("following")
        while not stop.is_set():
            stop.wait(self._step())

    def _step(self) -> float:
        """One pass; how long to wait before the next. A database that is away is tried again, not died of."""
        try:
            close_old_connections()
            return 0.0 if relay_once() else PAUSE_SECONDS
        except DatabaseError as error:
            self.stderr.write(f"the database refused: {error}")
            return PAUSE_AFTER_ERROR_SECONDS
