"""What operators are told of each week, once."""

from datetime import date, timedelta

import pytest

from accounts import rules
from accounts.models import User
from accounts.services import end_week as end_week_once
from accounts.tasks import end_week
from audit import trail
from audit.models import AuditSeal, EventLog
from audit.names import EventName
from audit.seals import seal_once
from audit.trail import Actor, Event
from delivery import words
from delivery.models import Delivery
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.conftest import person
from tests.delivery.helpers import deliver, html, relay, states

pytestmark = pytest.mark.django_db

SUNDAY, MONDAY = "2026-05-10T23:59:00Z", "2026-05-11T00:01:00Z"


@pytest.fixture
def ops(time_machine):
    """An operator from of old, on the Sunday of a week."""
    time_machine.move_to(SUNDAY, tick=False)
    long_ago = clock.now() - timedelta(days=60)
    return person(email="ops@example.org", first_name="Op", is_superuser=True, created_at=long_ago).user


def happen(name, times=1):
    for _ in range(times):
        with unit_of_work():
            trail.record(Event(name, "user", 3, {}), actor=Actor(address="203.0.113.7"))


def test_the_whole_letter(ops, time_machine):
    time_machine.move_to("2026-05-03T23:59:59Z", tick=False)
    happen(EventName.LOGIN_FAILED, 5)
    time_machine.move_to("2026-05-04T00:00:00Z", tick=False)
    happen(EventName.LOGIN_FAILED, 2)
    time_machine.move_to(SUNDAY, tick=False)
    happen(EventName.LOCKED_OUT)
    happen(EventName.TOKEN_REFRESHED, 3)
    time_machine.move_to(MONDAY, tick=False)
    happen(EventName.LOGIN_FAILED, 9)
    deliver()
    while seal_once():
        pass
    end_week()
    [letter] = deliver()
    head = AuditSeal.objects.latest_one()
    assert (letter.to, letter.subject) == (["ops@example.org"], "The week from May 4, 2026 to May 10, 2026")
    assert (
        letter.body
        == f"""Hello Op,

What happened to accounts from May 4, 2026 to May 10, 2026 (UTC):

Wrong passwords at a log-in: 2
Lockouts: 1

Events are sealed up to position {head.last}, digest {head.digest}; 1 are not yet.
Keep this letter: the events can later be compared with that digest.
"""
    )
    assert "203.0.113.7" not in letter.body + html(letter)
    assert head.digest in html(letter)


def test_a_week_is_told_once_however_often_it_is_asked(ops, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    for _ in range(3):
        end_week()
    assert len(deliver()) == 1
    time_machine.shift(timedelta(days=6))
    end_week()
    assert deliver() == []
    time_machine.shift(timedelta(days=1))
    end_week()
    [letter] = deliver()
    assert letter.subject == "The week from May 11, 2026 to May 17, 2026"
    assert "Nothing that you should know of." in letter.body


def test_a_worker_that_was_down_on_monday_catches_up(ops, time_machine):
    time_machine.move_to("2026-05-16T12:00:00Z", tick=False)
    end_week()
    assert len(deliver()) == 1


@pytest.mark.parametrize("fields", [{"is_superuser": False}, {"is_active": False}, {"email": None}])
@pytest.mark.parametrize("when", ["before the number", "after it"])
def test_who_is_no_operator_gets_none(ops, time_machine, fields, when):
    time_machine.move_to(MONDAY, tick=False)
    if when == "after it":
        end_week()
        relay()
    User.objects.filter(pk=ops.pk).update(**fields)
    end_week()
    assert deliver() == []
    assert states() == (["dropped"] if when == "after it" else [])


def test_who_was_none_before_its_end_is_not_told(ops, time_machine):
    time_machine.move_to(MONDAY, tick=False)
    person(email="new@example.org", is_superuser=True)
    person(email="owner@example.org", created_at=clock.now() - timedelta(days=60))
    end_week()
    assert [letter.to for letter in deliver()] == [["ops@example.org"]]


def test_every_event_of_a_week_that_has_words_is_of_security():
    assert all(name.startswith("security.") for name in words.OF_WEEK)


@pytest.mark.parametrize(
    ("today", "monday", "number"),
    [
        ("2026-05-10", "2026-04-27", 202618),
        ("2026-05-11", "2026-05-04", 202619),
        ("2026-01-05", "2025-12-29", 202601),
        ("2027-01-04", "2026-12-28", 202653),
    ],
)
def test_weeks_are_those_of_iso_8601(today, monday, number):
    found = rules.last_monday(date.fromisoformat(today))
    assert (found.isoformat(), rules.week_number(found)) == (monday, number)


@pytest.mark.postgres
def test_of_four_workers_at_once_one_notes_it(threads):
    def note():
        with unit_of_work():
            end_week_once(actor=Actor(channel="schedule"), monday=date(2026, 5, 4))

    assert threads([note] * 4) == [None] * 4
    assert EventLog.objects.filter(name=EventName.WEEK_ENDED).count() == 1
    assert Delivery.objects.count() == 0
