"""Seals on the events: who changes them behind the guards is noticed, and what they changed is named.

What a chain alone does not notice stands here too, so that nobody believes it does: the latest seals removed together
with their events. Against that the head has to be kept elsewhere.
"""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import seals
from audit.models import AuditSeal, EventLog, EventSubject
from audit.names import EventName
from audit.relay import relay_once
from audit.seals import seal_once
from audit.tasks import seal_events
from audit.trail import Actor, Event, record
from audit.verify import verify
from financebot.common import clock, guards

ALTERED = {
    "name": "wallet.created",
    "family_id": 9,
    "actor_id": None,
    "entity_type": "category",
    "entity_id": 99,
    "only_for_id": 9,
    "changes": {"balance": ["1", "2"]},
    "private_digest": "0" * 64,
    "request_id": "other",
    "client": "other",
    "channel": "bot",
    "created_at": clock.now().replace(year=2020),
    "id": 999,
    "position": 999,
    "private": {"address": "10.0.0.1"},
}
FOREIGN_PRIVATE = "its private part is neither the one that was written nor erased"


def happen(count=1):
    texts = {"name": ("", "Ann")}
    events = [
        Event(EventName.WALLET_EDITED, "wallet", n, {"a": (1, n)}, texts, wallets=[n]) for n in range(2, count + 2)
    ]
    record(*events, actor=Actor(user=1, family=1, address="10.0.0.9"))
    while relay_once():
        pass


def broken():
    return [(found.position, found.sentence) for found in verify()]


def positions():
    return [position for position, _ in broken()]


def run(*options):
    said = StringIO()
    try:
        call_command("verify_audit", *options, stdout=said)
    except SystemExit as end:
        return int(end.code), said.getvalue()
    return 0, said.getvalue()


def spans():
    return list(AuditSeal.objects.order_by("first").values_list("first", "last"))


def at(position):
    return EventLog.objects.filter(position=position)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(seals, "BATCH", 4)


@pytest.fixture
def sealed(db, small):
    """Ten events under three seals: 1 to 4, 5 to 8, 9 to 10."""
    happen(10)
    seal_events()
    assert spans() == [(1, 4), (5, 8), (9, 10)]


@pytest.fixture
def unguarded(sealed):
    """As for one who holds the database: within the test's transaction no guard stands."""
    guards.remove(guards.all_guards())


def test_an_unchanged_log_verifies_and_the_head_is_told(sealed):
    happen(3)
    code, said = run()
    assert code == 0
    head = AuditSeal.objects.latest_one().digest
    assert said.splitlines() == [
        "The events are those that were sealed.",
        f"Head: position 10, {head}. Not sealed yet: 3.",
    ]
    assert json.loads(run("--json")[1]) == {"findings": [], "sealed": 10, "head": head, "unsealed": 3}


def test_an_empty_log_verifies(db):
    assert run() == (0, "The events are those that were sealed.\nHead: position 0, no seal. Not sealed yet: 0.\n")


def test_a_finding_ends_with_exit_1_and_names_the_position(unguarded):
    at(3).update(actor_id=9)
    code, said = run()
    assert (code, said.splitlines()[0]) == (1, "BROKEN position 3: the event is not the one that was sealed")
    code, said = run("--json")
    assert (code, [found["position"] for found in json.loads(said)["findings"]]) == (1, [3])


def test_what_is_hashed_is_every_column_but_the_private_part():
    columns = {field.attname for field in EventLog._meta.concrete_fields}
    assert {*seals.COLUMNS, "created_at"} == columns - {"private"}
    assert set(ALTERED) == columns


@pytest.mark.parametrize("column", sorted(ALTERED))
@pytest.mark.parametrize("position", [1, 4, 5, 10])
def test_each_column_of_an_event_that_is_changed_is_noticed(unguarded, column, position):
    EventSubject.objects.filter(event__position=position).delete()  # so that an id can be changed
    AuditSeal.objects.filter(first__gt=0).delete()
    seal_events()
    assert broken() == []
    at(position).update(**{column: ALTERED[column]})
    assert positions()[0] == position


@pytest.mark.parametrize("position", [1, 4, 5, 10])
def test_a_removed_event_is_noticed(unguarded, position):
    EventSubject.objects.filter(event__position=position).delete()
    at(position).delete()
    assert broken() == [(position, "the event is missing")]


def test_removed_events_are_told_as_one(unguarded):
    EventSubject.objects.filter(event__position__range=(2, 3)).delete()
    EventLog.objects.filter(position__range=(2, 3)).delete()
    assert broken() == [(2, "the events up to position 3 are missing")]


def test_an_event_that_is_removed_before_it_is_sealed_stays_missing_and_what_follows_is_sealed(unguarded):
    happen(3)
    EventSubject.objects.filter(event__position=12).delete()
    at(12).delete()
    seal_events()
    assert spans()[-1] == (11, 13)
    assert broken() == [(12, "the event is missing")]
    happen(1)
    at(14).update(position=12)
    assert broken() == [(12, "the event is not the one that was sealed")]


def test_an_event_that_is_brought_in_between_is_noticed(unguarded):
    happen(1)
    for position in range(10, 2, -1):
        at(position).update(position=position + 100)
    at(11).update(position=3)
    for position in range(3, 11):
        at(position + 100).update(position=position + 1)
    assert positions()[0] == 3
    assert set(positions()) == set(range(3, 11))


def test_an_event_brought_in_before_the_first_is_noticed(unguarded):
    happen(1)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_eventlog DROP CONSTRAINT audit_position_from_one")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            at(11).update(position=0)
        finally:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert broken() == [(0, "the event is out of the order")]


@pytest.mark.postgres
def test_an_event_that_takes_the_position_of_another_is_noticed(unguarded):
    happen(1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_eventlog DROP CONSTRAINT audit_eventlog_position_key")
    at(11).update(position=3)
    assert (3, "another event has this position too") in broken()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps the types of its columns")
def test_a_value_that_cannot_be_read_is_noticed_and_the_rest_looked_at(unguarded):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_eventlog SET created_at = 'yesterday' WHERE position = 3")
        cursor.execute("UPDATE audit_eventlog SET created_at = '2026-13-45 00:00:00' WHERE position = 5")
    at(6).update(actor_id=9)
    assert broken() == [
        (3, "the event is not the one that was sealed"),
        (5, "the event cannot be read"),
        (6, "the event is not the one that was sealed"),
    ]


def test_two_positions_that_are_swapped_are_noticed(unguarded):
    for old, new in ((3, 100), (6, 3), (100, 6)):
        at(old).update(position=new)
    assert positions() == [3, 6]


def test_a_subject_that_is_removed_changed_or_added_is_noticed(unguarded):
    EventSubject.objects.filter(event__position=2).delete()
    EventSubject.objects.filter(event__position=5).update(subject=77)
    EventSubject.objects.filter(event__position=7).update(kind="member")
    EventSubject.objects.create(event=at(9).get(), kind="member", subject=1)
    assert positions() == [2, 5, 7, 9]


def test_a_subject_that_moves_to_another_event_is_noticed_in_both(unguarded):
    EventSubject.objects.filter(event__position=2).update(event=at(6).get())
    assert positions() == [2, 6]


def test_the_order_in_which_subjects_are_stored_does_not_matter(db):
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {}, wallets=[1, 2], members=[3]), actor=Actor())
    relay_once()
    seal_events()
    guards.remove(guards.all_guards())
    kept = list(EventSubject.objects.order_by("-pk").values("event_id", "kind", "subject"))
    EventSubject.objects.filter(pk__gt=0).delete()
    EventSubject.objects.bulk_create(EventSubject(**row) for row in kept)
    assert broken() == []


def test_erasure_of_the_private_part_leaves_the_seals_valid(sealed):
    EventLog.objects.filter(position__lte=6).update(private=None)
    assert broken() == []
    happen(2)
    at(11).update(private=None)
    seal_events()
    assert broken() == []


@pytest.mark.parametrize("private", [{}, [], {"salt": "", "texts": {}}])
def test_a_private_part_that_was_never_written_is_noticed_sealed_or_not(unguarded, private):
    happen(1)
    for position in (2, 11):
        at(position).update(private=private)
    assert broken() == [(2, FOREIGN_PRIVATE), (11, FOREIGN_PRIVATE)]


def test_a_private_part_that_is_no_text_is_noticed_or_cannot_be_written(unguarded):
    half = {"address": "\ud800"}  # one half of a character, which PostgreSQL takes for none
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError), transaction.atomic():
            at(2).update(private=half)
        return
    at(2).update(private=half)
    assert broken() == [(2, FOREIGN_PRIVATE)]


def test_a_change_that_is_sealed_anew_without_the_key_is_noticed(unguarded, settings):
    right = settings.SEAL_KEY
    at(6).update(actor_id=9)
    AuditSeal.objects.filter(first__gte=5).delete()
    settings.SEAL_KEY = "of somebody who has the database alone"
    seal_events()
    assert spans() == [(1, 4), (5, 8), (9, 10)]
    settings.SEAL_KEY = right
    assert broken() == [
        (5, "the seal of positions 5 to 8 was not made with SEAL_KEY"),
        (9, "the seal of positions 9 to 10 was not made with SEAL_KEY"),
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("last", 7),
        ("marks", b"\0" * 128),
        ("digest", "1" * 64),
        ("mac", "1" * 64),
        ("mac", "é"),
        ("created_at", ALTERED["created_at"]),
    ],
)
def test_each_column_of_a_seal_that_is_changed_is_noticed(unguarded, column, value):
    AuditSeal.objects.filter(first=5).update(**{column: value})
    assert 5 in positions()


def test_an_event_that_is_changed_together_with_its_mark_is_noticed(unguarded):
    at(6).update(actor_id=9)
    seal = AuditSeal.objects.get(first=5)
    marks = bytes(seal.marks)
    changed = marks[:32] + seals.mark(at(6).get()) + marks[64:]
    AuditSeal.objects.filter(first=5).update(marks=changed)
    assert broken() == [(5, "the seal of positions 5 to 8 was changed, or the one before")]


def test_the_beginning_of_a_seal_that_is_changed_is_noticed(unguarded):
    AuditSeal.objects.filter(first=5).update(first=6)
    assert positions()[0] == 5


@pytest.mark.parametrize(("first", "last"), [(1, 4), (5, 8)])
def test_a_seal_that_is_removed_is_noticed(unguarded, first, last):
    AuditSeal.objects.filter(first=first).delete()
    assert broken() == [(first, f"the seal up to position {last} is missing")]


def test_where_a_seal_is_missing_the_events_are_looked_at_all_the_same(unguarded):
    AuditSeal.objects.filter(first=5).delete()
    at(7).update(private={}, position=999)
    assert positions() == [5, 7, 11, 999]


def test_a_seal_that_another_genuine_one_does_not_follow_is_noticed(unguarded):
    older = AuditSeal.objects.get(first=5)
    AuditSeal.objects.filter(first__gte=5).delete()
    seal_events()
    assert broken() == []
    AuditSeal.objects.filter(first=5).delete()
    older.save(force_insert=True)
    assert broken() == [(9, "the seal of positions 9 to 10 was changed, or the one before")]


def test_a_copy_of_a_genuine_seal_is_noticed(unguarded):
    copy = AuditSeal.objects.get(first=5)
    copy.pk, copy.first = None, 6
    copy.last = 11
    copy.save(force_insert=True)
    assert (6, "there is another seal of this position") in broken()


def test_the_end_of_the_events_cut_off_with_its_seals_is_not_noticed_but_by_the_head(unguarded):
    before = json.loads(run("--json")[1])
    EventSubject.objects.filter(event__position__gte=9).delete()
    EventLog.objects.filter(position__gte=9).delete()
    assert broken() == [(9, "the events up to position 10 are missing")]
    AuditSeal.objects.filter(first=9).delete()
    code, said = run("--json")
    assert code == 0
    assert json.loads(said)["sealed"] == 8 < before["sealed"]


def test_the_command_stops_at_a_hundred_findings(unguarded):
    happen(120)
    EventLog.objects.filter(position__gt=5).update(private={})
    code, said = run()
    assert (code, said.count("BROKEN")) == (1, 100)


def test_the_task_runs_every_minute(settings):
    scheduled = settings.CELERY_BEAT_SCHEDULE[seal_events.name]
    assert (scheduled["task"], scheduled["schedule"]) == ("audit.seal_events", 60)


def test_with_nothing_to_seal_nothing_is_written(sealed):
    with CaptureQueriesContext(connection) as seen:
        assert seal_once() == 0
    assert all(query["sql"].startswith("SELECT") for query in seen)
    seal_events()
    assert len(spans()) == 3


def test_an_event_without_a_position_waits_for_its_number(sealed):
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {}), actor=Actor())
    assert seal_once() == 0
    assert json.loads(run("--json")[1])["unsealed"] == 1


def test_a_hole_as_wide_as_a_batch_ends_the_sealing(unguarded):
    happen(1)
    at(11).update(position=10**15)
    assert seal_once() == 0
    assert broken() == [(11, f"the events up to position {10**15 - 1} are missing")]


def test_no_seal_is_changed_removed_or_put_anywhere_but_at_the_end(sealed):
    fields = {"marks": b"", "digest": "", "mac": "", "created_at": clock.now()}
    attempts = [
        lambda: AuditSeal.objects.update(mac="1" * 64),
        lambda: AuditSeal.objects.filter(first=9)._raw_delete("default"),
        lambda: AuditSeal.objects.create(first=12, last=12, **fields),
        lambda: AuditSeal.objects.create(first=9, last=12, **fields),
        lambda: AuditSeal.objects.create(first=1, last=12, **fields),
        lambda: AuditSeal.objects.create(first=11, last=10, **fields),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert spans() == [(1, 4), (5, 8), (9, 10)]
    assert broken() == []


@pytest.mark.postgres
def test_two_sealers_at_once_make_one_chain(threads, small):
    happen(40)

    def work():
        return sum(iter(seal_once, 0))

    outcomes = threads([work] * 4)
    assert sum(outcomes) == 40
    assert spans() == [(first, first + 3) for first in range(1, 41, 4)]
    assert broken() == []
