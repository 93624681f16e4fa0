import json
import logging
import runpy
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from gunicorn.config import Config
from gunicorn.glogging import Logger

from accounts.models import User
from financebot.api import trace
from financebot.api.logs import JsonFormatter, RequestFilter, TextFormatter, TraceFilter, configuration
from financebot.common.masking import mask


@pytest.fixture
def record():
    found = logging.LogRecord("financebot", logging.WARNING, __file__, 1, "%s café", ("one",), None)
    TraceFilter().filter(found)
    return found


def test_a_json_line_says_when_how_bad_where_and_what(record):
    line = json.loads(JsonFormatter().format(record))
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "WARNING", "logger": "financebot", "request_id": "-", "message": "one café"}


def test_a_json_line_carries_the_trace_of_an_exception(record):
    try:
        int("broken")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError: invalid literal" in json.loads(JsonFormatter().format(record))["exception"]


def test_a_line_bears_the_id_of_the_request_under_way(record):
    token = trace.current.set(trace.Trace(request_id="abc", address="", user_agent=""))
    try:
        TraceFilter().filter(record)
    finally:
        trace.current.reset(token)
    assert json.loads(JsonFormatter().format(record))["request_id"] == "abc"


SECRETS = {
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_123",
    "a header": "Authorization: Bearer 0123456789abcdef",
    "a parameter": "GET /auth/email/verify?token=Zm9vYmFyYmF6&x=1",
    "a body": '{"password": "correct horse"}',
    "a code": "code=123456",
    "a bot's token": "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage",
    "a URL": "postgres://financebot:hunter2hunter2@db:5432/x",
    "an address": "Key (email)=(ann.huber@example.org) already exists",
    "a number": "call +49 151 23456789 now",
}
HIDDEN = ("eyJ", "0123456789abcdef", "Zm9v", "correct", "123456", "AAHd", "hunter2", "ann.huber", "151 2345")


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_line_holds_no_secret_and_no_whole_address_or_number(secret):
    try:
        int(secret)
    except ValueError:
        record = logging.LogRecord("financebot", logging.ERROR, __file__, 1, "%s", (secret,), sys.exc_info())
    for line in (TextFormatter().format(record), JsonFormatter().format(record)):
        assert line.count("…") >= 2, "in the message and in the trace"
        assert not [word for word in HIDDEN if word in line.replace(__file__, "")]


@pytest.mark.parametrize("text", ["at 2026-05-02T12:00:00+00:00", "wallet 12: 1200.50 EUR", "user 7 of 10.0.0.1", ""])
def test_what_is_no_secret_stays(text):
    assert mask(text) == text


def test_masking_takes_no_longer_for_a_text_made_to_make_it():
    for hostile in ("a." * 50_000, "+1" * 50_000, "eyJ" * 30_000, "token" * 20_000, "a://" * 20_000, "1" * 100_000):
        began = time.monotonic()
        mask(hostile)
        assert time.monotonic() - began < 2


def test_the_lines_of_security_go_to_a_file_or_to_standard_output():
    to_file = configuration(level="INFO", form="json", security="/log/security.jsonl")["handlers"]["security_json"]
    assert (to_file["filename"], to_file["delay"]) == ("/log/security.jsonl", True)
    to_stdout = configuration(level="INFO", form="json", security="stdout")["handlers"]["security_json"]
    assert to_stdout["stream"] == "ext://sys.stdout"


@pytest.mark.parametrize(
    ("said", "arguments", "left"),
    [
        ("Invalid request from ip=192.0.2.1: Invalid HTTP request line: 'GET /?token=x y'", (), "HTTP request line: …"),
        ("Error handling request %s %s", ("GET", "/auth/not-me?token=x"), "Error handling request GET /auth/not-me…"),
        ("Booting worker with pid: %s", (7,), "Booting worker with pid: 7"),
    ],
)
def test_a_line_of_the_web_server_quotes_no_request(said, arguments, left):
    found = logging.LogRecord("gunicorn.error", logging.WARNING, __file__, 1, said, arguments, None)
    assert RequestFilter().filter(found)
    assert found.getMessage().endswith(left)
    assert "token" not in found.getMessage()


@pytest.mark.django_db
def test_createsuperuser_makes_an_operator(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long pass phrase")
    call_command("createsuperuser", email="Ops@Example.org", interactive=False, verbosity=0)
    operator = User.objects.get(email="ops@example.org")
    assert operator.is_superuser
    assert operator.is_staff
    assert operator.check_password("a long pass phrase")


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-bmF0_dXJl"
ADDRESSES = [
    f"/api/v1/auth/telegram/store-token?chat_id=7&jwt_token={TOKEN}",
    f"/api/v1/auth/telegram/store-token?jwt_token={TOKEN}&chat_id=7",
    f"/api/v1/auth/telegram/store-token?jwt%5Ftoken={TOKEN}&chat_id=7",
    "/api/v1/auth/telegram/store-token?chat_id=7&jwt_token=no.token-of%20ours",
]


@pytest.mark.parametrize("formatter", [TextFormatter("%(message)s"), JsonFormatter()], ids=["text", "json"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_no_line_holds_a_token_that_stood_in_an_address(formatter, address):
    line = formatter.format(logging.LogRecord("x", logging.ERROR, __file__, 1, "of %s", (address,), None))
    assert "store-token" in line
    for secret in (TOKEN, *TOKEN.split("."), "no.token"):
        assert secret not in line


def test_nor_does_what_the_web_server_itself_logs(capfd):
    log = Logger(Config())
    conf = Path(__file__).resolve().parent.parent / "deploy" / "gunicorn.conf.py"
    runpy.run_path(str(conf))["on_starting"](SimpleNamespace(log=log))
    log.error("Error handling request %s %s", "POST", ADDRESSES[0])
    for handler in log.error_log.handlers:
        handler.flush()
    said = capfd.readouterr().err
    assert "store-token…" in said
    assert TOKEN not in said
