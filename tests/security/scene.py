"""An attacker in a house of their own: every routed operation, a body that it would take, what it leaves behind."""

import hashlib
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from rest_framework import serializers

from accounts import mailed, services
from accounts.binding import Chat
from accounts.models import CodePurpose, LoginSession, TelegramIdentity
from accounts.serializers import StepUpWrite
from accounts.tokens import pair
from accounts.views import TelegramViewSet
from audit.models import AccessLog
from audit.trail import Actor
from families.models import Invitation, Membership
from families.services import create_invitation
from financebot.api.problems import MEDIA_TYPE, PROBLEMS
from financebot.api.serializers import AmountField
from financebot.api.views import ApiView, Call
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.models import Category, Transaction, Wallet
from ledger.serializers import transactions as entries
from ledger.services import create_category
from tests.accounts.app import protect
from tests.accounts.chats import new_bot, new_chat
from tests.conftest import House, join, person
from tests.factories import PASSWORD
from tests.ledger.helpers import wallet_of
from tests.permission_table_of_telegram import newcomer

Path = tuple[str | int, ...]
OURS = {"accounts", "api", "audit", "delivery", "families", "ledger"}
NOTED = "last_used_at"  # of a session: once a minute, by reads too
HERE = "what stands here"
MAILED = {
    "reset": CodePurpose.PASSWORD_RESET,
    "verify": CodePurpose.EMAIL_VERIFICATION,
    "not_me": CodePurpose.NOT_ME,
}
REMEMBERED = {"invalid_credentials", "wrong_password"}  # refusals that leave an event on purpose
PROVEN = "/api/v1/auth/"  # and below here a code that is refused, which is counted


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
        join(house.owner, "owner")  # so that nothing is refused to who would be the last one
        self.entry = house.spend("10.00").transaction
        self.draft = house.spend("10.00", later=True).transaction
        self.waiting = house.spend("600.00", by="member").transaction
        self.wallet = wallet_of(house.owner, holder_id=house.owner.membership.pk)
        self.dollars = wallet_of(house.owner, name="Dollars", currency="USD")
        with unit_of_work():
            self.category = create_category(actor=house.owner.actor, fields={"name": "Cats", "kind": "expense"})
        with unit_of_work():
            self.invited = create_invitation(actor=house.owner.actor, role="member", email=None)
        self.mailed = {action: mailed.make(purpose, self.owner.user) for action, purpose in MAILED.items()}
        self.other_session = person().session
        self.client = Client(raise_request_exception=False)
        self.bearer = f"Bearer {pair(house.owner.session).access_token}"
        self.service = f"Bearer {new_bot().token}"
        self.of_chats = of_chats(house)
        app = protect(house.owner.user)
        self.known = {
            "email": "new@example.org",
            "password": PASSWORD,
            "current_password": PASSWORD,
            "new_password": "another horse battery",
            "refresh_token": pair(house.owner.session).refresh_token,
            "token": self.invited.token,
            "phone": "+4915123456789",
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
            "to_wallet_id": self.wallet.pk,
            "category_id": house.categories["expense"].pk,
            "parent_id": house.categories["expense"].pk,
            "into": house.categories["expense"].pk,
            "overdraft_limit": "500.00",
            "confirmation_token": None,
            "code": app.code(),
            "backup_code": app.backup_codes[0],
            "challenge": app.challenge(),
        }

    def ids(self, operation: Operation) -> dict[str, object]:
        return {"family_pk": self.house.family.pk, "pk": self.target(operation)}

    def target(self, operation: Operation) -> int:
        """A row of the house's own that the operation may be about."""
        model = getattr(operation.view, "model", LoginSession)
        if model is Transaction:
            waits = operation.action in {"confirm", "reject"}
            unsubmitted = operation.action in {"submit", "cancel"}
            return (self.waiting if waits else self.draft if unsubmitted else self.entry).pk
        if model is Membership:
            return self.house.people["suspended" if operation.action == "resume" else "member"].membership.pk
        return {
            LoginSession: self.other_session,
            Invitation: self.invited.invitation,
            Wallet: self.wallet,
            Category: self.category,
        }[model].pk

    def bodies(self, operation: Operation) -> list[dict[str, Any]]:
        """Bodies that would be taken; together they have every field that the operation knows."""
        shape, family = operation.call.body, {"family_id": self.house.family.pk}
        if shape is StepUpWrite:
            return [{name: self.known[name]} for name in ("password", "code")]
        if shape is None:
            return []
        if shape is entries.TransactionWrite:
            return [{**family, **row} for row in self._rows()]
        if shape is entries.BulkWrite:
            return [{**family, "transactions": [row]} for row in self._rows()]
        if shape is entries.TransactionEdit:
            known = shape().fields.keys()
            return [
                {name: row[name] for name in row if name in known} for row in self._rows() if "refund_of" not in row
            ]
        found = {name: self._sensible(name, field) for name, field in shape().fields.items()}
        if "token" in found and operation.action in self.mailed:
            found["token"] = self.mailed[operation.action]
        if operation.view is TelegramViewSet:
            found |= self.of_chats[operation.action]
        return [found]

    def body_with(self, operation: Operation, path: Path) -> dict[str, Any]:
        return next(body for body in self.bodies(operation) if has(body, path))

    def _rows(self) -> list[dict[str, Any]]:
        """One of each movement."""
        known = self.known
        cash, adult = known["from_wallet_id"], known["membership_id"]
        half = {"category_id": known["category_id"], "amount": "2.50", "note": "words"}
        words = {"description": "words", "notes": "words", "payee": "words", "tags": ["words"]}
        kept = {"source_ref": "words", "draft": False, "occurred_on": known["occurred_on"], **words}
        parts = {"splits": [half, half], "for_members": [{"membership_id": adult, "share": "1"}]}
        income = {"from_wallet_id": None, "to_wallet_id": self.dollars.pk, "rate": "0.92"}
        exchange = {"from_wallet_id": cash, "to_wallet_id": self.dollars.pk, "to_amount": "6.00"}
        transfer = {name: known[name] for name in ("from_wallet_id", "to_wallet_id", "category_id")}
        refund = {"to_wallet_id": cash, "refund_of": self.entry.pk}
        return [
            {"amount": "5.00", **row}
            for row in (
                {"from_wallet_id": cash, **parts, **kept},
                {"from_wallet_id": cash, "category_id": known["category_id"]},
                {**income, "category_id": self.house.categories["income"].pk},
                transfer,
                exchange,
                refund,
            )
        ]

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
        return "5.00" if isinstance(field, AmountField) else "words"

    def send(self, operation: Operation, raw: bytes | str | None = None, *, path: str = "", **headers: str) -> Any:
        if not operation.is_open:
            by_bot = "service" in operation.call.needs.kind
            headers = {"HTTP_AUTHORIZATION": self.service if by_bot else self.bearer, **headers}
        self.client.cookies.clear()
        data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        return self.client.generic(
            operation.method,
            path or operation.path(self.ids(operation)),
            json.dumps(next(iter(self.bodies(operation)), {})).encode() if data is None else data,
            **{"content_type": "application/json", **headers},
        )

    def attempt(self, operation: Operation, raw: bytes | str | None = None, **more: str) -> tuple[Any, str]:
        """Send; whatever was taken is rolled back, whatever was refused is left for `contents` to find."""
        mark = transaction.savepoint()
        answer = self.send(operation, raw, **more)
        if 400 <= answer.status_code < 500 and not is_remembered(operation, answer):
            transaction.savepoint_commit(mark)
        else:
            transaction.set_rollback(False)
            transaction.savepoint_rollback(mark)
        return answer, faults_of(answer)


def of_chats(house: House) -> dict[str, dict[str, Any]]:
    """By action: a chat, and what else it takes. The adult has one, the owner none."""
    asking, theirs, fresh = new_chat(), new_chat(), new_chat()
    actor = Actor(bound_to="telegram_bot")
    with unit_of_work():
        begun = services.begin_in_chat(actor=actor, chat=Chat(asking), in_link=True)
    with unit_of_work():
        code = services.begin_by_person(actor=house.owner.actor).code
    TelegramIdentity.objects.create(user=house.adult.user, chat_id=theirs)
    return {
        "start": {"chat_id": fresh},
        "confirm": {"chat_id": asking, "code": begun.code, "match": begun.match},
        "link": {"chat_id": fresh, "code": code},
        "store_token": {"chat_id": theirs, "jwt_token": pair(house.adult.session).access_token},
        "register": {"chat_id": fresh},
        "account": {"chat_id": newcomer()},
        **{action: {"chat_id": theirs} for action in ("authenticate", "get_token", "refresh_token", "unlink")},
    }


def is_remembered(operation: Operation, answer: Any) -> bool:
    """Whether a refusal leaves something on purpose: the try is counted, be it taken back or not."""
    if answer.headers["Content-Type"] != MEDIA_TYPE:
        return False
    code = json.loads(answer.content)["code"]
    return code in REMEMBERED or (operation.route.startswith(PROVEN) and code in {"invalid_code", "two_factor_on"})


OPERATIONS = operations()


def fields_of(
    shape: serializers.Serializer[Any], above: Path = ()
) -> Iterator[tuple[Path, serializers.Field[Any, Any, Any, Any]]]:
    """All fields of a body by their path; of the rows in a list those of the first one."""
    for name, field in shape.fields.items():
        yield (*above, name), field
        row = entries.NewEntry() if isinstance(shape, entries.BulkWrite) else getattr(field, "child", None)
        if isinstance(field, serializers.ListField) and isinstance(row, serializers.Serializer):
            yield from fields_of(row, (*above, name, 0))


def has(body: Any, path: Path) -> bool:
    try:
        for step in path:
            body = body[step]
    except LookupError:
        return False
    return True


def with_text(body: dict[str, Any], path: Path, text: str) -> str:
    """The body as JSON, with this text at that place."""
    found = at = deepcopy(body)
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = HERE
    return json.dumps(found).replace(json.dumps(HERE), text)


def named(text: str) -> Operation:
    """The one that is written so: `PATCH /wallets/<id:pk>`."""
    method, route = text.split()
    [found] = [op for op in OPERATIONS if (op.method, op.route) == (method, f"/api/v1{route}")]
    return found
