"""What the tests of accounts share: a log-in over HTTP, the events of a name, tokens read and forged."""

import base64
import hmac
import json
from typing import Any

import jwt

from accounts import keys
from audit.models import EventLog
from audit.names import EventName
from tests.factories import PASSWORD
from tests.http import Http

NEW_PASSWORD = "velvet otter canyon"
REFUSED_PASSWORDS = {
    "too short": "k3!xQz0vb",
    "common": "1234567890",
    "common too": "qwertyuiop",
    "one's address": "annemarie.huber",
    "one's name": "annemarie1",
    "one's family name": "huberhuber",
    "too long": "x" * 1025,
    "blank": "",
}
PERSONAL = {"email": "annemarie.huber@example.org", "first_name": "Annemarie", "last_name": "Huberhuber"}


def log_in(email: str, password: str = PASSWORD, **headers: str) -> Any:
    return Http().post("/auth/login", headers=headers, email=email, password=password)


def refresh(token: str) -> Any:
    return Http().post("/auth/refresh", refresh_token=token)


def events(name: EventName) -> list[EventLog]:
    return list(EventLog.objects.filter(name=name).order_by("pk"))


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims: dict[str, Any], *, key: Any = None, algorithm: str = "", **headers: Any) -> str:
    """A token by our present key, or by another; its `kid` is the present one's unless the headers say otherwise."""
    ours = keys.current()
    own = None if algorithm == "none" else ours.signing
    named = {name: value for name, value in {"kid": ours.kid, **headers}.items() if value is not None}
    return jwt.encode(claims, key or own, algorithm=algorithm or ours.algorithm, headers=named)


def compact(header: Any, claims: Any, *, key: str = "") -> str:
    """A token put together by hand, signed by HMAC-SHA256 with our key or another; texts go as they are."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, claims)]
    text = ".".join(_base64(part.encode("utf-8", "surrogatepass")) for part in parts)
    signature = hmac.digest((key or keys.current().signing).encode(), text.encode(), "sha256")
    return f"{text}.{_base64(signature)}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


def said(answer: Any) -> tuple[int, Any, dict[str, str]]:
    """What an answer tells, but for what is different in every answer: status, body, headers."""
    body = {key: value for key, value in answer.json().items() if key != "request_id"}
    return answer.status_code, body, {k: v for k, v in answer.headers.items() if k != "X-Request-Id"}
