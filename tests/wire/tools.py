"""What the tests of the wire share: raw requests, and the shape that every refusal has."""

from typing import Any

from tests.http import API, Http

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


def raw(http: Http, method: str, path: str, body: bytes | str, media: str = "application/json", **headers: str) -> Any:
    data = body.encode() if isinstance(body, str) else body
    return http.client.generic(method, f"{API}{path}", data=data, content_type=media, headers=headers)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The document of a refusal, which has the form that all have."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) - {"errors"} == PROBLEM
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/docs/problems#{code}")
    assert all(isinstance(body[name], str) and body[name] for name in ("title", "detail", "request_id"))
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}
