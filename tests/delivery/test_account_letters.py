"""Letters about somebody's own account: who gets one, what it says, how many there are, and what stays out of it."""

import logging
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from accounts.models import CodePurpose, OneTimeCode, User
from audit import trail
from audit.models import EventLog
from audit.names import EventName
from audit.trail import Actor, Event
from delivery import alerts, words
from delivery.models import Delivery
from financebot.common import clock
from financebot.common.text import one_line
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import log_in, refresh
from tests.conftest import person
from tests.delivery.helpers import deliver, html, link_in, mailed_token, relay, states
from tests.delivery.test_letters import HEADERS, HOSTILE, headers_of
from tests.http import Http

pytestmark = pytest.mark.django_db

NOON = "2026-05-02T12:00:00Z"


@pytest.fixture
def ann():
    return person(email="ann@example.org", first_name="Ann")


@pytest.fixture
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def happen(name, user, times=1, **actor):
    for _ in range(times):
        with unit_of_work():
            trail.record(Event(name, "user", user.pk, {}), actor=Actor(**actor))


@pytest.mark.parametrize("name", sorted(alerts.TOLD))
def test_of_each_event_there_is_a_letter_with_text_markup_and_a_link(ann, name, noon):
    happen(name, ann.user, address="203.0.113.7", user_agent="Firefox")
    [letter] = deliver()
    assert letter.to == ["ann@example.org"]
    assert str(words.ABOUT_ACCOUNT[name].subject) == letter.subject
    assert letter.body.startswith("Hello Ann,\n\n")
    assert link_in(letter).startswith("http://127.0.0.1:8000/auth/")
    assert "The link works once, until May " in letter.body
    assert ("203.0.113.7" in letter.body, "203.0.113.7" in html(letter)) == (name in alerts.ALERTS,) * 2
    assert "%(" not in letter.body + html(letter)


def test_every_event_that_is_told_has_its_words():
    assert set(words.ABOUT_ACCOUNT) == alerts.TOLD


@pytest.mark.parametrize(
    ("names", "purpose", "page"),
    [
        (alerts.ALERTS, CodePurpose.NOT_ME, "/auth/not-me"),
        (alerts.RESETS, CodePurpose.PASSWORD_RESET, "/auth/password/reset"),
        (alerts.VERIFICATIONS, CodePurpose.EMAIL_VERIFICATION, "/auth/email/verify"),
    ],
)
def test_a_link_is_good_for_one_thing_and_one_person(ann, names, purpose, page):
    for name in names:
        happen(name, ann.user)
    letters = deliver()
    assert len(letters) == len(names)
    assert {link_in(letter) for letter in letters} == {
        f"http://127.0.0.1:8000{page}?token={mailed_token(letter)}" for letter in letters
    }
    assert set(OneTimeCode.objects.values_list("purpose", "subject")) == {(purpose, ann.user.pk)}


def test_the_whole_letter_of_an_alert(ann, noon):
    User.objects.filter(pk=ann.user.pk).update(timezone="Asia/Tokyo")
    happen(EventName.DEVICE_ADDED, ann.user, address="203.0.113.7", user_agent="Firefox on Linux")
    [letter] = deliver()
    assert letter.subject == "A log-in from a new device"
    assert (
        letter.body
        == f"""Hello Ann,

Your account was opened on May 2, 2026, 9 p.m. (Asia/Tokyo) by a device that is new to it.
Network: 203.0.113.7
Device: Firefox on Linux

This was not me: log everybody out and lock the account:

{link_in(letter)}

The link works once, until May 9, 2026, 9 p.m. (Asia/Tokyo).
If it was you, there is nothing to do.
"""
    )


def test_a_refresh_token_that_comes_twice_is_told_to_its_owner(ann):
    first = log_in("ann@example.org").json()["refresh_token"]
    token = first
    for _ in range(3):
        token = refresh(token).json()["refresh_token"]
    assert refresh(first).status_code == 401
    assert "A log-in of yours was ended" in [letter.subject for letter in deliver()]


def test_a_changed_password_is_told(ann):
    ann.http.post("/auth/password/change", current_password="correct horse battery", new_password="velvet otter canyon")
    [letter] = deliver()
    assert letter.subject == "Your password was changed"
    assert "velvet" not in letter.body


def test_of_one_kind_there_are_five_a_day_and_the_next_day_one_about_all_others(ann, noon):
    happen(EventName.LOCKED_OUT, ann.user, times=12)
    happen(EventName.DEVICE_ADDED, ann.user)
    assert len(deliver()) == 5 + 1
    noon.move_to("2026-05-02T18:00:00Z", tick=False)
    happen(EventName.LOCKED_OUT, ann.user, times=3)
    assert deliver() == []
    assert list(Delivery.objects.filter(gathers__gt=0).values_list("gathers", "state")) == [(10, "waiting")]
    noon.move_to("2026-05-03T00:00:00Z", tick=False)
    [digest] = deliver()
    assert digest.subject == "Too many wrong log-ins"
    assert "happened 10 times in all" in digest.body
    assert link_in(digest)
    happen(EventName.LOCKED_OUT, ann.user)
    assert len(deliver()) == 1
    noon.move_to("2026-05-05T00:00:00Z", tick=False)
    assert deliver() == []


def test_what_happens_while_a_digest_is_being_sent_is_not_lost(ann, noon):
    happen(EventName.LOCKED_OUT, ann.user, times=6)
    deliver()
    Delivery.objects.filter(gathers=1).update(attempts=1)
    happen(EventName.LOCKED_OUT, ann.user)
    relay()
    assert sorted(Delivery.objects.filter(gathers__gt=0).values_list("gathers", "attempts")) == [(1, 0), (1, 1)]


def test_five_a_day_is_for_each_person_apart(ann, noon):
    ben = person(email="ben@example.org")
    happen(EventName.LOCKED_OUT, ann.user, times=6)
    happen(EventName.LOCKED_OUT, ben.user, times=2)
    assert [letter.to[0] for letter in deliver()] == ["ann@example.org"] * 5 + ["ben@example.org"] * 2


def test_links_that_are_asked_for_too_often_are_not_sent_while_those_that_were_still_work(ann, noon):
    for _ in range(7):
        Http().post("/auth/password/reset", email="ann@example.org")
    letters = deliver()
    assert len(letters) == 5
    noon.shift(timedelta(minutes=59))
    Http().post("/auth/password/reset", email="ann@example.org")
    assert deliver() == []
    token = mailed_token(letters[0])
    body = {"token": token, "new_password": "velvet otter canyon"}
    assert Http().post("/auth/password/reset/confirm", **body).status_code == 204
    noon.shift(timedelta(minutes=2))
    Http().post("/auth/password/reset", email="ann@example.org")
    assert [letter.subject for letter in deliver()].count("Choose a new password") == 1


@pytest.mark.parametrize("fields", [{"is_active": False}, {"email": None}])
@pytest.mark.parametrize("when", ["before the number", "after it"])
def test_who_cannot_be_reached_gets_none(ann, fields, when):
    happen(EventName.LOCKED_OUT, ann.user)
    if when == "after it":
        relay()
    User.objects.filter(pk=ann.user.pk).update(**fields)
    assert deliver() == []
    assert states() == (["dropped"] if when == "after it" else [])


def test_events_about_nobody_write_nothing(ann):
    Http().post("/auth/password/reset", email="nobody@example.org")
    assert deliver() == []
    assert not Delivery.objects.exists()


def test_what_happened_long_ago_is_not_told_as_if_it_were_today(ann, noon):
    happen(EventName.LOCKED_OUT, ann.user)
    noon.shift(timedelta(days=7))
    happen(EventName.DEVICE_ADDED, ann.user)
    assert [letter.subject for letter in deliver()] == ["A log-in from a new device"]


def test_an_address_that_is_proven_meanwhile_needs_no_link(ann):
    happen(EventName.VERIFICATION_ASKED, ann.user)
    relay()
    User.objects.filter(pk=ann.user.pk).update(email_verified_at=clock.now())
    assert (deliver(), states()) == ([], ["dropped"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_and_no_device_makes_a_header_a_line_or_markup(ann, hostile):
    User.objects.filter(pk=ann.user.pk).update(first_name=hostile)
    happen(EventName.DEVICE_ADDED, ann.user, user_agent=hostile, address="203.0.113.7")
    [letter] = deliver()
    assert letter.recipients() == ["ann@example.org"]
    assert set(headers_of(letter)) == HEADERS
    assert len(letter.body.splitlines()) == 12
    assert letter.body.startswith(f"Hello {one_line(hostile)},\n")
    assert "<script" not in html(letter)
    assert "<img" not in html(letter)
    assert link_in(letter)


def test_an_erased_event_says_what_it_still_can(ann):
    happen(EventName.DEVICE_ADDED, ann.user, address="203.0.113.7")
    relay()
    EventLog.objects.filter(name=EventName.DEVICE_ADDED).update(private=None)
    [letter] = deliver()
    assert "203.0.113.7" not in letter.body


def test_neither_token_nor_address_is_in_a_log_or_a_row(ann, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", refuse)
        happen(EventName.PASSWORD_RESET_ASKED, ann.user)
        deliver()
    assert (states(), "OSError" in caplog.text) == (["waiting"], True)
    Delivery.objects.update(next_try_at=clock.now())
    [letter] = deliver()
    rows = str([list(model.objects.values()) for model in (OneTimeCode, Delivery, EventLog)])
    for word in (mailed_token(letter), "ann@example.org"):
        assert word not in caplog.text
        assert word not in rows


def refuse(letter):
    raise OSError(f"no such mailbox: {letter.to} {letter.body}")


def test_killed_between_code_and_sending_another_letter_follows(ann, noon, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(letter):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailMultiAlternatives, "send", kill)
        happen(EventName.PASSWORD_RESET_ASKED, ann.user)
        with pytest.raises(Killed):
            deliver()
    assert OneTimeCode.objects.count() == 1
    assert deliver() == []
    noon.shift(timedelta(minutes=1))
    [letter] = deliver()
    body = {"token": mailed_token(letter), "new_password": "velvet otter canyon"}
    assert Http().post("/auth/password/reset/confirm", **body).status_code == 204


def test_a_letter_speaks_the_language_of_its_reader(ann, noon):
    User.objects.filter(pk=ann.user.pk).update(language="de")
    happen(EventName.DEVICE_ADDED, ann.user)
    [letter] = deliver()
    assert "9. Mai 2026" in letter.body
    assert '<html lang="de">' in html(letter)


def test_a_log_in_from_a_new_device_and_a_lockout_are_told_as_they_happen(ann):
    log_in("ann@example.org")
    [letter] = deliver()
    assert letter.subject == "A log-in from a new device"
    for _ in range(6):
        log_in("ann@example.org", "not this one")
    assert [letter.subject for letter in deliver()] == ["Too many wrong log-ins"]
    for _ in range(6):
        log_in("nobody@example.org", "not this one")
    assert deliver() == []
