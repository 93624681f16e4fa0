"""What leaves: bytes made inside the unit of work pass through, everything else becomes JSON here."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


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


class RawForm(forms.Form):
    """A body to fill in; the browsable API's own script sends it as JSON."""

    _content_type = forms.ChoiceField(
        choices=[("application/json", "application/json")],
        label="Media type",
        widget=forms.Select(attrs={"data-override": "content-type"}),
    )
    _content = forms.CharField(label="Content", widget=forms.Textarea(attrs={"data-override": "content"}))


class PageRenderer(BrowsableAPIRenderer):
    """The browsable API: for people with a session cookie. What a call takes comes from the view's table."""

    def get_default_renderer(self, view: Any) -> WireRenderer:
        return WireRenderer()

    def get_content(self, renderer: Any, data: Any, accepted_media_type: Any, renderer_context: Any) -> str:
        shown = json.loads(data) if isinstance(data, bytes) else data
        return "" if shown is None else json.dumps(shown, indent=4, ensure_ascii=False, cls=JSONEncoder)

    def get_rendered_html_form(self, data: Any, view: Any, method: str, request: Any) -> Any:
        """Whether there is a button for DELETE; bodies are filled in as JSON."""
        return method == "DELETE" and self._row(view, method) is not None

    def get_raw_data_form(self, data: Any, view: Any, method: str, request: Any) -> RawForm | None:
        row = self._row(view, method)
        if row is None:
            return None
        fields = row.body().fields if row.body else {}
        body = {name: field.initial or "" for name, field in fields.items() if field.required}
        content = json.dumps(body, indent=4, default=str)
        return RawForm(initial={"_content_type": "application/json", "_content": content})

    def _row(self, view: Any, method: str) -> Any:
        return view.calls.get(view.action_map.get(method.lower(), ""))


class Negotiation(DefaultContentNegotiation):
    """JSON for everybody, pages where the view offers them; who accepts neither gets JSON (RFC 9110, 12.4.1)."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type
