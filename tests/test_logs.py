import json
import logging
import sys

import pytest
from django.core.management import call_command

from accounts.models import User
from financebot.api import trace
from financebot.api.logs import JsonFormatter, RequestFilter, TraceFilter


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
