"""Signed requests at the server that an installation runs, over sockets: what only the true request line can show."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import quote

import pytest
from django.core.management import call_command

from accounts.tokens import pair
from tests.conftest import person
from tests.load.live import Server, live
from tests.signing import Signed, Signer, new_client

pytestmark = pytest.mark.django_db(transaction=True)

OK = (200, "")


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker) -> Iterator[Server]:
    with django_db_blocker.unblock(), live(processes=2) as found:
        yield found
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def bot(transactional_db: None) -> Signer:
    return new_client()


@pytest.fixture
def token(transactional_db: None) -> str:
    return pair(person().session).access_token


def send(server: Server, request: Signed, *more: str) -> tuple[int, str]:
    """Byte by byte as it stands, header lines after those that it has included; status and code."""
    lines = [f"{request.method} {request.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(request.body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    lines += ["Content-Type: application/json", f"Authorization: Bearer {request.token}", "Connection: close", *more]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)
        heard = b""
        while chunk := line.recv(65536):
            heard += chunk
    status = int(heard.split(b" ", 2)[1])
    code = heard.partition(b'"code":"')[2].partition(b'"')[0].decode()
    return status, code


WRITTEN = [
    "/users/me",
    "/users/me?",
    "/%75sers/me",
    "/users/%6De",
    "/families?page_size=2",
    "/families?page%5Fsize=2",
    f"/auth/sessions?page_size=%32&cursor={quote('ä')}",
    "/auth/sessions?cursor=a+b&page_size=3",
    "/auth/sessions?page_size=3&&",
]


def test_the_address_is_signed_as_it_is_written(server, bot, token):
    for path in WRITTEN:
        status, code = send(server, bot.sign("GET", path, token=token))
        assert (status == 200) or code == "invalid", path
        for other in WRITTEN:
            changed = bot.sign("GET", path, token=token).but(path=f"/api/v1{other}")
            if other != path:
                assert send(server, changed) == (401, "signature_invalid"), f"{path} as {other}"


def test_of_many_at_once_over_processes_one_is_taken(server, bot, token):
    for nonce in (None, "n" * 16, "m" * 16):
        request = bot.sign("GET", "/users/me", token=token, nonce=nonce)
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _, request=request: send(server, request), range(32)))
        assert sorted(answers) == [OK] + [(401, "signature_replayed")] * 31


EQUAL, AGAIN = 50, 5  # requests of one second that differ in their nonces alone; how many of them are sent again
HONEST = [("GET", "/users/me", None), ("PATCH", "/users/me", {"first_name": "Ann"}), ("GET", "/families", None)]


@pytest.mark.parametrize("seconds", [3, pytest.param(200, marks=pytest.mark.long)], ids=["some", "ten thousand"])
def test_of_equal_honest_ones_of_one_second_none_is_refused_and_none_is_taken_again(server, bot, seconds):
    session, answers = person().session, Counter()
    with ThreadPoolExecutor(16) as pool:
        for second in range(seconds):
            token, at = pair(session).access_token, int(time.time())
            requests = [bot.sign(*HONEST[second % len(HONEST)], token=token, at=at) for _ in range(EQUAL)]
            answers.update(pool.map(partial(send, server), requests))
            answers.update(pool.map(partial(send, server), requests[:AGAIN]))
    assert answers == {OK: seconds * EQUAL, (401, "signature_replayed"): seconds * AGAIN}


@pytest.mark.parametrize("name", ["X-Client-Id", "X-Timestamp", "X-Signature", "X-Nonce"])
def test_a_header_that_comes_twice_is_none(server, bot, token, name):
    request = bot.sign("GET", "/users/me", token=token)
    assert send(server, request, f"{name}: {request.headers[name]}") == (401, "signature_invalid")
    assert send(server, request, f"{name.replace('-', '_')}: other")[0] in {200, 400}


@pytest.mark.parametrize("name", ["X-Client-Id", "X-Timestamp", "X-Signature"])
def test_a_header_with_an_underscore_is_no_header(server, bot, token, name):
    request = bot.sign("GET", "/users/me", token=token)
    hidden = request.with_header(name, None)
    assert send(server, hidden, f"{name.replace('-', '_')}: {request.headers[name]}") != OK


def test_a_body_is_signed_to_its_last_byte(server, bot, token):
    for body in (b'{"first_name": "Ann"}', b'{"first_name": "Ann"} ', '{"first_name": "Zoë"}'.encode()):
        assert send(server, bot.sign("PATCH", "/users/me", body, token=token)) == OK
        for changed in (body + b" ", body.replace(b"{", b"{ "), b"{}"):
            request = bot.sign("PATCH", "/users/me", body, token=token).but(body=changed)
            assert send(server, request) == (401, "signature_invalid")
