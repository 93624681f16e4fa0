"""Numbering committed events: 1, 2, 3 … without gaps, whatever the order in which they commit."""

import random
import signal
import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import relay
from audit.management.commands import relay_events
from audit.models import EventLog
from audit.names import EventName
from audit.relay import relay_once
from audit.trail import Actor, Event, record
from financebot.common.usecase import unit_of_work

INSERT = """
INSERT INTO audit_eventlog
    (name, entity_type, entity_id, changes, private_digest, request_id, client, channel, created_at)
VALUES ('wallet.edited', 'wallet', ?, '{}', '', '', '', 'api', '2026-01-01 00:00:00')
"""


def happen(count=1, family=1):
    events = [Event(EventName.WALLET_EDITED, "wallet", n + 1, {}) for n in range(count)]
    record(*events, actor=Actor(family=family))


def numbered():
    return list(EventLog.objects.order_by("pk").values_list("position", flat=True))


@pytest.mark.django_db
def test_events_are_numbered_from_one_without_gaps_in_the_order_they_were_written():
    happen(3)
    assert numbered() == [None] * 3
    relay_once()
    happen(2, family=2)
    assert numbered() == [1, 2, 3, None, None]
    relay_once()
    assert numbered() == [1, 2, 3, 4, 5]


@pytest.mark.django_db
def test_the_relay_tells_how_many_it_has_numbered():
    happen(3)
    assert relay_once() == 3
    assert relay_once() == 0


@pytest.mark.django_db
def test_a_batch_is_the_most_that_is_numbered_at_once(monkeypatch):
    monkeypatch.setattr(relay, "BATCH", 2)
    happen(5)
    for expected in ([1, 2, None, None, None], [1, 2, 3, 4, None], [1, 2, 3, 4, 5]):
        relay_once()
        assert numbered() == expected


@pytest.mark.django_db
def test_with_nothing_to_do_nothing_is_written_and_no_transaction_opened():
    happen(1)
    relay_once()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert relay_once() == 0
    assert len(seen) == 1
    assert seen[0]["sql"].startswith("SELECT")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_gap():
    happen(1)
    with unit_of_work():
        happen(3)
        transaction.set_rollback(True)
    assert numbered() == [None]
    happen(1)
    relay_once()
    assert numbered() == [1, 2]


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
    monkeypatch.setattr(relay_events, "relay_once", away)
    said = StringIO()
    command = relay_events.Command(stderr=said)
    assert command._step() == relay_events.PAUSE_AFTER_ERROR_SECONDS
    assert "the database is away" in said.getvalue()
    monkeypatch.setattr(relay_events, "relay_once", relay_once)
    happen(1)
    assert command._step() == 0
    assert command._step() == relay_events.PAUSE_SECONDS
    assert numbered() == [1]


@pytest.mark.postgres
def test_events_that_commit_out_of_order_are_each_numbered_once_and_without_gaps(threads):
    writers, each, relays = 20, 8, 3
    finished = []

    def write(seed):
        chance = random.Random(seed)

        def run():
            try:
                for _ in range(each):
                    with unit_of_work(), connection.cursor() as cursor:
                        happen(chance.randint(1, 3), family=seed)
                        cursor.execute("SELECT pg_sleep(%s)", [chance.random() / 50])
            finally:
                finished.append(seed)

        return run

    def number():
        gapless = True
        while len(finished) < writers:
            relay_once()
            found = EventLog.objects.numbered().order_by("position").values_list("position", flat=True)
            gapless &= list(found) == list(range(1, len(found) + 1))
        return gapless

    outcomes = threads([write(seed) for seed in range(1, writers + 1)] + [number] * relays)
    assert outcomes[:writers] == [None] * writers
    assert outcomes[writers:] == [True] * relays
    while relay_once():
        pass
    positions = sorted(numbered())
    assert positions == list(range(1, EventLog.objects.count() + 1))
    assert len(positions) >= writers * each


@pytest.mark.postgres
def test_what_commits_late_with_a_low_id_comes_after_what_was_numbered_before(threads):
    early_wrote, late_numbered = threading.Event(), threading.Event()

    def early():
        with unit_of_work():
            happen(1, family=1)
            early_wrote.set()
            assert late_numbered.wait(10)

    def late():
        assert early_wrote.wait(10)
        with unit_of_work():
            happen(1, family=2)
        relay_once()
        late_numbered.set()

    assert threads([early, late]) == [None, None]
    relay_once()
    found = EventLog.objects.order_by("pk").values_list("family_id", "position")
    assert list(found) == [(1, 2), (2, 1)]


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
