import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connection

from audit.relay import relay_once
from delivery.outbox import deliver_once
from delivery.poke import poke

PAUSE_SECONDS = 0.05
PAUSE_AFTER_ERROR_SECONDS = 2.0


class Command(BaseCommand):
    help = (
        "Give committed events their position, and deliver what follows from them. With --follow: for ever, at most "
        "a second after the commit; then the worker delivers, and is poked."
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
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("following")
        while not stop.is_set():
            stop.wait(self._once())
        connection.close()

    def _once(self) -> float:
        """One pass; how long to wait before the next. A database that is away, or whatever else fails, is tried
        again and not died of."""
        try:
            close_old_connections()
            if not relay_once():
                return PAUSE_SECONDS
            poke()
        except Exception as error:  # noqa: BLE001 - it goes on
            self.stderr.write(f"failed, to be tried again: {error!r}")
            return PAUSE_AFTER_ERROR_SECONDS
        return 0.0
