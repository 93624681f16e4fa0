"""Every routed operation of the API, found by walking the URL patterns."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from financebot.api.views import ApiView


def operations() -> Iterator[tuple[str, str, type[ApiView], str]]:
    """(method, route, view class, action) of each; routes as written, such as `api/v1/wallets/<id:pk>`."""
    for route, callback in _patterns(get_resolver(), ""):
        view = getattr(callback, "cls", None)
        if view is not None and issubclass(view, ApiView):
            for method, action in callback.actions.items():
                if method != "head":
                    yield method.upper(), route, view, action


def _patterns(resolver: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback
