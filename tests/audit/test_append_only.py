"""What the database refuses on events, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction

from audit.guards import GUARDS
from audit.models import EventLog, EventSubject
from audit.names import EventName
from audit.relay import relay_once
from audit.trail import Actor, Event, record
from financebot.common import guards

pytestmark = pytest.mark.django_db

NOW = "'2026-01-01 00:00:00+00:00'"


@pytest.fixture
def event(db):
    texts = {"name": ("", "Ann")}
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {"a": (1, 2)}, texts, wallets=[1]), actor=Actor(user=1))
    return EventLog.objects.get()


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount


def refused(statement):
    with pytest.raises(DatabaseError, match="audit_event"):
        execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "name = 'wallet.created'",
        "family_id = 9",
        "family_id = NULL, actor_id = 9",
        "actor_id = 9",
        "actor_id = NULL",
        "entity_type = 'category'",
        "entity_id = 9",
        "changes = '{}'",
        "private_digest = ''",
        "request_id = 'other'",
        "client = 'other'",
        "channel = 'bot'",
        f"created_at = {NOW}",
        "id = id + 1",
        "position = 1, entity_id = 9",
        "private = NULL, actor_id = 9",
    ],
)
def test_nothing_of_an_event_changes(event, change):
    before = EventLog.objects.values().get()
    refused(f"UPDATE audit_eventlog SET {change}")
    assert EventLog.objects.values().get() == before


def test_an_update_that_changes_nothing_is_let_through(event):
    assert execute("UPDATE audit_eventlog SET actor_id = 1, entity_id = entity_id") == 1


@pytest.mark.parametrize("table", ["audit_eventsubject", "audit_eventlog"])
def test_no_row_is_deleted(event, table):
    refused(f"DELETE FROM {table}")
    assert EventLog.objects.count() == EventSubject.objects.count() == 1


def test_the_orm_does_not_get_past_it_either(event):
    for attempt in (
        EventLog.objects.all()._raw_delete,
        EventSubject.objects.all()._raw_delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt("default")
    with pytest.raises(DatabaseError), transaction.atomic():
        EventLog.objects.update(entity_id=2)


def test_an_event_is_not_replaced(event):
    columns = "id, name, entity_type, entity_id, changes, private_digest, request_id, client, channel, created_at"
    values = f"{event.pk}, 'wallet.created', 'wallet', 2, '{{}}', '', '', '', 'api', {NOW}"
    conflict = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    with pytest.raises(DatabaseError):
        execute(f"{conflict} INTO audit_eventlog ({columns}) VALUES ({values})")
    assert EventLog.objects.values_list("name", flat=True).get() == "wallet.edited"


@pytest.mark.parametrize("change", ["subject = 2", "kind = 'member'", "event_id = event_id + 1", "subject = subject"])
def test_a_subject_never_changes(event, change):
    refused(f"UPDATE audit_eventsubject SET {change}")


@pytest.mark.postgres
@pytest.mark.parametrize(
    "tables", ["audit_eventsubject", "audit_eventlog CASCADE", "audit_eventlog, audit_eventsubject"]
)
def test_no_table_is_truncated(transactional_db, tables):
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {}, wallets=[1]), actor=Actor())
    refused(f"TRUNCATE {tables}")
    assert EventLog.objects.count() == 1


def test_a_position_is_given_once(event):
    assert execute("UPDATE audit_eventlog SET position = 1") == 1
    for other in ("2", "NULL", "position + 1"):
        refused(f"UPDATE audit_eventlog SET position = {other}")
    assert EventLog.objects.get().position == 1


@pytest.mark.parametrize("position", [0, -1])
def test_positions_start_at_one(event, position):
    with pytest.raises(DatabaseError):
        execute(f"UPDATE audit_eventlog SET position = {position}")


def test_no_two_events_have_one_position(event):
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {}), actor=Actor())
    with pytest.raises(DatabaseError):
        execute("UPDATE audit_eventlog SET position = 1")


def test_no_event_comes_with_a_position(db):
    with pytest.raises(DatabaseError, match="audit_event"), transaction.atomic():
        EventLog.objects.create(
            position=1,
            name="wallet.edited",
            entity_type="wallet",
            entity_id=1,
            channel="api",
            created_at="2026-01-01T00:00:00Z",
        )


def test_the_private_part_is_erased_once_and_its_digest_stays(event):
    assert execute("UPDATE audit_eventlog SET private = NULL") == 1
    erased = EventLog.objects.get()
    assert (erased.private, erased.private_digest) == (None, event.private_digest)
    refused("""UPDATE audit_eventlog SET private = '{"texts": {}}'""")


@pytest.mark.parametrize("private", ["{}", '{"texts": {}}', "null", "[]"])
def test_the_private_part_is_not_rewritten(event, private):
    refused(f"UPDATE audit_eventlog SET private = '{private}'")


def test_a_numbered_event_can_be_erased_and_an_erased_one_numbered(event):
    record(Event(EventName.WALLET_EDITED, "wallet", 1, {}), actor=Actor())
    execute(f"UPDATE audit_eventlog SET private = NULL WHERE id = {event.pk}")
    assert relay_once() == 2
    assert execute("UPDATE audit_eventlog SET private = NULL") == 2


def test_an_event_is_not_pushed_out_by_another(db):
    for wallet in (1, 2):
        record(Event(EventName.WALLET_EDITED, "wallet", wallet, {}), actor=Actor())
    execute("UPDATE audit_eventlog SET position = 1 WHERE entity_id = 1")
    conflict = "UPDATE OR REPLACE" if connection.vendor == "sqlite" else "UPDATE"
    with pytest.raises(DatabaseError):
        execute(f"{conflict} audit_eventlog SET position = 1 WHERE position IS NULL")
    assert EventLog.objects.count() == 2


def test_a_name_and_a_kind_that_nobody_knows_are_refused(event):
    fields = {"entity_type": "wallet", "entity_id": 1, "channel": "api", "created_at": "2026-01-01T00:00:00Z"}
    with pytest.raises(DatabaseError), transaction.atomic():
        EventLog.objects.create(name="wallet.stolen", **fields)
    with pytest.raises(DatabaseError), transaction.atomic():
        EventSubject.objects.create(event=event, kind="family", subject=1)


def test_every_guard_is_in_the_database_and_a_missing_one_is_named(db):
    assert guards.missing() == []
    guards.remove(GUARDS[:1])
    assert guards.missing() == [GUARDS[0].name]
    guards.install(GUARDS[:1])
    assert guards.missing() == []
