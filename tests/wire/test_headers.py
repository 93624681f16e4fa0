"""What stands around an answer: caching, framing, origins, true addresses, sizes."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts.models import LoginSession
from financebot.api import trace
from financebot.middleware.trace import TraceMiddleware
from tests.conftest import person
from tests.factories import PASSWORD
from tests.http import API, Http
from tests.wire.tools import problem, raw

pytestmark = pytest.mark.django_db

ORIGIN = "https://app.example.org"


def answers(house):
    http = house.owner.http
    yield 200, http.get("/wallets")
    yield 201, http.post("/wallets", name="Two", type="cash")
    yield 204, http.delete(f"/auth/sessions/{house.owner.session.pk}")
    yield 400, Http().post("/auth/login")
    yield 401, Http().get("/wallets")
    yield 404, Http().client.get(f"{API}/nowhere")
    yield 405, Http().client.put(f"{API}/auth/login")
    yield 413, raw(Http(), "POST", "/auth/login", b"x" * 1_000_001)


def test_no_answer_is_kept_guessed_at_or_framed(house):
    for status, answer in answers(house):
        assert answer.status_code == status
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store", status
        assert headers["X-Content-Type-Options"] == "nosniff", status
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], status
        assert headers["Referrer-Policy"] == "same-origin", status
        assert "camera=()" in headers["Permissions-Policy"], status
        assert headers["X-Request-Id"], status
        assert "Set-Cookie" not in headers
        assert not answer.cookies, status


@pytest.mark.parametrize("path", ["/login", "/docs", "/redoc", "/docs/problems"])
def test_a_page_is_not_framed_or_guessed_at(path):
    headers = Client().get(path).headers
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "object-src 'none'" in headers["Content-Security-Policy"]
    assert "base-uri 'none'" in headers["Content-Security-Policy"]


@pytest.fixture
def listed(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(origin, headers="authorization,content-type,idempotency-key,if-match"):
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
    }
    return Client().options(f"{API}/transactions", headers=asked)


def test_a_listed_origin_may_call(listed):
    answer = preflight(ORIGIN)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "if-match", "x-request-id"} <= allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_listed_origin_may_read_our_headers(listed):
    answer = Http().get("/users/me", Origin=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"etag", "idempotent-replay", "retry-after", "x-request-id"} <= exposed


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.org",
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "https://app.example.org:444",
        "null",
        "*",
    ],
)
def test_an_origin_that_is_not_listed_may_not(listed, origin):
    for answer in (preflight(origin), Http().get("/users/me", Origin=origin)):
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_a_list_no_origin_may():
    assert "Access-Control-Allow-Origin" not in preflight("http://testserver").headers


def address_of_log_in(**headers):
    ann = person()
    answer = Http().post("/auth/login", headers=headers, email=ann.user.email, password=PASSWORD)
    assert answer.status_code == 200
    return LoginSession.objects.latest("pk").address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "127.0.0.1"),
        (0, "203.0.113.9", "127.0.0.1"),
        (1, None, "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "127.0.0.1,10.0.0.1 ,  2001:db8::7", "2001:db8::7"),
        (2, "203.0.113.9", "127.0.0.1"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "1" * 300, "127.0.0.1"),
        (1, "203.0.113.9<script>", "127.0.0.1"),
    ],
)
def test_an_address_is_believed_from_trusted_proxies_alone(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert address_of_log_in(**headers) == address


@pytest.mark.parametrize("header", ["X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"])
def test_no_other_header_tells_an_address(settings, header):
    settings.TRUSTED_PROXY_COUNT = 1
    assert address_of_log_in(**{header: "203.0.113.9"}) == "127.0.0.1"


@pytest.mark.parametrize("size", [1_000_001, 1_500_000, 3_000_000])
def test_a_body_over_a_megabyte_is_refused(size):
    problem(raw(Http(), "POST", "/auth/login", b" " * size), 413, "body_too_large")


def test_a_body_of_a_megabyte_is_read():
    body = b'{"email": "a@example.org", "password": "x"}'
    problem(raw(Http(), "POST", "/auth/login", body.rjust(1_000_000)), 401, "invalid_credentials")


@pytest.mark.parametrize("digits", [7, 30, 5000])  # beyond 4300 Python reads no number
def test_a_body_is_refused_by_what_it_says_of_itself_before_a_byte_is_read(digits):
    class Unread:
        def read(self, *_):
            raise AssertionError("it was read")

        readline = read

    answer = Client().generic(
        "POST",
        f"{API}/auth/login",
        content_type="application/json",
        **{"wsgi.input": Unread(), "CONTENT_LENGTH": "9" * digits},
    )
    problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, chunked"])
def test_a_body_of_unknown_length_is_refused(coding):
    answer = Client().generic(
        "POST", f"{API}/auth/login", content_type="application/json", headers={"Transfer-Encoding": coding}
    )
    assert list(problem(answer, 400, "invalid")["errors"]) == ["Content-Length"]


def traced(**headers):
    """What is noted of a request."""
    found = []

    def note(request):
        found.append(trace.current.get())
        return HttpResponse()

    TraceMiddleware(note)(RequestFactory().get("/", headers=headers))
    return found[0]


@pytest.mark.parametrize("value", ["", "a b", "<script>", "a;b", "ä" * 8, "a" * 101, "../../etc/passwd"])
def test_what_a_caller_calls_itself_is_noted_only_where_it_is_a_name(value):
    noted = traced(**{"X-Client-Id": value, "X-Device-Id": value, "X-Request-Id": value})
    assert (noted.client, noted.device) == ("", "")
    assert noted.request_id != value


def test_a_name_is_noted():
    device = "d" * 32
    noted = traced(**{"X-Client-Id": "web-1.0", "X-Device-Id": device, "X-Request-Id": "request-1"})
    assert (noted.client, noted.device, noted.request_id) == ("web-1.0", device, "request-1")
