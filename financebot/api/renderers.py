"""What leaves: bytes made inside the unit of work pass through, everything else becomes JSON here."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer


class WireRenderer(JSONRenderer):
    charset = None
    ensure_ascii = False

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return data if isinstance(data, bytes) else super().render(data)


class PageRenderer(BrowsableAPIRenderer):
    """The browsable API: for people with a session cookie, and without Django's forms for what is not there."""

    def show_form_for_method(self, view: Any, method: str, request: Any, obj: Any) -> bool:
        return False  # permission is asked once, by the call itself

    def get_default_renderer(self, view: Any) -> WireRenderer:
        return WireRenderer()
