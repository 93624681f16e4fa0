"""GET /auth/sessions, DELETE /auth/sessions/{id}, POST /auth/logout: what ends, ends with the next request."""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import LoginSession, User
from audit.names import EventName
from financebot.common import clock
from tests.accounts.tools import events, log_in, refresh, said
from tests.conftest import person
from tests.http import Http

pytestmark = pytest.mark.django_db


@pytest.fixture
def eve(db):
    return person(email="eve@example.org")


def enter(email="ann@example.org", **headers):
    tokens = log_in(email, **headers).json()
    return Http(tokens["access_token"]), tokens["refresh_token"]


def alive(http):
    return http.get("/users/me").status_code == 200


def test_the_list_shows_ones_own_sessions_newest_first_and_which_is_this_one(ann, eve):
    phone, _ = enter(**{"User-Agent": "phone/1", "X-Client-Id": "app"})
    rows = phone.get("/auth/sessions").json()["results"]
    assert [(row["device"], row["client"], row["current"]) for row in rows] == [
        ("phone/1", "app", True),
        ("", "", False),
    ]
    assert set(rows[0]) == {"id", "client", "device", "network", "created_at", "last_used_at", "current"}
    assert rows[0]["network"] == "127.0.0.1"
    assert [row["current"] for row in ann.http.get("/auth/sessions").json()["results"]] == [False, True]


def test_a_session_that_was_ended_is_not_listed(ann):
    phone, _ = enter()
    phone.post("/auth/logout")
    assert [row["id"] for row in ann.http.get("/auth/sessions").json()["results"]] == [ann.session.pk]


def test_a_session_that_is_revoked_dies_with_the_next_request(ann):
    phone, phone_refresh = enter()
    phone_id = LoginSession.objects.latest("pk").pk
    assert alive(phone)
    assert ann.http.delete(f"/auth/sessions/{phone_id}").status_code == 204
    assert not alive(phone)
    assert refresh(phone_refresh).status_code == 401
    assert alive(ann.http)
    assert [event.entity_id for event in events(EventName.SESSION_REVOKED)] == [phone_id]


def test_the_session_under_way_may_be_revoked_too(ann):
    assert ann.http.delete(f"/auth/sessions/{ann.session.pk}").status_code == 204
    assert not alive(ann.http)


def test_anothers_session_is_as_if_it_did_not_exist(ann, eve):
    theirs, nobodys = (said(eve.http.delete(f"/auth/sessions/{pk}")) for pk in (ann.session.pk, 987_654_321))
    assert theirs == nobodys
    assert theirs[0] == 404
    assert alive(ann.http)
    assert not events(EventName.SESSION_REVOKED)


def test_a_session_that_has_ended_cannot_be_ended_again(ann):
    enter()
    phone_id = LoginSession.objects.latest("pk").pk
    assert [ann.http.delete(f"/auth/sessions/{phone_id}").status_code for _ in range(2)] == [204, 404]


def test_logging_out_ends_this_session_alone(ann, eve):
    phone, phone_refresh = enter()
    answer = phone.post("/auth/logout")
    assert (answer.status_code, list(answer.json())) == (200, ["message"])
    assert [alive(http) for http in (phone, ann.http, eve.http)] == [False, True, True]
    assert refresh(phone_refresh).status_code == 401
    assert len(events(EventName.LOGGED_OUT)) == 1


def test_logging_out_everywhere_ends_all_of_mine_and_nobody_elses(ann, eve):
    phone, phone_refresh = enter()
    assert ann.http.post("/auth/logout", all=True).status_code == 200
    assert [alive(http) for http in (phone, ann.http, eve.http)] == [False, False, True]
    assert refresh(phone_refresh).status_code == 401
    assert log_in("ann@example.org").status_code == 200


def test_a_second_log_out_needs_a_log_in(ann):
    http = ann.http
    assert [http.post("/auth/logout").status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"security_epoch": 1}],
    ids=["deactivated", "another epoch"],
)
def test_all_sessions_die_with_a_change_of_the_account(ann, eve, change):
    phone, _ = enter()
    User.objects.filter(pk=ann.user.pk).update(**change)
    assert [alive(http) for http in (phone, ann.http, eve.http)] == [False, False, True]


def test_a_dead_session_is_told_to_log_in_again(ann):
    http = ann.http
    http.post("/auth/logout")
    answer = http.get("/users/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/auth/sessions", "/users/me"])
def test_who_has_not_logged_in_sees_nothing(db, path):
    answer = Http().get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/step-up", "/auth/password/change"])
def test_who_has_not_logged_in_changes_nothing(db, path):
    assert Http().post(path).status_code == 401


def test_the_last_use_is_noted_at_most_once_a_minute(ann):
    began = clock.now().replace(microsecond=0)
    LoginSession.objects.filter(pk=ann.session.pk).update(last_used_at=began)
    noted = []
    with time_machine.travel(began, tick=False) as traveller:
        http = ann.http
        for second in (0, 59, 60, 61, 119, 120):
            traveller.move_to(began + timedelta(seconds=second))
            assert alive(http)
            ann.session.refresh_from_db()
            noted.append(int((ann.session.last_used_at - began).total_seconds()))
    assert noted == [0, 0, 60, 60, 60, 120]
