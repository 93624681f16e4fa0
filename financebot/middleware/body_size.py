from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from financebot.api import problems


class BodySizeMiddleware:
    """Refuse a body by its declared length, before a byte of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or ""
        if declared and not (declared.isascii() and declared.isdecimal()):
            return problems.page("invalid", errors={"Content-Length": [_("Not a length.")]})
        if declared and int(declared[:20]) > settings.BODY_SIZE_MAX:
            return problems.page("body_too_large")
        if not declared and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return problems.page("invalid", errors={"Content-Length": [_("Say how long the body is.")]})
        return self.get_response(request)
