"""How often a caller may ask: counted in the shared cache, so exact over all workers, and told in every answer."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import get_usage
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from financebot.api import trace
from financebot.common.errors import Overloaded
from financebot.common.network import network_of

log = logging.getLogger("financebot.limits")

PERSON = "300/m"  # all that one person asks, or one client on nobody's behalf
NETWORK = "100/m"  # all that comes from one place without a token that holds
WRITES = "60/m"  # of one person
READING = ("GET", "HEAD", "OPTIONS")
SECONDS = {"m": 60, "10m": 600, "h": 3600}


@dataclass(frozen=True, slots=True)
class Usage:
    """What is left of one limit, and in how many seconds it begins anew."""

    limit: int
    count: int
    reset: int

    @property
    def left(self) -> int:
        return max(self.limit - self.count, 0)

    @property
    def is_over(self) -> bool:
        return self.count > self.limit


class CallerThrottle(BaseThrottle):
    """The limits that a call falls under: of the person, of the client that signed or that a service's token is of, or
    of the network where nobody has shown who they are."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if not settings.RATE_LIMITS:
            return True
        person = getattr(request.user, "pk", None)
        known = f"person {person}" if person else _client(request)
        limits = _limits(request, view, known=bool(known))
        found = [use(group, known or _network(), rate, known=bool(known)) for group, rate in limits]
        self.tightest = min(found, key=lambda usage: (usage.left, -usage.reset))
        request._request.rate_limit = self.tightest  # type: ignore[attr-defined] # noqa: SLF001 - for `tell`
        return not self.tightest.is_over

    def wait(self) -> float:
        return self.tightest.reset


def _limits(request: Request, view: Any, *, known: bool) -> Iterator[tuple[str, str]]:
    yield "all", PERSON if known else NETWORK
    if view.call.limit:
        yield f"{type(view).__name__}.{view.action}", view.call.limit
    elif known and request.method not in READING:
        yield "writes", WRITES


def use(group: str, caller: str, rate: str, *, known: bool) -> Usage:
    """Count one more of this caller's. Overloaded where the shared cache is gone, save for a caller who is known:
    they are counted by this process alone until it is back."""
    try:
        found: dict[str, int] = get_usage(  # type: ignore[no-untyped-call]
            None, group=f"{group}|", key=lambda *_: f"{caller}|", rate=rate, increment=True
        )
    except Exception as error:
        log.warning("the shared cache does not answer: %s", type(error).__name__)
        if not known:
            raise Overloaded from error
        return _use_here(group, caller, rate)
    return Usage(found["limit"], found["count"], max(found["time_left"], 1))


def _use_here(group: str, caller: str, rate: str) -> Usage:
    most, _, period = rate.partition("/")
    seconds = SECONDS[period]
    window, passed = divmod(int(time.time()), seconds)
    cache, key = caches["process"], f"{group}|{caller}|{window}".replace(" ", "_")
    cache.add(key, 0, seconds)
    return Usage(int(most), cache.incr(key), seconds - passed)


def is_over(group: str, rate: str) -> bool:
    """The same for a page, whose visitor has not said who they are; over too where nobody can be counted."""
    if not settings.RATE_LIMITS:
        return False
    try:
        return use(group, _network(), rate, known=False).is_over
    except Overloaded:
        return True


def demand(group: str, caller: str, rate: str) -> None:
    """Count one more under a key of the call's own, for a caller who is known. Raises Throttled beyond the rate."""
    if settings.RATE_LIMITS:
        usage = use(group, caller, rate, known=True)
        if usage.is_over:
            raise Throttled(usage.reset)


def tell(request: HttpRequest, response: HttpResponse) -> None:
    """The limit that is nearest, in the answer's headers."""
    usage = getattr(request, "rate_limit", None)
    if usage:
        response["RateLimit-Limit"] = str(usage.limit)
        response["RateLimit-Remaining"] = str(usage.left)
        response["RateLimit-Reset"] = str(usage.reset)


def _client(request: Request) -> str:
    now = trace.current.get()
    client = (now.signed_by if now else "") or getattr(request.auth, "bound_to", "")
    return f"client {client}" if client else ""


def _network() -> str:
    now = trace.current.get()
    return f"network {network_of(now.address if now else '')}"
