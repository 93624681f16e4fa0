"""One row a request, written in bulk, never at the request's cost."""

import logging
import queue

import pytest
from django.db import DatabaseError, OperationalError, connection

from audit import access_log
from audit.access_log import Writer, writer
from audit.models import AccessLog
from financebot.common import clock
from tests.conftest import founder_of
from tests.http import Http

IN_PROCESS = """
import sys, django
django.setup()
from audit.access_log import writer
from audit.models import AccessLog
from financebot.common import clock
for n in range({rows}):
    writer.add(AccessLog(method="GET", route="r", status=200, duration_ms=n, address="192.0.2.1", request_id=str(n),
                         created_at=clock.now()))
print("added", flush=True)
{then}
"""
COUNT = "SELECT count(*), count(DISTINCT request_id) FROM audit_accesslog"


def row(number=0, **fields):
    return AccessLog(
        method="GET",
        route="r",
        status=200,
        duration_ms=number,
        address="192.0.2.1",
        request_id=str(number),
        created_at=clock.now(),
        **fields,
    )


@pytest.fixture(autouse=True)
def _nothing_left_from_other_tests(monkeypatch):
    monkeypatch.setattr(writer, "_rows", queue.Queue(access_log.CAPACITY))
    monkeypatch.setattr(writer, "lost", 0)


@pytest.fixture
def logged(db):
    def read():
        writer.flush()
        return list(AccessLog.objects.order_by("pk"))

    return read


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(access_log, "CAPACITY", 3)
    return Writer()


def test_a_request_leaves_one_row_with_who_what_and_how_it_ended(logged):
    owner = founder_of()
    family = owner.membership.family_id
    answer = owner.http.get(
        f"/families/{family}",
        **{"X-Client-Id": "phone", "User-Agent": "Browser", "X-Request-Id": "request-77"},
    )
    [found] = logged()
    assert (found.method, found.route, found.status) == ("GET", "api/v1/families/<id:family_pk>", 200)
    assert (found.user_id, found.family_id, found.address) == (owner.user.pk, family, "127.0.0.1")
    assert (found.client, found.user_agent, found.request_id) == ("phone", "Browser", "request-77")
    assert found.request_id == answer["X-Request-Id"]


def test_every_request_leaves_a_row_however_it_ends(logged):
    owner = founder_of()
    family = owner.membership.family_id
    owner.http.post("/wallets", name="Cash", type="cash")
    owner.http.post("/wallets", name="Cash", type="gold")
    owner.http.get("/families/999999")
    Http().get(f"/families/{family}")
    Http("nonsense").get(f"/families/{family}")
    found = [(r.method, r.route, r.status, r.user_id, r.family_id) for r in logged()]
    one, user = "api/v1/families/<id:family_pk>", owner.user.pk
    assert found == [
        ("POST", "api/v1/wallets", 201, user, family),
        ("POST", "api/v1/wallets", 400, user, family),
        ("GET", one, 404, user, None),
        ("GET", one, 401, None, None),
        ("GET", one, 401, None, None),
    ]


def test_a_method_that_a_route_does_not_know_is_logged_under_the_route(logged):
    assert founder_of().http.put("/families", name="x").status_code == 405
    assert [(r.route, r.status) for r in logged()] == [("api/v1/families", 405)]


def test_nothing_that_stands_in_a_url_is_kept(logged, client):
    owner = founder_of()
    owner.http.get(f"/families/{owner.membership.family_id}/members?cursor=SECRET")
    owner.http.get("/families/SECRET")
    client.get("/SECRET?jwt_token=SECRET")
    rows = logged()
    assert len(rows) == 3
    assert "SECRET" not in str([vars(r) for r in rows])
    assert rows[-1].route == "(unknown)"


def test_what_a_machine_asks_all_day_is_not_logged(logged, client):
    for path in ("/health", "/health/ready", "/static/x.css"):
        client.get(path)
    assert logged() == []


def test_what_a_stranger_sends_never_breaks_the_log(logged):
    headers = {"User-Agent": "x" * 5000, "X-Client-Id": "c" * 500, "X-Request-Id": "é" * 200}
    Http().get("/users/me", **headers)
    [found] = logged()
    assert (len(found.user_agent), found.client) == (300, "")
    assert len(found.request_id) == 32


def test_the_answer_does_not_wait_for_the_database(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        Http().get("/users/me")
    assert not AccessLog.objects.exists()
    assert writer.flush() == 1


def test_a_full_queue_counts_what_it_loses_and_keeps_what_it_has(db, small):
    for number in range(5):
        small.add(row(number))
    assert small.lost == 2
    assert small.flush() == 3
    assert list(AccessLog.objects.order_by("pk").values_list("duration_ms", flat=True)) == [0, 1, 2]
    small.add(row(9))
    assert (small.lost, small.flush()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_losses_are_told_once(small, caplog):
    for number in range(5):
        small.add(row(number))
    with caplog.at_level(logging.WARNING, "financebot.access_log"):
        small._flush_quietly()
        small._flush_quietly()
    assert [record.message for record in caplog.records] == ["2 rows lost: the queue was full"]


def test_a_flush_writes_all_in_bulks(db, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(access_log, "BULK", 10)
    found = Writer()
    for number in range(25):
        found.add(row(number))
    with django_assert_num_queries(3):
        assert found.flush() == 25
    assert found.flush() == 0
    assert AccessLog.objects.count() == 25


@pytest.mark.django_db(transaction=True)
def test_rows_that_the_database_refuses_are_kept_and_written_later():
    found = Writer()
    for number in range(3):
        found.add(row(number))

    def away(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away), pytest.raises(DatabaseError):
        found.flush()
    assert not AccessLog.objects.exists()
    assert found.flush() == 3
    assert sorted(AccessLog.objects.values_list("duration_ms", flat=True)) == [0, 1, 2]
    assert found.lost == 0


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_does_not_end_the_writer(caplog):
    found = Writer()
    found.add(row())

    def away(execute, sql, params, many, context):
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away), caplog.at_level(logging.WARNING, "financebot.access_log"):
        found._flush_quietly()
    assert "the database is away" in caplog.text
    found._flush_quietly()
    assert AccessLog.objects.count() == 1


def test_no_thread_starts_where_the_settings_say_so(small):
    small.add(row())
    assert small._thread is None


def test_the_thread_writes_while_the_process_lives(installation):
    process = installation.start("-c", IN_PROCESS.format(rows=3, then="sys.stdin.read()"))
    assert process.stdout.readline().strip() == "added"
    installation.until(COUNT, [(3, 3)])
    assert process.poll() is None
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")


@pytest.mark.parametrize("then", ["", "sys.exit(0)"])
def test_what_waits_is_written_when_the_process_ends(installation, then):
    assert installation.run("-c", IN_PROCESS.format(rows=450, then=then)).strip() == "added"
    assert installation.ask(COUNT) == [(450, 450)]


def test_what_was_added_after_the_first_writing_is_written_too(installation):
    more = """
sys.stdin.readline()
writer.add(AccessLog(method="GET", route="r", status=200, duration_ms=1, address="a", request_id="late",
                     created_at=clock.now()))
"""
    process = installation.start("-c", IN_PROCESS.format(rows=1, then=more))
    installation.until(COUNT, [(1, 1)])
    process.communicate("\n", timeout=30)
    assert process.returncode == 0
    assert installation.ask(COUNT) == [(2, 2)]
