"""Hostile headers and methods: ignored or refused by a problem document, and nothing written."""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from django.core.signals import request_started
from django.test import RequestFactory

from financebot.wsgi import application
from tests.security.scene import OPERATIONS, Operation, Scene, contents, named

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SAMPLE = [
    named("GET /events"),
    named("POST /wallets"),
    named("PATCH /wallets/<id:pk>"),
    named("POST /auth/login"),
]


def latin(text: str) -> str:
    """Bytes of UTF-8 as a WSGI server hands them over."""
    return text.encode().decode("latin-1")


def token_of(header: str) -> str:
    return f"Bearer {urlsafe_b64encode(header.encode()).decode().rstrip('=')}.e30.e30"


GARBAGE = [
    "",
    " ",
    "\x01\x7f",
    "\xff\xfe",
    latin("\u0663\ufb03"),
    "%00%n%s",
    "' OR 1=1 --",
    "a" * 8000,
    ",",
    ";;=,;q=x",
    "null",
]
FLOATING = ["-1", "1e3", "abc", "0x10", "9" * 30, str(2**63), latin("\u0663")]
HEADERS = {
    "HTTP_IDEMPOTENCY_KEY": [*GARBAGE, "a" * 256, "a b", "\t"],
    "HTTP_IF_MATCH": [*GARBAGE, "*", '"v1"', 'W/"v1"', '"v99999999999999999999"', '"v-1"', '"v1", "v2"'],
    "HTTP_X_REQUEST_ID": GARBAGE,
    "HTTP_X_CLIENT_ID": GARBAGE,
    "HTTP_X_FORWARDED_FOR": [*GARBAGE, "1.2.3.4, " * 500, "::ffff:1.2.3.4%eth0"],
    "HTTP_USER_AGENT": GARBAGE,
    "HTTP_COOKIE": [*GARBAGE, "session=", "session=" + "a" * 40, "csrf=x; session=../../etc"],
    "HTTP_ACCEPT": [*GARBAGE, "text/html", "application/problem+json", "*/*;q=0", "application/json; a*=foo''%41"],
    "HTTP_ACCEPT_LANGUAGE": [*GARBAGE, "de-" * 1000, "*", "../../de"],
    "HTTP_ACCEPT_ENCODING": GARBAGE,
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE", *GARBAGE],
    "HTTP_RANGE": ["bytes=0-0", "bytes=9-1"],
    "HTTP_ORIGIN": ["null", "https://evil.example", "\xff"],
    "HTTP_HOST": ["evil<>", "evil.example", "testserver:99999", "\xff"],
    "content_type": [*GARBAGE, "text/plain", "application/json; charset=foo", "multipart/form-data", "application/xml"],
    "CONTENT_LENGTH": FLOATING,
    "HTTP_AUTHORIZATION": [
        *GARBAGE, "Bearer", "Bearer a b", "Bearer ..", "Bearer a.b.c", "Basic eDp5", "bearer x", f"Bearer {'a' * 8000}",
        token_of('{"alg": "none", "typ": "JWT"}'), token_of('{"alg": ["HS256"]}'),
        token_of('{"alg": "HS256", "kid": 1}'),
        token_of("[" * 3000), token_of("[" * 900 + "]" * 900), token_of('{"alg": "HS256", "crit": ["x"]}'),
    ],
}  # fmt: skip


@pytest.mark.parametrize("operation", SAMPLE, ids=str)
@pytest.mark.parametrize("header", HEADERS)
def test_a_hostile_header_is_ignored_or_refused_cleanly(header: str, operation: Operation, scene: Scene):
    before, faults = contents(), []
    for value in HEADERS[header]:
        answer, fault = scene.attempt(operation, **{header: value})
        if fault or not re.fullmatch(r"[A-Za-z0-9._-]{8,100}", answer.headers["X-Request-Id"]):
            faults.append(f"{value[:50]!r}: {fault or answer.headers['X-Request-Id']}")
    assert faults == []
    assert contents() == before


@pytest.mark.parametrize(
    "value", ['"v2"', "v1", '"1"', "1", '"v1', 'W/"v1"', latin('"v\u0661"'), '"v01"', "", "\xff", '"v1", "v2"']
)
def test_an_if_match_that_is_not_the_very_version_changes_nothing(value: str, scene: Scene):
    edit = named("PATCH /wallets/<id:pk>")
    answer, fault = scene.attempt(edit, HTTP_IF_MATCH=value)
    assert (fault, answer.status_code) == ("", 412), answer.content


@pytest.mark.parametrize("content_type", ["application/json; a*=foo''%41", "text/plain; x*=\"utf-99'en'%41\""])
def test_a_content_type_in_an_unknown_charset_is_refused_by_the_server_itself(
    content_type: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    answered: list[str] = []
    monkeypatch.setattr(request_started, "receivers", [])  # one of them would close the test's connection
    environ = RequestFactory().post("/api/v1/auth/login", b"{}", content_type="application/json").environ
    environ["CONTENT_TYPE"] = content_type
    list(application(environ, lambda status, headers: answered.append(status)))
    assert answered[0][:3] in {"400", "415"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_method_that_an_address_does_not_know_is_refused_whoever_asks(operation: Operation, scene: Scene):
    known = {op.method for op in OPERATIONS if op.route == operation.route}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} - known:
        for bearer in (scene.bearer, "Bearer nonsense"):
            asked = replace(operation, method=method)
            answer, fault = scene.attempt(asked, b"", HTTP_AUTHORIZATION=bearer)
            assert (fault, answer.status_code in {401, 405}) == ("", True), (method, answer.status_code)


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.method == "GET"], ids=str)
def test_head_says_what_get_says_without_a_body(operation: Operation, scene: Scene):
    get, head = scene.send(operation, b""), scene.send(replace(operation, method="HEAD"), b"")
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("length", ["1000001", "9999999", str(2**31), str(2**63), "9" * 30])
@pytest.mark.parametrize("operation", SAMPLE, ids=str)
def test_a_body_that_says_it_is_too_long_is_not_read(operation: Operation, length: str, scene: Scene):
    answer, fault = scene.attempt(operation, CONTENT_LENGTH=length)
    assert (fault, answer.status_code, answer.json()["code"]) == ("", 413, "body_too_large")
