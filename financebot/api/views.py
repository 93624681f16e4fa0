"""The base of every view: one table, `calls`, says what each action needs, takes and answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.fields import empty
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from financebot.api import idempotency, limits, trace
from financebot.api.pagination import PAGE_SIZE, PAGE_SIZE_MAX, Listed, paginate
from financebot.api.problems import MEDIA_TYPE
from financebot.api.renderers import WireRenderer
from financebot.api.serializers import StrictSerializer, WholeField
from financebot.common.errors import DomainError, Invalid
from financebot.common.usecase import Refused, unit_of_work

ENTITY_TAG = re.compile(r'"v([1-9][0-9]{0,8})"', re.ASCII)
FAMILY_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Needs:
    """Who may call: `anyone`, a `person` (`person_t`: also by a token that speaks for a Telegram chat), a `service`,
    either of these (`person_t_or_service`), or whoever holds any of the permissions in the family concerned; a person
    with a permission holds it in each of their families."""

    kind: str
    permissions: tuple[str, ...] = ()


ANYONE, PERSON, PERSON_T, SERVICE = Needs("anyone"), Needs("person"), Needs("person_t"), Needs("service")
PERSON_T_OR_SERVICE = Needs("person_t_or_service")


def any_of(*permissions: str) -> Needs:
    """Whoever holds one of these; the first is the one that a refusal names."""
    return Needs("family", permissions)


class Query(StrictSerializer):
    """The parameters of a call that has none of its own."""


def in_address(shape: type[StrictSerializer]) -> type[StrictSerializer]:
    """The fields of a body as parameters, none of them needed: for a call that takes them in either place."""

    def get_fields(self: StrictSerializer) -> Any:
        fields = shape.get_fields(self)
        for each in fields.values():
            each.required, each.default = False, empty
        return fields

    return type(shape.__name__.replace("Write", "Query"), (shape,), {"get_fields": get_fields})


class PageQuery(Query):
    """The parameters that every paged list takes."""

    page_size = WholeField(min_value=1, max_value=PAGE_SIZE_MAX, default=PAGE_SIZE)
    cursor = serializers.CharField(required=False, max_length=500)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A row of a view's table.

    `instead`: what is answered to an outcome that comes as `Instead`, by status. `fresh`: a call of a person's own that
    wants a fresh proof of who they are. `secret`: the answer is never stored for replay. `ordering`: a paged list's
    default. `media`: the type of the answer where that is a file. `limit`: how often one caller may call this, such as
    5/h, where it is not counted among all that they write.
    """

    needs: Needs
    body: type[StrictSerializer] | None = None
    query: type[StrictSerializer] = Query
    answer: type[serializers.Serializer[Any]] | None = None
    status: int = 200
    instead: Mapping[int, type[serializers.Serializer[Any]]] = field(default_factory=dict)
    fresh: bool = False
    ordering: str = ""
    media: str = ""
    secret: bool = False
    limit: str = ""
    problems: tuple[type[DomainError], ...] = ()


@dataclass(frozen=True, slots=True)
class Instead:
    """An outcome that has a status and a shape of its own in the table: a step on the way, where others arrive."""

    status: int
    outcome: Any


class ApiView(GenericViewSet[Any]):
    calls: ClassVar[Mapping[str, Call]] = {}
    queryset = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def call(self) -> Call:
        """The row of the action under way; an action without one is a programmer's error, and is refused."""
        return self.calls[str(self.action)]

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        _ = request.body  # kept whole, for the idempotency fingerprint as well as for the parser
        found = super().initialize_request(request, *args, **kwargs)
        row = self.calls.get(str(self.action))
        if row and row.needs is ANYONE:  # a dead token must not stand in the way of a log-in
            found.authenticators = ()
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        now = trace.current.get()
        if now and request.resolver_match:
            now.route = request.resolver_match.route
        if self.action not in self.calls:
            raise MethodNotAllowed(str(request.method))
        super().initial(request, *args, **kwargs)
        self.query = self._read(self.call.query, request.query_params)

    def get_renderers(self) -> list[Any]:
        """Pages are for who came with the cookie of a session: nobody else gets HTML, whatever they accept."""
        by_cookie = settings.SESSION_COOKIE_NAME in self.request.COOKIES and any(self.request.session.keys())
        return [renderer() for renderer in (self.renderer_classes if by_cookie else [WireRenderer])]

    def perform_authentication(self, request: Request) -> None:
        """Who calls, by token or cookie, then by signature. Who cannot show who they are asks as anybody does, and is
        counted before they are told so."""
        try:
            super().perform_authentication(request)
            import_string(settings.SIGNATURE_CHECK)(request)
        except (DomainError, APIException):
            request.user = request.auth = None  # type: ignore[assignment]
            super().check_throttles(request)
            raise
        super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Done by then."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        found = super().finalize_response(request, response, *args, **kwargs)
        limits.tell(request._request, found)  # noqa: SLF001 - where the throttle noted it
        if getattr(found, "exception", False) and isinstance(found.accepted_renderer, WireRenderer):
            found.content_type = MEDIA_TYPE  # a page that shows a problem is still a page
        return found

    def get_view_description(self, html: bool = False) -> str:  # noqa: FBT001, FBT002 - DRF's signature
        return ""

    def body(self, request: Request) -> Any:
        """The request's body in the shape that the table names; Invalid with `errors` otherwise."""
        if self.call.body is None:
            raise TypeError(f"{self.action} takes no body")
        return self._read(self.call.body, request.data)

    def _read(self, shape: type[StrictSerializer], data: Any) -> Any:
        serializer = shape(data=data, context={"request": self.request})
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @property
    def _caller(self) -> str:
        user = self.request.user
        return f"user:{user.pk}" if user else f"service:{getattr(self.request.auth, 'bound_to', '')}"

    def answered_before(self) -> bool:
        """Whether this very request, by its key, was answered without a body: what it was about may be gone since."""
        key = None if self.call.secret else idempotency.key_of(self.request)
        if not key:
            return False
        fingerprint = idempotency.fingerprint_of(self.request)
        return idempotency.was_emptied(caller=self._caller, key=key, fingerprint=fingerprint)

    def once(self, work: Callable[[], Any]) -> Response:
        """Open the unit of work, run one use case in it, answer; with an Idempotency-Key: once, for ever alike."""
        if self.call.body is None:
            self._read(Query, self.request.data)  # takes nothing, so refuses everything
        key = None if self.call.secret else idempotency.key_of(self.request)
        claimed: idempotency.Claim | idempotency.Stored | None = None
        with unit_of_work():
            if key:
                claimed = idempotency.claim(
                    caller=self._caller,
                    key=key,
                    fingerprint=idempotency.fingerprint_of(self.request),
                )
            if isinstance(claimed, idempotency.Stored):
                return self._leave(claimed, replay=True)
            outcome = work()
            if not isinstance(outcome, Refused):
                answer = self._stored(outcome)
            if claimed and isinstance(outcome, Refused):
                claimed.give_up()
            elif claimed:
                claimed.store(answer)
        if isinstance(outcome, Refused):
            raise outcome.problem
        return self._leave(answer)

    def show(self, found: Any) -> Response:
        """The answer to a read of one thing."""
        return self._leave(self._stored(found))

    def page(self, listed: Listed, *, ordering: str = "") -> Response:
        """One page of a list, in the order asked for or the table's."""
        page = paginate(
            listed,
            self.request,
            ordering=ordering or self.call.ordering,
            size=self.query["page_size"],
            cursor=self.query.get("cursor"),
        )
        rows = self._shape(self.present(page.results), many=True)
        return Response({"results": rows, "next": page.next, "previous": page.previous})

    def present(self, rows: Sequence[Any]) -> Sequence[Any]:
        """What a list makes of its rows before they are shaped: a place for masking."""
        return rows

    def expected_version(self) -> int | None:
        """The version that If-Match names; -1, which no object has, when it names none of ours."""
        given = self.request.headers.get("If-Match")
        if given is None or given.strip() == "*":
            return None
        found = ENTITY_TAG.fullmatch(given.strip())
        return int(found[1]) if found else -1

    def _shape(self, found: Any, *, many: bool = False) -> Any:
        return self._shaped(self.call.answer, found, many=many) if self.call.answer else None

    def _shaped(self, shape: type[serializers.Serializer[Any]], found: Any, *, many: bool = False) -> Any:
        return shape(found, many=many, context={"request": self.request, "view": self}).data

    def _stored(self, outcome: Any) -> idempotency.Stored:
        if isinstance(outcome, Instead):
            shaped = self._shaped(self.call.instead[outcome.status], outcome.outcome)
            return idempotency.Stored(outcome.status, WireRenderer().render(shaped), "")
        data = self._shape(outcome)
        if data is None:
            return idempotency.Stored(204, b"", "")
        etag = f'"v{data["version"]}"' if "version" in data else ""
        return idempotency.Stored(self.call.status, WireRenderer().render(data), etag)

    def _leave(self, answer: idempotency.Stored, *, replay: bool = False) -> Response:
        response = Response(answer.body or None, status=answer.status)
        if answer.etag:
            response["ETag"] = answer.etag
        if replay:
            response["Idempotent-Replay"] = "true"
        return response


def family_id_of(request: Request) -> int | None:
    """The `family_id` of a list's parameters or a create's body, before the rest of it is read."""
    source = request.query_params if request.method in {"GET", "HEAD"} else request.data
    given = source.get("family_id") if isinstance(source, Mapping) or hasattr(source, "get") else None
    if given is None:
        return None
    text = "" if isinstance(given, bool) else str(given)
    if not FAMILY_ID.fullmatch(text):
        raise Invalid({"family_id": [_("A family's id is a whole number.")]})
    return int(text)
