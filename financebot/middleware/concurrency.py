import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from financebot.api import problems, trace
from financebot.api.limits import READING
from financebot.common.network import network_of

PASSED_BY = ("/health", "/static/")
WAIT_SECONDS = 5.0


class ConcurrencyMiddleware:
    """Let few requests work at once and the others wait their turn: more at once are slower, all of them.

    Those that write take at most half of the turns: they may wait for each other's locks, and reading goes on
    meanwhile. The limits are the installation's; each worker process has its share of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        turns = max(settings.DB_CONCURRENCY // settings.WEB_WORKERS, 2)
        self.all, self.writing = threading.Semaphore(turns), threading.Semaphore(turns // 2)
        self.most = max(settings.CONCURRENCY_LIMIT // settings.WEB_WORKERS, 1)
        self.counting = threading.Lock()
        self.present: Counter[str] = Counter()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PASSED_BY):
            return self.get_response(request)
        with self._place(_caller_of(request)) as found, ExitStack() as turns:
            deadline = time.monotonic() + WAIT_SECONDS
            for turn in [self.all] if request.method in READING else [self.writing, self.all]:
                if not found or not turn.acquire(timeout=max(deadline - time.monotonic(), 0)):
                    return problems.page("overloaded")
                turns.callback(turn.release)
            return self.get_response(request)

    @contextmanager
    def _place(self, caller: str) -> Iterator[bool]:
        """A place among those who work or wait, unless all are taken, or too many by one caller."""
        with self.counting:
            free = self.present.total() < self.most and self.present[caller] < settings.CALLER_CONCURRENCY
            if free:
                self.present[caller] += 1
        try:
            yield free
        finally:
            if free:
                with self.counting:
                    self.present[caller] -= 1
                    self.present += Counter()  # forgets who is gone


def _caller_of(request: HttpRequest) -> str:
    """Whoever shows one token or session, or comes from one network without any."""
    shown = request.headers.get("Authorization") or request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if shown:
        return hashlib.sha256(shown.encode()).hexdigest()
    now = trace.current.get()
    return network_of(now.address) if now else ""
