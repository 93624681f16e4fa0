import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.access_log import writer
from audit.models import AccessLog
from financebot.api import trace
from financebot.common import clock

QUIET = ("/static/", "/health")


class AccessLogMiddleware:
    """Note every request when it is answered: the route's pattern, so that no id or token of a URL is kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        now = trace.current.get()
        if now and not request.path.startswith(QUIET):
            writer.add(
                AccessLog(
                    method=str(request.method)[:10],
                    route=now.route or "(unknown)",
                    status=response.status_code,
                    duration_ms=int((time.monotonic() - began) * 1000),
                    user_id=now.user,
                    family_id=now.family,
                    client=now.client,
                    address=now.address,
                    user_agent=now.user_agent,
                    request_id=now.request_id,
                    created_at=clock.now(),
                )
            )
        return response
