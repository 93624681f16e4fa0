"""OpenAPI out of the views' tables: body, parameters, answer and the refusals each call can give."""

import inspect
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers

from financebot.api.problems import MEDIA_TYPE, PROBLEMS
from financebot.api.security_schemes import SIGNATURE
from financebot.api.serializers import Answer, PageAnswer, StrictSerializer
from financebot.api.views import Call
from financebot.common.errors import Invalid, NotFound

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
SIGNED = {"signature_missing", "signature_invalid", "timestamp_stale", "signature_replayed", "overloaded"}


class ProblemAnswer(Answer):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(choices=sorted(PROBLEMS))
    request_id = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class CallSchema(AutoSchema):
    view: Any  # an ApiView: nothing else is in the document

    @property
    def call(self) -> Call:
        return cast("Call", self.view.call)

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_description(self) -> str:  # type: ignore[override]
        said = inspect.getdoc(getattr(self.view, self.view.action)) or ""
        names = " or ".join(f"`{name}`" for name in self.call.needs.permissions)
        return f"{said}\n\nNeeds the permission {names}.".strip() if names else said

    def get_request_serializer(self) -> Any:
        return self.call.body

    def get_filter_backends(self) -> list[Any]:
        return []

    def get_override_parameters(self) -> list[Any]:
        found: list[Any] = []
        if self.call.query().fields:
            found.append(self.call.query)
        return found

    def _is_list_view(self, serializer: Any = None) -> bool:
        """A list gives its operation's name only: what is answered is one object, a page too."""
        return serializer is None and super()._is_list_view()

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: Any = False) -> Any:  # noqa: FBT002
        found = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        shape = serializer if isinstance(serializer, type) else type(serializer)
        if issubclass(shape, StrictSerializer):
            return {**found, "additionalProperties": False}
        if issubclass(shape, Answer) and shape.sometimes:
            return {**found, "required": [name for name in found["required"] if name not in shape.sometimes]}
        return found

    def get_auth(self) -> list[Any]:
        """A token, or none where anyone may call; either may be signed."""
        shown: dict[str, list[str]] = {} if self.call.needs.kind == "anyone" else {"bearer": []}
        return [shown, {**shown, **{name: [] for name in SIGNATURE}}]

    def get_response_serializers(self) -> Any:
        call = self.call
        codes: dict[int, list[str]] = {}
        for code in self._codes():
            codes.setdefault(PROBLEMS[code].status, []).append(code)
        found: dict[Any, Any] = {}
        if call.media:
            found[call.status, call.media] = OpenApiTypes.BINARY
        elif call.answer is None:
            found[204] = None
        elif call.ordering:
            found[call.status] = inline_serializer(
                f"{call.answer.__name__}Page",
                {"results": call.answer(many=True), **PageAnswer().fields},
            )
        else:
            found[call.status] = call.answer
        found |= call.instead
        for status, names in sorted(codes.items()):
            found[status, MEDIA_TYPE] = OpenApiResponse(ProblemAnswer, description=", ".join(sorted(names)))
        return found

    def _codes(self) -> set[str]:
        call = self.call
        codes = {Invalid.code, "busy", "rate_limited", *SIGNED, *(problem.code for problem in call.problems)}
        if call.needs.kind != "anyone":
            codes |= {"not_authenticated", "invalid_token"}
        if "service" in call.needs.kind:
            codes.add("permission_denied")
        if call.needs.kind == "family":
            codes |= {"permission_denied", "step_up_required", NotFound.code}
        if call.fresh:
            codes.add("step_up_required")
        if self.method in WRITES and not call.secret:
            codes |= {"idempotency_in_progress", "idempotency_key_reused"}
        return codes
