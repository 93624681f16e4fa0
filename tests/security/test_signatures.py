"""Signed requests: what is changed, old, sent again or signed by another is refused; what is honest never is."""

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from accounts.models import ApiClient, LoginSession
from accounts.tokens import pair
from financebot.common import clock
from tests.accounts.app import protect
from tests.conftest import person
from tests.factories import PASSWORD
from tests.http import Http
from tests.signing import Signed, Signer, code_of, new_client

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

CODES = {"signature_missing", "signature_invalid", "timestamp_stale", "signature_replayed"}
REFUSALS = {(401, code) for code in CODES}


@pytest.fixture
def ann(db):
    return person(email="ann@example.org")


@pytest.fixture
def token(ann):
    return pair(ann.session).access_token


@pytest.fixture
def bot(db) -> Signer:
    return new_client()


@pytest.fixture
def built_in(settings) -> Signer:
    return Signer("telegram_bot", settings.HMAC_SECRET_KEY)


def told(answer) -> tuple[int, str]:
    return answer.status_code, code_of(answer)


def test_a_signed_request_is_taken(bot, token):
    assert bot.sign("GET", "/users/me", token=token).send().status_code == 200
    assert bot.sign("PATCH", "/users/me", {"first_name": "Ann"}, token=token).send().status_code == 200


def test_the_bot_signs_by_the_settings_unless_a_row_says_otherwise(built_in, token):
    assert built_in.sign("GET", "/users/me", token=token).send().status_code == 200
    own = new_client("telegram_bot")
    assert told(built_in.sign("GET", "/users/me", token=token).send()) == (401, "signature_invalid")
    assert own.sign("GET", "/users/me", token=token).send().status_code == 200


@pytest.mark.parametrize("raw_uri", [True, False], ids=["the address as sent", "the address as read"])
@pytest.mark.parametrize("query", ["?page_size=10", "?page_size=10&cursor=a%3Ab", "?cursor=a+b", "?", ""])
def test_the_query_is_signed_as_it_is_sent(bot, token, query, raw_uri):
    path = f"/families{query if raw_uri or query != '?' else ''}"
    assert code_of(bot.sign("GET", path, token=token, raw_uri=raw_uri).send()) not in CODES


@pytest.mark.parametrize("seconds", [-31, -60, 31, 60, 3600])
def test_a_signature_holds_for_thirty_seconds_before_and_after(bot, token, seconds):
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False):
        now = int(time.time())
        assert told(bot.sign("GET", "/users/me", token=token, at=now + seconds).send()) == (401, "timestamp_stale")
        near = bot.sign("GET", "/users/me", token=token, at=now + (30 if seconds > 0 else -30))
        assert near.send().status_code == 200


@pytest.mark.parametrize("nonce", [None, "n" * 16], ids=["without a nonce", "with one"])
@pytest.mark.parametrize("later", [0, 1, 29, 59, 60])
def test_a_signed_request_is_taken_once(bot, token, later, nonce):
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False) as traveller:
        request = bot.sign("GET", "/users/me", token=token, at=int(time.time()) + 30, nonce=nonce)
        assert request.send().status_code == 200
        traveller.shift(timedelta(seconds=later))
        assert told(request.send()) == (401, "signature_replayed")


def test_a_request_that_was_refused_for_another_reason_is_not_taken_later_either(bot, token):
    request = bot.sign("GET", "/users/me")
    assert told(request.send()) == (401, "not_authenticated")
    assert told(request.but(token=token).send()) == (401, "signature_replayed")


def test_equal_requests_of_one_second_are_told_apart_by_their_nonces(bot, token):
    at = int(time.time())
    requests = [bot.sign("PATCH", "/users/me", {"first_name": "Ann"}, token=token, at=at) for _ in range(20)]
    assert {request.send().status_code for request in requests} == {200}


def test_two_clients_may_send_the_same(bot, token):
    at, other = int(time.time()), new_client()
    for signer in (bot, other):
        assert signer.sign("GET", "/users/me", token=token, at=at, nonce="n" * 16).send().status_code == 200


@pytest.mark.parametrize("missing", [["X-Client-Id"], ["X-Timestamp"], ["X-Signature"], ["X-Client-Id", "X-Timestamp"]])
def test_a_part_of_a_signature_is_none(bot, token, missing):
    request = bot.sign("GET", "/users/me", token=token)
    for name in missing:
        assert told(request.with_header(name, "").send()) == (401, "signature_missing")
        request = request.with_header(name, None)
    assert told(request.send()) == (401, "signature_missing")


@pytest.mark.parametrize(
    "nonce", ["n" * 15, "n" * 65, "n" * 15 + ":", "n" * 15 + " ", "n" * 16 + "é", "n" * 8 + "," * 8]
)
def test_a_nonce_of_another_form_is_refused_though_it_is_signed(bot, token, nonce):
    assert told(bot.sign("GET", "/users/me", token=token, nonce=nonce).send()) == (401, "signature_invalid")


@pytest.mark.parametrize("form", ["0{}", "+{}", "{}.0", " {}", "{}e0", "-{}", "{}0" * 2])
def test_a_time_of_another_form_is_refused_though_it_is_signed(bot, token, form):
    at = form.format(*[int(time.time())] * form.count("{}"))
    assert told(bot.sign("GET", "/users/me", token=token, at=at).send()) == (401, "signature_invalid")


def test_a_time_in_other_digits_is_refused_though_it_is_signed(bot, token):
    wide = str(int(time.time())).translate({48 + digit: 0x660 + digit for digit in range(10)})
    assert told(bot.sign("GET", "/users/me", token=token, at=wide).send()) == (401, "signature_invalid")


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/refresh"])
def test_what_anyone_may_call_is_checked_too(bot, path):
    assert told(bot.sign("POST", path, {}).with_header("X-Signature", "0" * 64).send()) == (401, "signature_invalid")
    assert told(bot.sign("POST", path, {}).with_header("X-Signature", None).send()) == (401, "signature_missing")
    assert code_of(bot.sign("POST", path, {}).send()) == "invalid"


def test_a_client_that_is_revoked_signs_no_more(bot, token):
    ApiClient.objects.filter(client_id=bot.client_id).update(revoked_at=clock.now())
    assert told(bot.sign("GET", "/users/me", token=token).send()) == (401, "signature_invalid")


class Gone:
    """A cache that fails, in one way or another."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def add(self, *_: Any, **__: Any) -> bool:
        raise self.error


@pytest.mark.parametrize("error", [ConnectionError("refused"), TimeoutError(), OSError(5, "gone"), RuntimeError("?")])
def test_without_the_cache_nothing_signed_is_taken(monkeypatch, bot, token, error):
    monkeypatch.setattr("accounts.signatures.cache", Gone(error))
    answer = bot.sign("GET", "/users/me", token=token).send()
    assert (*told(answer), answer.headers["Retry-After"]) == (503, "overloaded", "1")
    assert Http(token).get("/users/me").status_code == 200


def test_a_cache_that_remembers_nothing_takes_nothing(monkeypatch, bot, token):
    monkeypatch.setattr(cache.__class__, "add", lambda *_, **__: False, raising=False)
    monkeypatch.setattr("accounts.signatures.cache", type("Dumb", (), {"add": staticmethod(lambda *_, **__: False)}))
    assert told(bot.sign("GET", "/users/me", token=token).send()) == (401, "signature_replayed")


# --- sessions of clients that sign


@pytest.fixture
def strict(settings):
    settings.REQUIRE_HMAC_VERIFICATION = True


def log_in(signer: Signer) -> dict[str, Any]:
    answer = signer.sign("POST", "/auth/login", {"email": "ann@example.org", "password": PASSWORD}).send()
    assert answer.status_code == 200, answer.json()
    return answer.json()


@pytest.mark.usefixtures("strict")
def test_a_session_that_a_client_opened_is_worth_nothing_without_its_signature(ann, bot):
    opened = log_in(bot)["access_token"]
    assert LoginSession.objects.latest("pk").signed_by == bot.client_id
    for method, path in (("GET", "/users/me"), ("GET", "/families"), ("POST", "/auth/logout")):
        bare = Signed(method, f"/api/v1{path}", b"{}" if method == "POST" else b"", {}, token=opened)
        assert told(bare.send()) == (401, "signature_missing")
        assert told(bare.with_header("X-Client-Id", bot.client_id).send()) == (401, "signature_missing")
        other = new_client().sign(method, path, bare.body, token=opened)
        assert told(other.send()) == (401, "signature_invalid")
        assert bot.sign(method, path, bare.body, token=opened).send().status_code == 200


@pytest.mark.usefixtures("strict")
def test_nor_is_its_refresh_token_and_asking_in_vain_costs_nothing(ann, bot):
    refresh_token = log_in(bot)["refresh_token"]
    body = {"refresh_token": refresh_token}
    for _ in range(3):
        assert told(Http().post("/auth/refresh", **body)) == (401, "signature_missing")
        assert told(new_client().sign("POST", "/auth/refresh", body).send()) == (401, "signature_invalid")
    session = LoginSession.objects.latest("pk")
    assert (session.refresh_counter, session.revoked_at) == (0, None)
    renewed = bot.sign("POST", "/auth/refresh", body).send()
    assert renewed.status_code == 200
    assert told(Http(renewed.json()["access_token"]).get("/users/me")) == (401, "signature_missing")


@pytest.mark.usefixtures("strict")
def test_a_name_is_not_a_proof(ann, built_in):
    answer = Http().post(
        "/auth/login", headers={"X-Client-Id": "telegram_bot"}, email="ann@example.org", password=PASSWORD
    )
    session = LoginSession.objects.latest("pk")
    assert (session.client, session.signed_by) == ("telegram_bot", "")
    assert Http(answer.json()["access_token"]).get("/users/me").status_code == 200


@pytest.mark.usefixtures("strict")
def test_registering_and_the_second_step_of_a_log_in_bind_a_session_too(ann, bot):
    new = bot.sign("POST", "/auth/register", {"email": "new@example.org", "password": PASSWORD}).send()
    assert told(Http(new.json()["access_token"]).get("/users/me")) == (401, "signature_missing")
    app = protect(ann.user)
    body = {"email": "ann@example.org", "password": PASSWORD}
    challenge = bot.sign("POST", "/auth/login", body).send().json()["challenge"]
    entered = bot.sign("POST", "/auth/login/2fa", {"challenge": challenge, "code": app.code()}).send()
    assert entered.status_code == 200
    assert told(Http(entered.json()["access_token"]).get("/users/me")) == (401, "signature_missing")
    assert {row.signed_by for row in LoginSession.objects.exclude(pk=ann.session.pk)} == {bot.client_id}


@pytest.mark.usefixtures("strict")
def test_a_telegram_token_needs_the_bot_s_signature_whoever_opened_its_session(ann, token, built_in):
    LoginSession.objects.filter(pk=ann.session.pk).update(scope="telegram")
    assert told(Http(token).get("/users/me")) == (401, "signature_missing")
    assert told(new_client().sign("GET", "/users/me", token=token).send()) == (401, "signature_invalid")
    assert built_in.sign("GET", "/users/me", token=token).send().status_code == 200


@pytest.mark.usefixtures("strict")
def test_people_s_own_programs_sign_nothing(ann, token):
    assert Http(token).get("/users/me").status_code == 200


def test_where_it_is_not_demanded_a_wrong_signature_is_still_refused(ann, bot):
    opened = log_in(bot)["access_token"]
    assert Http(opened).get("/users/me").status_code == 200
    assert told(new_client().sign("GET", "/users/me", token=opened).send()) == (401, "signature_invalid")
    wrong = bot.sign("GET", "/users/me", token=opened).with_header("X-Signature", "0" * 64)
    assert told(wrong.send()) == (401, "signature_invalid")


# --- changed on the way

PLACES = [
    ("GET", "/users/me", b""),
    ("GET", "/families?page_size=2&cursor=x", b""),
    ("GET", "/auth/sessions?page_size=5", b""),
    ("POST", "/auth/login", b'{"email": "ann@example.org", "password": "x"}'),
    ("POST", "/families", b'{"name": "Second", "base_currency": "EUR"}'),
    ("PATCH", "/users/me", b'{"first_name": "Ann"}'),
    ("POST", "/auth/logout", b"{}"),
    ("DELETE", "/auth/sessions/999999", b""),
]
ANYTHING = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=70)


def swapped(text: str, at: int) -> str:
    """The text with another hex digit at one place."""
    at %= len(text)
    return text[:at] + format(int(text[at], 16) ^ 1, "x") + text[at + 1 :]


def of_path(request: Signed, draw: Any) -> Signed:
    path, question, query = request.path.partition("?")
    pairs = query.split("&") if query else []
    others = [
        *(f"/api/v1{place}" for _, place, _ in PLACES),
        f"{path}?{'&'.join(reversed(pairs))}",
        f"{path}?{'&'.join([*pairs, *pairs])}",
        f"{request.path}&" if question else f"{path}?",
        f"{path}{question}{query.upper()}",
        f"{path}{question}{query.replace('=', '%3D')}",
        path.replace("/api/v1/", "/api/v1/./"),
        request.path.replace("s", "%73"),
        request.path.replace("e", "%65"),
        f"{request.path}#x",
        path,
    ]
    return request.but(path=draw(st.sampled_from(others)))


def of_body(request: Signed, draw: Any) -> Signed:
    body = request.body
    at = draw(st.integers(0, max(0, len(body) - 1)))
    others = [body + b" ", b" " + body, body[:-1], body[:at] + b"0" + body[at + 1 :], body + body, b"{}", b"", b"\0"]
    return request.but(body=draw(st.sampled_from(others)))


def of_timestamp(request: Signed, draw: Any) -> Signed:
    given = request.headers["X-Timestamp"]
    moved = str(int(given) + draw(st.integers(-60, 60)))
    forms = [
        f"0{given}",
        f"+{given}",
        f"{given}.0",
        f" {given}",
        f"{given}e0",
        f"{given[:5]}_{given[5:]}",
        f"{given},{given}",
    ]
    wide = given.translate({48 + digit: 0x660 + digit for digit in range(10)})
    return request.with_header("X-Timestamp", draw(st.sampled_from([moved, *forms, wide, "-1", "9" * 40]) | ANYTHING))


def of_nonce(request: Signed, draw: Any) -> Signed:
    given = request.headers.get("X-Nonce")
    others = [None, "", "m" * 16, "m" * 15, "m" * 65, f"{given},{given}", f"{given}a", str(given).swapcase()]
    return request.with_header("X-Nonce", draw(st.sampled_from(others) | ANYTHING))


def of_signature(request: Signed, draw: Any) -> Signed:
    given = request.headers["X-Signature"]
    others = [
        swapped(given, draw(st.integers(0, 63))), given.upper(), given[:-1], f"{given}0", f"{given},{given}",
        f"0x{given}", f"{given} ", given[::-1], "0" * 64, f"{'0' * 64},{given}",
    ]  # fmt: skip
    return request.with_header("X-Signature", draw(st.sampled_from(others) | ANYTHING))


def of_client(request: Signed, draw: Any) -> Signed:
    given = request.headers["X-Client-Id"]
    others = ["telegram_bot", "nobody", given.upper(), f"{given},{given}", f"{given},telegram_bot", f"{given}\0", "-"]
    return request.with_header("X-Client-Id", draw(st.sampled_from(others) | ANYTHING))


def of_method(request: Signed, draw: Any) -> Signed:
    return request.but(
        method=draw(st.sampled_from(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "get"]))
    )


CHANGES = [of_method, of_path, of_body, of_timestamp, of_nonce, of_signature, of_client]


def check_a_change(signer: Signer, token: str, data: Any) -> None:
    method, path, body = data.draw(st.sampled_from(PLACES))
    nonce = data.draw(st.sampled_from([None, "n" * 16, "A-_9" * 16]))
    raw_uri = data.draw(st.booleans())
    request = signer.sign(method, path, body, token=token, nonce=nonce)
    changed = data.draw(st.sampled_from(CHANGES))(request, data.draw).but(raw_uri=True)
    assume((changed.method.upper(), changed.path, changed.body, changed.headers) != sent(request))
    if not raw_uri:
        assume(changed.path == request.path)
        changed = changed.but(raw_uri=False)
    answer = changed.send()
    if changed.method == "HEAD":
        assert answer.status_code in {401, 405}
    else:
        assert told(answer) in REFUSALS | {(405, "method_not_allowed"), (404, "not_found")}, changed


def sent(request: Signed) -> tuple[Any, ...]:
    return request.method, request.path, request.body, request.headers


EXAMPLES = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
}


@settings(**EXAMPLES)
@given(data=st.data())
def test_whatever_is_changed_on_the_way_is_refused(bot, token, data):
    check_a_change(bot, token, data)


@pytest.mark.long
@settings(**EXAMPLES, max_examples=2000)
@given(data=st.data())
def test_whatever_is_changed_on_the_way_is_refused_two_thousand_times(bot, token, data):
    check_a_change(bot, token, data)


@pytest.mark.parametrize("place", PLACES, ids=[f"{method} {path}" for method, path, _ in PLACES])
def test_unchanged_they_are_taken(bot, token, place):
    method, path, body = place
    assert code_of(bot.sign(method, path, body, token=token).send()) not in CODES


@pytest.mark.parametrize("secret", ["", "telegram_bot", "x" * 43])
def test_another_secret_is_none(bot, token, secret):
    assert told(Signer(bot.client_id, secret).sign("GET", "/users/me", token=token).send()) == (
        401,
        "signature_invalid",
    )


@pytest.mark.postgres
@pytest.mark.parametrize("nonce", [None, "n" * 16], ids=["without a nonce", "with one"])
def test_of_many_at_once_one_is_taken(threads, nonce):
    signer, someone = new_client(), person()
    token = pair(someone.session).access_token
    request = signer.sign("GET", "/users/me", token=token, nonce=nonce)
    answers = threads([request.send] * 12)
    assert sorted(told(answer) for answer in answers) == [(200, "")] + [(401, "signature_replayed")] * 11


@pytest.mark.postgres
def test_of_many_honest_ones_at_once_none_is_refused(threads):
    signer, someone = new_client(), person()
    token, at = pair(someone.session).access_token, int(time.time())
    requests = [signer.sign("GET", "/users/me", token=token, at=at) for _ in range(12)]
    assert {told(answer) for answer in threads([request.send for request in requests])} == {(200, "")}
    assert connection.vendor == "postgresql"
