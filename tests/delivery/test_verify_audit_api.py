"""GET /families/{id}/audit/verify: an owner asks whether the family's events are those that were written and sealed."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import verify
from audit.models import AuditSeal, EventLog
from audit.seals import seal_once
from financebot.common import guards
from tests.delivery.helpers import relay

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(house):
    """The cast's events in seals of five, with the guards away for who changes them."""
    relay()
    guards.remove(guards.all_guards())
    return house


@pytest.fixture(autouse=True)
def small_seals(monkeypatch):
    monkeypatch.setattr("audit.seals.BATCH", 5)


@pytest.fixture
def seals(sealed):
    while seal_once():
        pass
    return sealed


def asked(house, query="", who="owner"):
    answer = house.people[who].http.get(f"/families/{house.family.pk}/audit/verify{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def wrong_at(house):
    found = asked(house)
    assert found["whole"] is (found["wrong_at"] == [])
    return found["wrong_at"]


def at(position):
    return EventLog.objects.filter(position=position)


def own(house, skip=0):
    """A position of an event of the family's."""
    return EventLog.objects.in_family(house.family.pk).order_by("position")[skip].position


def foreign(house):
    return EventLog.objects.exclude(family_id=house.family.pk).order_by("position").first().position


@pytest.mark.parametrize("who", ["owner", "reader"])
def test_all_is_whole_and_it_is_said_how_far_that_was_looked_at(seals, who):
    last = AuditSeal.objects.latest_one().last
    assert asked(seals, who=who) == {
        "whole": True,
        "first": 1,
        "last": last,
        "sealed_to": last,
        "wrong_at": [],
        "next_after": None,
    }


def test_before_anything_is_sealed_there_is_nothing_to_say(sealed):
    found = asked(sealed)
    assert (found["whole"], found["first"], found["last"], found["next_after"]) == (True, 1, 0, None)


def test_it_goes_on_part_by_part(seals, monkeypatch):
    monkeypatch.setattr("audit.verify.PART", 12)
    last, after, parts = AuditSeal.objects.latest_one().last, 0, []
    while after is not None:
        found = asked(seals, f"?after={after}")
        parts.append((found["first"], found["last"]))
        after = found["next_after"]
    assert parts[:2] == [(1, 10), (11, 20)]
    assert parts[-1][1] == last
    assert asked(seals, "?after=12")["first"] == 11, "a seal is looked at as a whole"
    at(own(seals)).update(actor_id=99)
    assert [asked(seals, f"?after={first - 1}")["whole"] for first, _ in parts].count(False) == 1


def test_a_changed_event_is_named(seals):
    position = own(seals, 3)
    at(position).update(changes={"amount": ["1", "2"]})
    assert wrong_at(seals) == [position]


def test_an_event_that_was_moved_to_another_family_or_from_one_is_named(seals):
    away, hither = own(seals, 2), foreign(seals)
    at(away).update(family_id=None)
    at(hither).update(family_id=seals.family.pk)
    assert wrong_at(seals) == sorted([away, hither])


def test_a_missing_event_is_named_whosever_it_was(seals):
    position = own(seals, 4)
    at(position).first().subjects.all().delete()
    at(position).delete()
    assert wrong_at(seals) == [position]


def test_private_parts_are_looked_at_and_others_are_not_spoken_of(seals):
    mine, others = own(seals, 1), foreign(seals)
    for position in (mine, others):
        at(position).update(private={"address": "10.0.0.1"})
    assert wrong_at(seals) == [mine]


@pytest.mark.parametrize("change", [{"mac": "0" * 64}, {"digest": "0" * 64}])
def test_a_seal_that_was_changed_is_named(seals, change):
    AuditSeal.objects.filter(first=6).update(**change)
    assert wrong_at(seals)[0] == 6


def test_events_that_were_changed_and_sealed_anew_without_the_key_are_named(seals, settings):
    position = AuditSeal.objects.latest_one().first
    AuditSeal.objects.filter(first=position).delete()
    settings.SEAL_KEY = "of somebody who writes rows and has no key"
    seal_once()
    settings.SEAL_KEY = "the key that everything else was sealed with"
    assert position in wrong_at(seals)


def test_a_missing_seal_is_named_by_what_follows_it(seals):
    AuditSeal.objects.filter(first=6).delete()
    assert asked(seals)["next_after"] == 5
    found = asked(seals, "?after=5")
    assert (found["first"], found["wrong_at"]) == (11, [11])


def test_at_most_a_hundred_are_named(seals, monkeypatch):
    monkeypatch.setattr("audit.verify.WRONG_MAX", 3)
    EventLog.objects.update(channel="bot")
    assert len(wrong_at(seals)) == 3


def test_it_takes_as_many_statements_however_much_there_is_of_a_part(seals):
    def statements(query):
        with CaptureQueriesContext(connection) as found:
            asked(seals, query)
        return len(found)

    assert statements("") == statements("?after=20")


@pytest.mark.parametrize("after", ["-1", "x", str(2**63)])
def test_a_position_that_is_none_is_refused(seals, after):
    answer = seals.owner.http.get(f"/families/{seals.family.pk}/audit/verify?after={after}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["after"])


def test_an_installation_that_is_verified_whole_says_the_same(seals):
    at(own(seals)).update(actor_id=99)
    assert [found.position for found in verify.verify()] == wrong_at(seals)
