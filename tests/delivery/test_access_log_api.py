"""Who asked what of a family: all of it for an owner, one's own for others."""

import queue

import pytest

from audit.access_log import CAPACITY, writer
from audit.models import AccessLog
from tests.http import Http

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_left_from_other_tests(monkeypatch):
    monkeypatch.setattr(writer, "_rows", queue.Queue(CAPACITY))


def log(someone, family, query=""):
    answer = someone.http.get(f"/access-log?family_id={family}{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


@pytest.fixture
def visited(house):
    """Each of the family asked for it once, a stranger and nobody tried."""
    for name in ("owner", "adult", "member", "child", "reader", "stranger"):
        house.people[name].http.get(f"/families/{house.family.pk}", **{"User-Agent": name, "X-Client-Id": "phone"})
    Http().get(f"/families/{house.family.pk}")
    house.stranger.http.get(f"/families/{house.stranger.membership.family_id}")
    writer.flush()
    return house


def test_an_owner_sees_the_requests_of_all_on_the_family_newest_first(visited):
    rows = log(visited.owner, visited.family.pk)["results"]
    assert [row["user_agent"] for row in rows] == ["reader", "child", "member", "adult", "owner"]
    assert {row["family_id"] for row in rows} == {visited.family.pk}


@pytest.mark.parametrize("who", ["adult", "member"])
def test_others_see_their_own(visited, who):
    rows = log(visited.people[who], visited.family.pk)["results"]
    assert [(row["user_agent"], row["user_id"]) for row in rows] == [(who, visited.people[who].user.pk)]


def test_a_row_has_the_shape_of_the_design(visited):
    row = log(visited.adult, visited.family.pk)["results"][0]
    stored = AccessLog.objects.get(user_agent="adult")
    assert row == {
        "id": stored.pk,
        "method": "GET",
        "route": "api/v1/families/<id:family_pk>",
        "status": 200,
        "duration_ms": stored.duration_ms,
        "user_id": visited.adult.user.pk,
        "family_id": visited.family.pk,
        "client_id": "phone",
        "ip": "127.0.0.1",
        "user_agent": "adult",
        "request_id": stored.request_id,
        "created_at": row["created_at"],
    }
    assert row["created_at"].endswith("Z")


@pytest.mark.parametrize("who", ["child", "reader"])
def test_children_and_readers_are_refused_by_name(visited, who):
    answer = visited.people[who].http.get(f"/access-log?family_id={visited.family.pk}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "view_access_log" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["stranger", "suspended", "removed"])
def test_outsiders_find_no_family(visited, who):
    assert visited.people[who].http.get(f"/access-log?family_id={visited.family.pk}").status_code == 404


def test_nobody_reads_it_without_logging_in(visited):
    assert Http().get(f"/access-log?family_id={visited.family.pk}").status_code == 401


def test_what_a_member_does_in_another_family_is_not_shown(visited):
    [row] = log(visited.stranger, visited.stranger.membership.family_id)["results"]
    assert row["family_id"] == visited.stranger.membership.family_id


def test_refusals_of_members_are_logged_too(house):
    house.child.http.post("/wallets", family_id=house.family.pk, name="Mine", type="cash")
    writer.flush()
    [row] = log(house.owner, house.family.pk)["results"]
    assert (row["method"], row["route"], row["status"], row["user_id"]) == (
        "POST",
        "api/v1/wallets",
        403,
        house.child.user.pk,
    )


def test_no_id_of_a_private_wallet_stands_in_it(house):
    house.adult.http.get(f"/wallets/{house.wallets['secret'].pk}")
    writer.flush()
    [row] = log(house.owner, house.family.pk)["results"]
    assert row["route"] == "api/v1/wallets/<id:pk>"


def test_pages_hold_each_row_once(visited):
    expected = [row["id"] for row in log(visited.owner, visited.family.pk)["results"]]
    found, url = [], f"/access-log?family_id={visited.family.pk}&page_size=2"
    while url:
        page = visited.owner.http.get(url.replace("http://testserver/api/v1", "")).json()
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    assert found == expected


def test_an_unknown_parameter_is_refused(visited):
    assert visited.owner.http.get(f"/access-log?family_id={visited.family.pk}&user_id=1").status_code == 400


def test_a_list_costs_the_same_however_long_it_is(visited, django_assert_num_queries):
    client = visited.owner.http
    for size in (1, 50):
        with django_assert_num_queries(3):
            client.get(f"/access-log?family_id={visited.family.pk}&page_size={size}")
