"""Writing down what happened."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.models import EventLog, EventSubject
from audit.names import EventName
from audit.trail import Actor, Event, digest, record

pytestmark = pytest.mark.django_db

ACTOR = Actor(
    user=3,
    family=5,
    membership=7,
    session=9,
    channel="web",
    client="phone",
    request_id="request-1",
    address="192.0.2.1",
    user_agent="Browser",
)


def write(changes=None, texts=None, actor=ACTOR, **about):
    record(Event(EventName.WALLET_EDITED, "wallet", 11, changes or {}, texts, **about), actor=actor)
    return EventLog.objects.order_by("-pk").first()


def test_an_event_keeps_who_what_when_and_by_which_way():
    with time_machine.travel(datetime(2026, 3, 1, 12, 30, tzinfo=UTC), tick=False):
        event = write({"type": ("cash", "bank")})
    assert (event.name, event.entity_type, event.entity_id) == ("wallet.edited", "wallet", 11)
    assert (event.family_id, event.actor_id, event.channel) == (5, 3, "web")
    assert (event.client, event.request_id) == ("phone", "request-1")
    assert event.created_at == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert event.position is None


def test_what_can_be_erased_stands_in_private_alone():
    event = write({"type": ("cash", "bank")}, {"name": ("Old", "New")})
    assert event.private["texts"] == {"name": ["Old", "New"]}
    assert (event.private["address"], event.private["user_agent"]) == ("192.0.2.1", "Browser")
    row = EventLog.objects.filter(pk=event.pk).defer("private").values().get() | {"private": None}
    for secret in ("Old", "New", "192.0.2.1", "Browser"):
        assert secret not in json.dumps(row, default=str)


def test_only_what_differs_is_kept():
    changes = {
        "type": ("cash", "cash"),
        "limit": (None, Decimal(5)),
        "holder_id": (3, None),
        "same": (None, None),
    }
    event = write(changes, {"name": ("Same", "Same"), "notes": ("", "x")})
    assert event.changes == {"limit": [None, "5"], "holder_id": [3, None]}
    assert event.private["texts"] == {"notes": ["", "x"]}


def test_amounts_of_the_same_worth_are_no_change():
    assert write({"limit": (Decimal("5.0000"), Decimal(5))}).changes == {}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Decimal("12345678901234.5678"), "12345678901234.5678"),
        (date(2026, 2, 28), "2026-02-28"),
        (datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC), "2026-02-28T01:02:03Z"),
        (EventName.WALLET_EDITED, "wallet.edited"),
        (True, True),
        (["a", "b"], ["a", "b"]),
        ("ünïcode \U0001f4b6", "ünïcode \U0001f4b6"),
    ],
)
def test_values_are_kept_as_plain_json_without_losing_a_digit(value, kept):
    assert write({"field": (None, value)}).changes == {"field": [None, kept]}


def test_the_digest_is_of_the_canonical_private_part():
    event = write(texts={"name": ("", "Ann's")})
    canonical = json.dumps(event.private, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert event.private_digest == hashlib.sha256(canonical.encode()).hexdigest() == digest(event.private)


def test_two_equal_events_have_different_salts_and_digests():
    one, other = write(texts={"name": ("", "Ann")}), write(texts={"name": ("", "Ann")})
    assert one.private["salt"] != other.private["salt"]
    assert len(one.private["salt"]) == 32
    assert one.private_digest != other.private_digest


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)),
    )
)
def test_a_digest_depends_on_content_and_not_on_the_order_of_keys(private):
    assert digest(private) == digest(dict(reversed(list(private.items()))))
    assert digest(private) == digest(json.loads(json.dumps(private)))
    assert digest({**private, "another key": 1}) != digest(private)


def test_subjects_are_kept_once_each_and_by_kind():
    event = write(wallets=[4, 2, 4], members=[2])
    found = EventSubject.objects.filter(event=event).values_list("kind", "subject")
    assert sorted(found) == [("member", 2), ("wallet", 2), ("wallet", 4)]


def test_an_event_about_nobody_has_no_subjects():
    write()
    assert not EventSubject.objects.exists()


def test_several_events_keep_their_order_and_cost_two_statements(django_assert_num_queries):
    names = [EventName.WALLET_CREATED, EventName.WALLET_EDITED, EventName.WALLET_ARCHIVED]
    with django_assert_num_queries(2):
        record(*(Event(name, "wallet", 1, {}, wallets=[1]) for name in names), actor=ACTOR)
    assert list(EventLog.objects.order_by("pk").values_list("name", flat=True)) == names


def test_an_unknown_actor_leaves_no_names():
    event = write(actor=Actor())
    assert (event.actor_id, event.family_id, event.channel) == (None, None, "api")
    assert set(event.private) == {"salt", "address", "user_agent", "texts"}
