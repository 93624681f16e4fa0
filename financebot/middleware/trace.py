import ipaddress
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from financebot.api import trace

SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,100}", re.ASCII)
SANE_DEVICE = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
SANE_CLIENT = re.compile(r"[A-Za-z0-9._-]{1,60}", re.ASCII)


class TraceMiddleware:
    """Give every request an id and find out the true address, before anything else looks at it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        client = request.headers.get("X-Client-Id", "")
        device = request.headers.get("X-Device-Id") or request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
        found = trace.Trace(
            request_id=given if SANE_ID.fullmatch(given) else uuid.uuid4().hex,
            address=client_address(request),
            user_agent=request.headers.get("User-Agent", "")[:300],
            languages=request.headers.get("Accept-Language", "")[:200],
            client=client if SANE_CLIENT.fullmatch(client) else "",
            device=device if SANE_DEVICE.fullmatch(device) else "",
        )
        token = trace.current.set(found)
        try:
            response = self.get_response(request)
        finally:
            trace.current.reset(token)
        response["X-Request-Id"] = found.request_id
        return response


def client_address(request: HttpRequest) -> str:
    """The peer's address, or behind N trusted proxies the N-th from the right of X-Forwarded-For."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return _address(forwarded[-hops]) or peer if hops and len(forwarded) >= hops else peer


def _address(text: str) -> str:
    """An IPv4 or IPv6 address in its usual form; empty for anything else."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
