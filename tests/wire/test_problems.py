"""Every refusal leaves as `application/problem+json` (RFC 9457), whatever was sent."""

import json

import pytest
from django.db import OperationalError
from django.test import Client

from families.models import Family
from tests.http import API, Http
from tests.wire.tools import problem, raw

pytestmark = pytest.mark.django_db

LOGIN = "/auth/login"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/wallets/",
        "/api/v2/wallets",
        "/api/v1/wallets/x",
        "/%00",
        "/api/v1/wallets/-1",
    ],
)
def test_a_path_that_is_not_there_is_a_problem_too(path):
    problem(Client().get(path), 404, "not_found")


def test_what_is_not_there_looks_alike_by_route_and_by_row(house):
    by_row = house.owner.http.client.get(f"{API}/wallets/987654321")
    by_route = house.owner.http.client.get(f"{API}/wallets/9876543210987654321")
    bodies = [problem(answer, 404, "not_found") | {"request_id": ""} for answer in (by_row, by_route)]
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", "/transactions"),
        ("delete", "/wallets"),
        ("get", LOGIN),
        ("patch", LOGIN),
        ("trace", "/wallets"),
        ("options", "/wallets"),
        ("options", LOGIN),
    ],
)
def test_a_method_that_an_address_does_not_know_is_refused_with_those_it_knows(house, method, path):
    answer = house.owner.http.client.generic(method.upper(), f"{API}{path}")
    problem(answer, 405, "method_not_allowed")
    assert method.upper() not in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize("accept", ["text/xml", "image/png", "text/csv, text/plain;q=0.5", "x", "", "*/*;q=x"])
def test_whatever_is_accepted_the_answer_is_json(house, accept):
    http = house.owner.http
    assert http.get("/wallets", accept=accept).headers["Content-Type"] == "application/json"
    problem(http.get("/wallets/987654321", accept=accept), 404, "not_found")


@pytest.mark.parametrize(
    "media",
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/xml", "x"],
)
def test_a_body_that_is_not_json_is_refused(media):
    problem(raw(Http(), "POST", LOGIN, b"email=a", media), 415, "unsupported_media_type")


MALFORMED = {
    "nothing": b"",
    "cut": b'{"email": "a@example.org", "password": "x"',
    "more after it": b"{} {}",
    "single quotes": b"{'email': 'a'}",
    "a comment": b"{} // nothing",
    "not UTF-8": b'{"email": "\xff"}',
    "UTF-16": '{"email": "a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"email": NaN}',
    "Infinity": b'{"email": -Infinity}',
    "deep": b'{"email": ' + b"[" * 100_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "5000 digits": b'{"email": ' + b"9" * 5000 + b"}",
    "a key twice": b'{"email": "a", "email": "b", "password": "x"}',
    "a key twice inside": b'{"email": {"a": 1, "a": 2}, "password": "x"}',
    "a list": b"[]",
    "a text": b'"email"',
    "null": b"null",
    "a number": b"5",
    "a NUL": b'{"email": "a\\u0000", "password": "x"}',
    "a lone surrogate": b'{"email": "\\ud800", "password": "x"}',
    "a lone surrogate as a key": b'{"\\ud800": 1}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_cannot_be_read_is_refused_with_its_reasons(body):
    assert problem(raw(Http(), "POST", LOGIN, body), 400, "invalid")["errors"]


@pytest.mark.parametrize("value", [b'"\\u0000"', b"[]", b"{}", b"null", b"true"])
@pytest.mark.parametrize("field", ["name", "base_currency", "timezone"])
def test_a_value_of_the_wrong_kind_is_refused_by_its_field(house, field, value):
    fields = {"name": b'"Two"', "base_currency": b'"EUR"', "timezone": b'"UTC"'} | {field: value}
    body = b"{" + b",".join(b'"%s":%s' % (k.encode(), v) for k, v in fields.items()) + b"}"
    before = Family.objects.count()
    answer = raw(house.owner.http, "POST", "/families", body)
    assert list(problem(answer, 400, "invalid")["errors"]) == [field]
    assert Family.objects.count() == before


@pytest.mark.parametrize("field", ["name", "base_currency", "timezone", "\ud800"], ids=ascii)
def test_half_of_a_surrogate_pair_is_refused_wherever_it_stands(house, field):
    body = json.dumps({"name": "Two", "base_currency": "EUR", field: "\ud800"})
    assert problem(raw(house.owner.http, "POST", "/families", body), 400, "invalid")["errors"]


def test_every_wrong_field_is_named_with_sentences():
    body = problem(Http().post("/auth/register", first_name="x" * 101), 400, "invalid")
    assert set(body["errors"]) == {"email", "password", "first_name"}
    assert all(isinstance(text, str) for texts in body["errors"].values() for text in texts)


def test_an_unknown_field_is_named():
    body = problem(Http().post(LOGIN, email="a", password="x", remember=True), 400, "invalid")
    assert list(body["errors"]) == ["remember"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("Ordering=amount", "Ordering"),
        ("type=expense&type=income", "type"),
        ("page_size=5&page_size=5", "page_size"),
        ("format=json", "format"),
        ("ordering=id", "ordering"),
        ("type=", "type"),
        ("wallet=x", "wallet"),
        ("wallet=9223372036854775808", "wallet"),
        ("amount_min=1e5", "amount_min"),
        ("amount_min=" + "9" * 5000, "amount_min"),
        ("date_from=2026-02-30", "date_from"),
        ("date_from=0000-01-01", "date_from"),
        ("date_from=10000-01-01", "date_from"),
    ],
)
def test_a_parameter_that_is_not_taken_is_named(house, query, field):
    body = problem(house.owner.http.get(f"/transactions?{query}"), 400, "invalid")
    assert list(body["errors"]) == [field]


@pytest.mark.parametrize("path", ["/users/me", "/wallets/1", "/auth/sessions", "/families"])
def test_a_call_that_takes_no_parameters_takes_none(house, path):
    path = path.replace("/1", f"/{house.wallets['cash'].pk}")
    assert list(problem(house.owner.http.get(f"{path}?colour=red"), 400, "invalid")["errors"]) == ["colour"]


@pytest.mark.parametrize("token", [None, "dead"])
def test_a_401_says_how_to_log_in(token):
    answer = Http(token).get("/wallets")
    problem(answer, 401, "invalid_token" if token else "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_wrong_log_in_says_so_too():
    answer = Http().post(LOGIN, email="a@example.org", password="x")
    problem(answer, 401, "invalid_credentials")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_right_that_is_lacking_is_named(house):
    answer = house.reader.http.post("/wallets", name="Two", type="cash")
    assert "create_wallet" in problem(answer, 403, "permission_denied")["detail"]


@pytest.fixture
def failing(house, monkeypatch):
    """A call whose use case fails with the error given."""

    def call(error):
        def work(**_):
            raise error

        monkeypatch.setattr("ledger.services.create_wallet", work)
        return house.owner.http.post("/wallets", name="Two", type="cash")

    return call


def test_a_busy_database_asks_to_come_again(failing):
    answer = failing(OperationalError("database is locked"))
    problem(answer, 503, "busy")
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    "error",
    [RuntimeError("secret /path"), KeyError("secret"), RecursionError("secret"), ValueError("secret")],
)
def test_what_nobody_expected_tells_nothing_of_itself(failing, error):
    answer = failing(error)
    problem(answer, 500, "internal_error")
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content


@pytest.mark.parametrize("given", ["12345678", "a.b-c_d.EFGH", "x" * 100, "6fa459ea-ee8a-3ca4-894e-db77e160355e"])
def test_a_sane_request_id_is_kept(given):
    answer = Http().get("/users/me", **{"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"], answer.json()["request_id"]) == (given, given)


@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 101, "with space", "<script>alert", "a\nb-12345678", "ümlaut-1234", "'; DROP--"],
)
def test_a_request_id_that_is_not_sane_is_replaced(given):
    answer = Http().get("/users/me", **{"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] != given
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert len(answer.headers["X-Request-Id"]) >= 16


def test_every_request_has_an_id_of_its_own():
    assert len({Http().get("/users/me").headers["X-Request-Id"] for _ in range(5)}) == 5


@pytest.mark.parametrize("language", ["de", "uk", "ru", "en-GB,de;q=0.5", "xx", "*", "", "de;q=x", "é", "a" * 5000])
def test_any_language_gets_the_same_codes_and_amounts(house, language):
    http = house.owner.http
    asked = {"Accept-Language": language}
    problem(http.get("/wallets/987654321", **asked), 404, "not_found")
    problem(http.get("/transactions?page_size=0", **asked), 400, "invalid")
    assert http.get("/wallets", **asked).json()["wallets"][0]["balance"] == "0.00"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80@testserver", "a" * 300])
def test_a_request_for_another_host_is_refused(host):
    problem(Client().get(f"{API}/wallets", headers={"host": host}), 400, "invalid")
