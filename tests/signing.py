"""A client that signs: by the words of docs/signatures.md, and by nothing of the project's own."""

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any

from django.test import Client

from accounts.models import ApiClient
from accounts.services import create_client
from audit.trail import Actor
from financebot.common.usecase import unit_of_work

API = "/api/v1"


@dataclass(frozen=True)
class Signer:
    client_id: str
    secret: str

    def sign(self, method: str, path: str, body: Any = None, **more: Any) -> "Signed":
        """A request with a nonce of its own, of this second; `nonce=None` for none, `at` for another time."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        nonce = more.pop("nonce", secrets.token_urlsafe(16))
        timestamp = str(more.pop("at", int(time.time())))
        base = f"{method}:{API}{path}:{timestamp}:{hashlib.sha256(raw).hexdigest()}"
        base += f":{nonce}" if nonce else ""
        signature = hmac.new(self.secret.encode(), base.encode(), hashlib.sha256).hexdigest()
        given = {"X-Client-Id": self.client_id, "X-Timestamp": timestamp, "X-Signature": signature}
        if nonce:
            given["X-Nonce"] = nonce
        return Signed(method, f"{API}{path}", raw, given, **more)


@dataclass(frozen=True)
class Signed:
    """A request as it is sent. `raw_uri`: whether the server tells how the address was written, as gunicorn does."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    token: str = ""
    raw_uri: bool = True

    def but(self, **changes: Any) -> "Signed":
        return replace(self, **changes)

    def with_header(self, name: str, value: str | None) -> "Signed":
        found = {**self.headers, name: value}
        return replace(self, headers={key: text for key, text in found.items() if text is not None})

    def send(self) -> Any:
        given = dict(self.headers)
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        told = {"RAW_URI": self.path} if self.raw_uri else {}
        client = Client(raise_request_exception=False)
        return client.generic(self.method, self.path, self.body, content_type="application/json", headers=given, **told)


def new_client(name: str = "") -> Signer:
    with unit_of_work():
        made = create_client(actor=Actor(channel="command"), client_id=name or f"client-{secrets.token_hex(6)}")
    assert ApiClient.objects.filter(client_id=made.client_id).exists()
    return Signer(made.client_id, made.secret)


def code_of(answer: Any) -> str:
    return answer.json()["code"] if answer.status_code >= 400 else ""
