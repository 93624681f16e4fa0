"""Numbering committed events: 1, 2, 3 … without gaps, whatever the order in which they commit."""

import random
import threading

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import relay, sinks
from audit.models import EventLog
from audit.names import EventName
from audit.relay import relay_once
from audit.trail import Actor, Event, record
from financebot.common.usecase import unit_of_work


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
def test_sinks_get_the_newly_numbered_events_in_order_and_each_once(monkeypatch):
    seen = []
    monkeypatch.setattr(sinks, "numbered", [seen.append])
    happen(3)
    relay_once()
    happen(2)
    relay_once()
    relay_once()
    assert [[(event.position, event.entity_id) for event in events] for events in seen] == [
        [(1, 1), (2, 2), (3, 3)],
        [(4, 1), (5, 2)],
    ]


@pytest.mark.django_db(transaction=True)
def test_an_event_is_numbered_only_together_with_what_the_sinks_write(monkeypatch):
    def crash(events):
        happen(1)
        raise OperationalError("in the middle")

    happen(2)
    monkeypatch.setattr(sinks, "numbered", [crash])
    with pytest.raises(OperationalError):
        relay_once()
    assert numbered() == [None, None]
    monkeypatch.setattr(sinks, "numbered", [])
    assert relay_once() == 2


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
