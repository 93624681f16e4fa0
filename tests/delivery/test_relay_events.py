"""The command that numbers and delivers, once or for ever."""

import signal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError

from audit import relay
from delivery.management.commands import relay_events
from tests.audit.test_relay import happen, numbered
from tests.delivery.helpers import ask, states

INSERT = """
INSERT INTO audit_eventlog
    (name, entity_type, entity_id, changes, private_digest, request_id, client, channel, created_at)
VALUES ('wallet.edited', 'wallet', ?, '{}', '', '', '', 'api', '2026-01-01 00:00:00')
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
    happen(1)
    with monkeypatch.context() as patch:
        patch.setattr(relay_events, "relay_once", away)
        assert command._once() == relay_events.PAUSE_AFTER_ERROR_SECONDS
    assert "the database is away" in said.getvalue()
    assert command._once() == 0
    assert command._once() == relay_events.PAUSE_SECONDS
    assert numbered() == [1]


@pytest.mark.django_db
def test_after_numbering_the_worker_is_poked_and_not_otherwise(monkeypatch):
    poked = []
    monkeypatch.setattr(relay_events, "close_old_connections", lambda: None)
    monkeypatch.setattr(relay_events, "poke", lambda: poked.append(numbered()))
    command = relay_events.Command()
    command._once()
    happen(2)
    command._once()
    command._once()
    assert poked == [[1, 2]]


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
