"""The command that numbers and delivers, once or for ever."""

import signal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from audit import relay
from audit.relay import relay_once
from delivery.management.commands import relay_events
from tests.audit.test_relay import happen, numbered
from tests.delivery.helpers import ask, states

INSERT = """
INSERT INTO audit_eventlog
    (name, entity_type, entity_id, changes, private_digest, request_id, client, channel, created_at)
VALUES ('wallet.edited', 'wallet', ?, '{}', '', '', '', 'api', '2026-01-01 00:00:00')
"""

A_PENDING_ENTRY = """
import django
django.setup()
from tests.conftest import build_house
from tests.delivery.helpers import ask
ask(build_house())
"""
AN_OUTLET_THAT_HANGS = """
import sys, time, django
django.setup()
from django.core.management import call_command
from delivery.management.commands import relay_events
relay_events.deliver_once = lambda: sys.stdout.write("hanging\\n") and time.sleep(600)
relay_events.LAST_LETTER_SECONDS = 0.2
call_command("relay_events", "--follow")
"""


@pytest.mark.django_db
def test_the_command_numbers_all_batches_and_says_how_many(monkeypatch):
    monkeypatch.setattr(relay, "BATCH", 2)
    happen(5)
    said = StringIO()
    call_command("relay_events", stdout=said)
    assert numbered() == [1, 2, 3, 4, 5]
    assert said.getvalue().strip() == "5 events numbered"


@pytest.mark.django_db
def test_a_database_that_refuses_is_tried_again_later(monkeypatch):
    def away():
        raise OperationalError("the database is away")

    monkeypatch.setattr(relay_events, "close_old_connections", lambda: None)
    said = StringIO()
    command = relay_events.Command(stderr=said)
    assert command._once(away) == relay_events.PAUSE_AFTER_ERROR_SECONDS
    assert "the database is away" in said.getvalue()
    happen(1)
    assert command._once(relay_once) == 0
    assert command._once(relay_once) == relay_events.PAUSE_SECONDS
    assert numbered() == [1]


@pytest.mark.django_db
def test_the_command_delivers_what_it_has_numbered(house, mailoutbox):
    ask(house)
    call_command("relay_events", stdout=StringIO())
    assert len(mailoutbox) == 2
    assert states() == ["sent"] * 2


def test_the_following_relay_numbers_what_others_commit_and_stops_when_told(installation):
    process = installation.start("manage.py", "relay_events", "--follow")
    assert process.stdout.readline().strip() == "following"
    for n in range(1, 4):
        installation.ask(INSERT, n)
        installation.until("SELECT entity_id, position FROM audit_eventlog", [(k, k) for k in range(1, n + 1)])
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert (process.returncode, output) == (0, "")


def test_one_pass_of_the_command_numbers_and_ends(installation):
    installation.ask(INSERT, 1)
    installation.ask(INSERT, 2)
    assert installation.run("manage.py", "relay_events").strip() == "2 events numbered"
    assert installation.ask("SELECT position FROM audit_eventlog ORDER BY id") == [(1,), (2,)]


def test_the_following_relay_writes_letters_to_the_approvers(installation):
    process = installation.start("manage.py", "relay_events", "--follow")
    assert process.stdout.readline().strip() == "following"
    installation.run("-c", A_PENDING_ENTRY)
    installation.until("SELECT state, attempts FROM delivery_delivery", [("sent", 1)] * 2)
    letters = sorted((installation.folder / "mail").iterdir())
    assert [path.suffix for path in letters] == [".eml"] * 2
    for path in letters:
        assert "Member asks you to approve 600.00 EUR" in path.read_text()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert (process.returncode, output) == (0, "")


def test_an_outlet_that_hangs_holds_up_neither_the_numbers_nor_the_end(installation):
    process = installation.start("-c", AN_OUTLET_THAT_HANGS)
    assert {process.stdout.readline().strip() for _ in range(2)} == {"hanging", "following"}
    installation.ask(INSERT, 1)
    installation.until("SELECT position FROM audit_eventlog", [(1,)])
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
