"""Each event of security as a line of text and a line of JSON, once it is committed; and what neither holds."""

import hashlib
import json
import logging

import pytest
from django.db import transaction

from accounts.models import Device
from audit import trail
from audit.models import EventLog
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.api import logs
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import log_in
from tests.conftest import person
from tests.http import Http

DEVICE = "d" * 32
ACTOR = Actor(
    user=3,
    session=9,
    client="phone",
    device=DEVICE,
    request_id="request-1",
    address="203.0.113.7",
    user_agent="Browser\nfinancebot.security security.logged_in forged",
)


@pytest.fixture
def lines(monkeypatch, tmp_path):
    """What the two handlers write, as they are configured."""
    found = logs.configuration(level="ERROR", form="text", security=str(tmp_path / "security.jsonl"))
    logger = logging.getLogger("financebot.security")
    handlers = []
    for name, formatter in (("text", logs.TextFormatter("%(levelname)s %(message)s")), ("json", logs.JsonFormatter())):
        handler = logging.FileHandler(tmp_path / f"security.{name}")
        handler.setFormatter(formatter)
        handler.addFilter(logs.TraceFilter())
        handlers.append(handler)
    assert found["loggers"]["financebot.security"]["handlers"] == ["security_text", "security_json"]
    monkeypatch.setattr(logger, "handlers", handlers)
    monkeypatch.setattr(logger, "propagate", False)
    logger.setLevel("INFO")
    yield lambda name: (tmp_path / f"security.{name}").read_text("utf-8").splitlines()
    for handler in handlers:
        handler.close()


def happen(name=EventName.LOCKED_OUT, actor=ACTOR, changes=None, texts=None):
    with unit_of_work():
        trail.record(Event(name, "user", 3, changes or {}, texts), actor=actor)


@pytest.mark.django_db(transaction=True)
def test_an_event_is_a_row_a_line_of_text_and_a_line_of_json(lines):
    happen(changes={"locked": (None, ["pair"])})
    row = EventLog.objects.get()
    [text], [line] = lines("text"), lines("json")
    assert text.startswith("WARNING security.locked_out ")
    assert "ip='203.0.113.7'" in text
    found = json.loads(line)
    assert (found["level"], found["logger"], found["event"]) == ("WARNING", "financebot.security", row.name)
    assert (found["event_id"], found["about"], found["actor"], found["session"]) == (row.pk, "user 3", 3, 9)
    assert (found["ip"], found["request_id"], found["client"]) == ("203.0.113.7", "request-1", "phone")
    assert found["changes"] == {"locked": [None, ["pair"]]}
    assert found["device"] == hashlib.sha256(DEVICE.encode()).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_no_header_makes_a_line_of_its_own(lines):
    happen()
    assert [len(lines(name)) for name in ("text", "json")] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_logged_and_what_is_not_of_security_neither(lines):
    with unit_of_work():
        trail.record(Event(EventName.LOCKED_OUT, "user", 3, {}), actor=ACTOR)
        transaction.set_rollback(True)
    happen(EventName.WALLET_EDITED)
    assert lines("json") == []


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_written_stops_nobody(lines, monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr("audit.security_log._facts", refuse)
    happen()
    assert EventLog.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_log_in_tells_the_true_address_and_the_device_but_no_secret(lines):
    ann = person(email="ann@example.org", first_name="Annemarie")
    body = log_in("ann@example.org", **{"User-Agent": "Mail ann@example.org"}).json()
    log_in("ann@example.org", "wrong horse battery")
    Http(body["access_token"]).patch("/users/me", first_name="Rosalinde")
    again = log_in("ann@example.org", **{"X-Device-Id": body["device_id"]}).json()
    found = [json.loads(line) for line in lines("json")]
    assert [line["event"] for line in found][:3] == [
        "security.logged_in",
        "security.device_added",
        "security.login_failed",
    ]
    assert found[0]["ip"] == "127.0.0.1"
    assert found[-1]["device"] == Device.objects.get(user=ann.user).digest
    told = "\n".join(lines("json") + lines("text"))
    secrets = [body["access_token"], body["refresh_token"], body["device_id"], again["access_token"]]
    for secret in (*secrets, "ann@example.org", "correct horse", "wrong horse", "Annemarie", "Rosalinde"):
        assert secret not in told
