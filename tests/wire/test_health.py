"""/health asks nothing of anybody; /health/ready says what fails."""

from datetime import timedelta
from time import monotonic

import pytest
import time_machine
from celery import current_app
from django.core.cache import cache
from django.db import OperationalError

from audit import trail
from audit.names import EventName
from audit.relay import relay_once
from audit.seals import seal_once
from audit.trail import Actor, Event
from financebot import __version__, health
from financebot.common import clock, guards
from financebot.common.usecase import unit_of_work
from tests.http import Http


def test_health_answers_without_any_database():
    answer = Http().get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "environment": "test", "version": __version__}


@pytest.mark.django_db
def test_health_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Http().get("/health").status_code == 200


def test_ready_without_a_database_says_so_and_does_not_break():
    answer = Http().get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "failing")
    assert "database" in answer.json()["failing"]


@pytest.mark.django_db
def test_ready_when_all_is_there():
    answer = Http().get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "failing": {}})


@pytest.mark.django_db
def test_a_guard_that_is_gone_is_named():
    gone = next(guard for guard in guards.all_guards() if guard.name == "audit_event_is_append_only")
    guards.remove([gone])
    answer = Http().get("/health/ready")
    assert (answer.status_code, answer.json()["failing"]) == (503, {"guards": gone.name})
    guards.install([gone])
    assert Http().get("/health/ready").status_code == 200


def happen():
    with unit_of_work():
        trail.record(Event(EventName.LOGIN_FAILED, "user", 0, {}), actor=Actor())


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "status"), [(0, 200), (30, 200), (31, 503)])
def test_events_may_wait_for_the_relay_for_thirty_seconds(age, status):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        happen()
        traveller.shift(timedelta(seconds=age))
        answer = Http().get("/health/ready")
    assert answer.status_code == status
    assert list(answer.json()["failing"]) == (["relay"] if status == 503 else [])


@pytest.mark.django_db
def test_it_is_ready_again_once_the_relay_has_run():
    with time_machine.travel(clock.now(), tick=False) as traveller:
        happen()
        traveller.shift(timedelta(minutes=5))
        assert Http().get("/health/ready").status_code == 503
        relay_once()
        assert Http().get("/health/ready").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "status"), [(0, 200), (300, 200), (301, 503)])
def test_events_may_wait_for_their_seal_for_five_minutes(age, status):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        happen()
        relay_once()
        traveller.shift(timedelta(seconds=age))
        answer = Http().get("/health/ready")
        assert answer.status_code == status
        assert list(answer.json()["failing"]) == (["sealer"] if status == 503 else [])
        seal_once()
        assert Http().get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_a_quiet_day_needs_no_seal():
    with time_machine.travel(clock.now(), tick=False) as traveller:
        happen()
        relay_once()
        seal_once()
        traveller.shift(timedelta(days=1))
        assert Http().get("/health/ready").status_code == 200
        happen()
        relay_once()
        assert Http().get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_a_broker_that_nobody_listens_at_is_named_soon(monkeypatch):
    monkeypatch.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
    began = monotonic()
    answer = Http().get("/health/ready")
    assert (answer.status_code, list(answer.json()["failing"])) == (503, ["broker"])
    assert monotonic() - began < 5


@pytest.mark.django_db
def test_a_broker_of_files_without_its_folder_is_named(settings, tmp_path):
    settings.CELERY_BROKER_URL, settings.BROKER = "filesystem://localhost", tmp_path / "gone"
    assert list(Http().get("/health/ready").json()["failing"]) == ["broker"]


@pytest.mark.django_db
def test_a_cache_that_keeps_nothing_is_named(monkeypatch):
    monkeypatch.setattr(cache, "get", lambda *_: None)
    assert list(Http().get("/health/ready").json()["failing"]) == ["cache"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["database", "cache", "migrations", "guards", "relay", "sealer", "broker"])
def test_whatever_fails_is_named_and_its_words_are_kept_to_ourselves(name, monkeypatch):
    def fail():
        raise OperationalError("password=secret")

    monkeypatch.setitem(health.CHECKS, name, fail)
    answer = Http().get("/health/ready")
    assert (answer.status_code, list(answer.json()["failing"])) == (503, [name])
    assert b"secret" not in answer.content


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_counted(monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [1, 2])
    assert Http().get("/health/ready").json()["failing"] == {"migrations": "2 to apply"}
