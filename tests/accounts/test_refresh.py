"""POST /auth/refresh: rotation, a lost answer, reuse, and how long a session lasts."""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import LoginSession, User
from accounts.tokens import pair
from audit.names import EventName
from financebot.common import clock
from tests.accounts.tools import claims_of, events, log_in, refresh, signed, without
from tests.conftest import person
from tests.http import Http

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(ann):
    return pair(ann.session).refresh_token


def lives(answer):
    return Http(answer.json()["access_token"]).get("/users/me").status_code == 200


def test_a_refresh_gives_a_new_pair_that_works(first):
    answer = refresh(first)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "expires_in"}
    assert answer.json()["expires_in"] == 900
    assert answer.json()["refresh_token"] != first
    assert lives(answer)
    assert lives(refresh(answer.json()["refresh_token"]))


def test_a_refresh_is_remembered(first, ann):
    refresh(first)
    assert [event.entity_id for event in events(EventName.TOKEN_REFRESHED)] == [ann.session.pk]


@pytest.mark.parametrize("late", [0, 1, 3600], ids=["at once", "a second later", "an hour later"])
def test_a_lost_answer_is_given_again_byte_for_byte(ann, late):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        ann.session.refresh_from_db()
        first = pair(ann.session).refresh_token
        second = refresh(first).json()["refresh_token"]
        traveller.shift(timedelta(seconds=late))
        again = refresh(first)
        assert again.json()["refresh_token"] == second
        assert lives(again)
        assert lives(refresh(second))
    ann.session.refresh_from_db()
    assert ann.session.refresh_counter == 2


def test_an_older_token_ends_the_session_and_that_is_remembered(ann, first):
    second = refresh(first).json()["refresh_token"]
    third = refresh(second).json()
    answer = refresh(first)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert [event.entity_id for event in events(EventName.REFRESH_REUSED)] == [ann.session.pk]
    assert LoginSession.objects.get(pk=ann.session.pk).revoked_at is not None
    assert Http(third["access_token"]).get("/users/me").status_code == 401
    assert [refresh(token).status_code for token in (second, third["refresh_token"])] == [401, 401]


def test_reuse_ends_one_session_only(ann, first):
    other = log_in("ann@example.org").json()
    refresh(refresh(first).json()["refresh_token"])
    assert refresh(first).status_code == 401
    assert Http(other["access_token"]).get("/users/me").status_code == 200
    assert refresh(other["refresh_token"]).status_code == 200


def test_a_token_from_the_future_of_a_session_ends_it(ann, first):
    ahead = signed(claims_of(first) | {"n": 1})
    assert refresh(ahead).status_code == 401
    assert refresh(first).status_code == 401
    assert len(events(EventName.REFRESH_REUSED)) == 1


DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("idle", "status"), [(7 * DAY - SECOND, 200), (7 * DAY, 401), (8 * DAY, 401)])
def test_a_session_idle_for_seven_days_is_over(frozen, idle, status):
    token = pair(person().session).refresh_token
    frozen.shift(idle)
    assert refresh(token).status_code == status


def test_each_rotation_gives_seven_more_days(frozen):
    token = pair(person().session).refresh_token
    for _ in range(4):
        frozen.shift(7 * DAY - SECOND)
        answer = refresh(token)
        assert answer.status_code == 200
        token = answer.json()["refresh_token"]


@pytest.mark.parametrize(("last", "status"), [(30 * DAY - SECOND, 200), (30 * DAY, 401)])
def test_a_session_is_over_after_thirty_days_however_it_is_used(frozen, last, status):
    began = clock.now()
    token = pair(person().session).refresh_token
    for days in (6, 12, 18, 24):
        frozen.move_to(began + days * DAY)
        token = refresh(token).json()["refresh_token"]
    frozen.move_to(began + last)
    assert refresh(token).status_code == status


def test_no_access_token_outlives_the_thirty_days(frozen):
    began = clock.now()
    token = pair(person().session).refresh_token
    for days in (6, 12, 18, 24):
        frozen.move_to(began + days * DAY)
        token = refresh(token).json()["refresh_token"]
    frozen.move_to(began + 30 * DAY - SECOND)
    access = Http(refresh(token).json()["access_token"])
    assert access.get("/users/me").status_code == 200
    frozen.shift(SECOND)
    assert access.get("/users/me").status_code == 401


def test_a_rebuilt_token_is_no_longer_good_than_the_lost_one(frozen):
    first = pair(person().session).refresh_token
    frozen.shift(DAY)
    lost = refresh(first).json()["refresh_token"]
    frozen.shift(DAY)
    assert claims_of(refresh(first).json()["refresh_token"])["exp"] == claims_of(lost)["exp"]


def end_by_revoking(found):
    LoginSession.objects.filter(pk=found.session.pk).update(revoked_at=clock.now())


def end_by_deactivating(found):
    User.objects.filter(pk=found.user.pk).update(is_active=False)


def end_by_epoch(found):
    User.objects.filter(pk=found.user.pk).update(security_epoch=found.user.security_epoch + 1)


@pytest.mark.parametrize("end", [end_by_revoking, end_by_deactivating, end_by_epoch])
def test_the_refresh_token_of_a_dead_session_is_worth_nothing(ann, first, end):
    end(ann)
    answer = refresh(first)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    ann.session.refresh_from_db()
    assert ann.session.refresh_counter == 0


def test_an_access_token_is_no_refresh_token(ann):
    assert refresh(pair(ann.session).access_token).status_code == 401


def test_a_refresh_token_is_no_access_token(first):
    answer = Http(first).get("/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def forgeries():
    yield "another key", lambda c: signed(c, key="x" * 64)
    yield "no key", lambda c: signed(c, algorithm="none")
    yield "another algorithm", lambda c: signed(c, algorithm="HS512")
    yield "not a token", lambda c: "a.b.c"
    yield "not even dots", lambda c: "x"
    yield "letters beyond ASCII", lambda c: "é.ü.ß"
    yield "cut", lambda c: signed(c)[:-2]
    for name, value in {
        "aud": "other",
        "iss": "other",
        "typ": "access",
        "exp": 1,
        "sid": 0,
        "sub": 5,
    }.items():
        yield f"{name} {value}", lambda c, name=name, value=value: signed(c | {name: value})
    for name in ("aud", "iss", "typ", "exp", "sid", "n", "jti"):
        yield f"without {name}", lambda c, name=name: signed(without(c, name))
    for name in ("sid", "n"):
        for value in (
            "abc",
            "",
            None,
            [],
            {},
            -1,
            2**63,
            2**64,
            -(2**70),
            "9" * 5000,
            float("inf"),
            float("nan"),
        ):
            yield f"{name} {str(value)[:9]}", lambda c, name=name, value=value: signed(c | {name: value})


FORGERIES = dict(forgeries())


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_refresh_token_is_refused(first, forge):
    answer = refresh(forge(claims_of(first)))
    assert (answer.status_code, answer.json()["code"]) in {(401, "invalid_token"), (400, "invalid")}
    assert not events(EventName.TOKEN_REFRESHED)


@pytest.mark.parametrize("forge", [FORGERIES["another key"], FORGERIES["no key"], FORGERIES["another algorithm"]])
def test_a_forger_does_not_end_anybodys_session(first, forge):
    refresh(forge(claims_of(first) | {"n": 7}))
    assert refresh(first).status_code == 200


@pytest.mark.parametrize("token", [None, [], "", "x" * 4001, "\x00"])
def test_what_is_no_text_of_a_token_has_the_wrong_shape(token, db):
    answer = refresh(token)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["refresh_token"])


FIFTY = 50


@pytest.mark.postgres
def test_fifty_refreshes_at_once_rotate_once_and_get_one_successor(threads):
    found = person()
    token = pair(found.session).refresh_token
    answers = threads([lambda: refresh(token)] * FIFTY)
    assert [answer.status_code for answer in answers] == [200] * FIFTY
    [successor] = {answer.json()["refresh_token"] for answer in answers}
    found.session.refresh_from_db()
    assert (found.session.refresh_counter, found.session.revoked_at) == (1, None)
    assert lives(refresh(successor))


@pytest.mark.postgres
def test_a_lost_answer_asked_for_fifty_times_at_once_is_given_fifty_times(threads):
    found = person()
    first = pair(found.session).refresh_token
    lost = refresh(first).json()["refresh_token"]
    answers = threads([lambda: refresh(first)] * FIFTY)
    assert [answer.status_code for answer in answers] == [200] * FIFTY
    assert {answer.json()["refresh_token"] for answer in answers} == {lost}
    assert not events(EventName.REFRESH_REUSED)
    assert lives(refresh(lost))


@pytest.mark.postgres
def test_a_used_token_shown_fifty_times_at_once_ends_its_session_once(threads):
    found = person()
    first = pair(found.session).refresh_token
    latest = refresh(refresh(first).json()["refresh_token"]).json()
    answers = threads([lambda: refresh(first)] * FIFTY)
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "invalid_token")}
    assert [event.entity_id for event in events(EventName.REFRESH_REUSED)] == [found.session.pk]
    assert refresh(latest["refresh_token"]).status_code == 401
    assert Http(latest["access_token"]).get("/users/me").status_code == 401


def test_a_refresh_that_names_another_device_is_refused(db):
    person(email="ann@example.org")
    person(email="eve@example.org")
    mine, theirs = (log_in(f"{name}@example.org").json() for name in ("ann", "eve"))
    other = Http().post(
        "/auth/refresh", headers={"X-Device-Id": theirs["device_id"]}, refresh_token=mine["refresh_token"]
    )
    assert (other.status_code, other.json()["code"]) == (401, "invalid_token")
    own = Http().post("/auth/refresh", headers={"X-Device-Id": mine["device_id"]}, refresh_token=mine["refresh_token"])
    assert own.status_code == 200
    assert refresh(own.json()["refresh_token"]).status_code == 200
