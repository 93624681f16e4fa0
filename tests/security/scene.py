"""An attacker in a house of their own: every routed operation, a body that it would take, what it leaves behind."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from rest_framework import serializers

from accounts.models import LoginSession
from accounts.tokens import pair
from audit.models import AccessLog
from families.models import Invitation, Membership
from families.services import create_invitation
from financebot.api.problems import MEDIA_TYPE, PROBLEMS
from financebot.api.views import ApiView, Call
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.conftest import House, person
from tests.factories import PASSWORD

OURS = {"accounts", "api", "audit", "delivery", "families", "ledger"}
NOTED = "last_used_at"  # of a session: once a minute, by reads too
REMEMBERED = {"invalid_credentials", "wrong_password"}  # refusals that leave an event on purpose


@dataclass(frozen=True)
class Operation:
    """A routed action, found by walking the URL patterns: a new one is covered by itself."""

    method: str
    route: str
    action: str
    view: type[ApiView]

    def __str__(self) -> str:
        return f"{self.method} {self.route}"

    @property
    def call(self) -> Call:
        return self.view.calls[self.action]

    @property
    def is_open(self) -> bool:
        return self.call.needs.kind == "anyone"

    def path(self, ids: dict[str, object]) -> str:
        return re.sub(r"<id:(\w+)>", lambda found: str(ids[found[1]]), self.route)


def operations() -> list[Operation]:
    def walk(patterns: list[Any], prefix: str) -> Iterator[Operation]:
        for pattern in patterns:
            route = f"{prefix}{pattern.pattern}"
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif issubclass(getattr(pattern.callback, "cls", object), ApiView):
                for method, action in pattern.callback.actions.items():
                    if method != "head":
                        yield Operation(method.upper(), route, action, pattern.callback.cls)

    return list(walk(get_resolver().url_patterns, "/"))


def contents() -> dict[str, str]:
    """A digest of all rows of each of our tables; the access log, which notes every request, apart."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in OURS and model is not AccessLog:
                columns = ", ".join(f.column for f in model._meta.concrete_fields if f.name != NOTED)
                cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} ORDER BY 1")
                rows = [[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]
                found[model._meta.db_table] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def faults_of(answer: Any) -> str:
    """What is wrong with an answer that may be a refusal; empty where nothing is."""
    status, sent = answer.status_code, answer.headers
    if status < 400:
        return ""
    if status >= 500 or sent["Content-Type"] != MEDIA_TYPE:
        return f"{status} as {sent['Content-Type']}"
    found = json.loads(answer.content)
    if found["code"] not in PROBLEMS or PROBLEMS[found["code"]].status != status:
        return f"{status} with the code {found['code']}"
    agrees = (found["status"], found["request_id"]) == (status, sent["X-Request-Id"])
    return "" if agrees else "a document that contradicts its headers"


class Scene:
    """A house with something of everything, and an attacker who is its owner: nothing is refused for lack of rights."""

    def __init__(self, house: House) -> None:
        self.house, self.owner = house, house.owner
        self.entry = house.spend("10.00").transaction
        with unit_of_work():
            self.invited = create_invitation(actor=house.owner.actor, role="member", email=None)
        self.other_session = person().session
        self.client = Client(raise_request_exception=False)
        self.bearer = f"Bearer {pair(house.owner.session).access_token}"
        self.known = {
            "email": "new@example.org",
            "password": PASSWORD,
            "current_password": PASSWORD,
            "new_password": "another horse battery",
            "refresh_token": pair(house.owner.session).refresh_token,
            "token": self.invited.token,
            "timezone": "Europe/Berlin",
            "base_currency": "EUR",
            "quote_currency": "USD",
            "rate": "1.0825",
            "date": clock.now().date().isoformat(),
            "currency": "EUR",
            "role": "member",
            "kind": "expense",
            "colour": "#a0b1c2",
            "occurred_on": clock.now().date().isoformat(),
            "through": "2025-12-31",
            "family_id": house.family.pk,
            "membership_id": house.adult.membership.pk,
            "holder_id": house.adult.membership.pk,
            "from_wallet_id": house.wallets["cash"].pk,
            "to_wallet_id": house.wallets["anns"].pk,
            "category_id": house.categories["expense"].pk,
            "parent_id": house.categories["expense"].pk,
            "into": house.categories["expense"].pk,
            "overdraft_limit": "500.00",
        }

    def ids(self, operation: Operation) -> dict[str, object]:
        return {"family_pk": self.house.family.pk, "pk": self.target(getattr(operation.view, "model", LoginSession))}

    def target(self, model: Any) -> int:
        if model is LoginSession:
            return self.other_session.pk
        if model is Membership:
            return self.house.member.membership.pk
        if model is Invitation:
            return self.invited.invitation.pk
        return model._base_manager.filter(family=self.house.family).order_by("pk").first().pk

    def body(self, operation: Operation) -> dict[str, Any]:
        """A body that would be taken, with every field that the operation knows."""
        shape = operation.call.body
        return {name: self._sensible(name, field) for name, field in shape().fields.items()} if shape else {}

    def _sensible(self, name: str, field: Any) -> Any:
        if name in self.known:
            return self.known[name]
        if isinstance(field, serializers.ChoiceField):
            return next(iter(field.choices))
        if isinstance(field, serializers.BooleanField):
            return False
        if isinstance(field, serializers.IntegerField):
            return field.min_value or 1
        if isinstance(field, serializers.ListField):
            return []
        return "5.00" if "amount" in name or "limit" in name or "threshold" in name else "words"

    def send(self, operation: Operation, raw: bytes | str | None = None, *, path: str = "", **headers: str) -> Any:
        if not operation.is_open:
            headers = {"HTTP_AUTHORIZATION": self.bearer, **headers}
        self.client.cookies.clear()
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        return self.client.generic(
            operation.method,
            path or operation.path(self.ids(operation)),
            json.dumps(self.body(operation)).encode() if data is None else data,
            **{"content_type": "application/json", **headers},
        )

    def attempt(self, operation: Operation, raw: bytes | str | None = None, **more: str) -> tuple[Any, str]:
        """Send; whatever was taken is rolled back, whatever was refused is left for `contents` to find."""
        mark = transaction.savepoint()
        answer = self.send(operation, raw, **more)
        refused = 400 <= answer.status_code < 500 and not (
            answer.headers["Content-Type"] == MEDIA_TYPE and json.loads(answer.content)["code"] in REMEMBERED
        )
        if refused:
            transaction.savepoint_commit(mark)
        else:
            transaction.set_rollback(False)
            transaction.savepoint_rollback(mark)
        return answer, faults_of(answer)


OPERATIONS = operations()


def named(text: str) -> Operation:
    """The one that is written so: `PATCH /wallets/<id:pk>`."""
    method, route = text.split()
    [found] = [op for op in OPERATIONS if (op.method, op.route) == (method, f"/api/v1{route}")]
    return found
