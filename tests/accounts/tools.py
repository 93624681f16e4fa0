"""What the tests of accounts share: a log-in over HTTP, the events of a name, tokens read and forged."""

from typing import Any

import jwt
from django.conf import settings

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


def signed(claims: dict[str, Any], *, key: str | None = None, algorithm: str = "HS256", **headers: Any) -> str:
    own = None if algorithm == "none" else settings.JWT_SECRET_KEY
    return jwt.encode(claims, key or own, algorithm=algorithm, headers=headers)


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


def said(answer: Any) -> tuple[int, Any, dict[str, str]]:
    """What an answer tells, but for what is different in every answer: status, body, headers."""
    body = {key: value for key, value in answer.json().items() if key != "request_id"}
    return answer.status_code, body, {k: v for k, v in answer.headers.items() if k != "X-Request-Id"}
