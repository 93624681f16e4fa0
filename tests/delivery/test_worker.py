"""Tasks: what the clock starts, how the relay pokes, and a worker of flesh and blood on a broker of files."""

import signal
import time
from datetime import timedelta

import pytest
from celery import Celery, current_app
from django.conf import settings
from django.db import OperationalError

from accounts import codes
from accounts.models import CodePurpose, OneTimeCode
from delivery import poke as poking
from delivery import tasks
from delivery.models import Delivery
from delivery.poke import poke
from financebot import celery_app
from financebot.common import clock
from ledger.models import Transaction
from tests.delivery.helpers import ask, relay, states

A_PENDING_ENTRY = """
import django
django.setup()
from tests.conftest import build_house
from tests.delivery.helpers import ask
ask(build_house())
"""
WORKER = ("-m", "celery", "--quiet", "--app", "financebot", "worker", "--loglevel", "INFO")


@pytest.fixture
def sent(monkeypatch):
    """What would have been sent to the broker."""
    found = []

    def send_task(name, **options):
        found.append((name, options["retry"], options["expires"]))

    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_task)
    return found


def run(name):
    celery_app.loader.import_default_modules()
    celery_app.tasks[name].apply(throw=True)


def test_everything_that_the_clock_starts_is_a_task_and_every_task_is_started_by_it():
    celery_app.loader.import_default_modules()
    ours = {name for name in celery_app.tasks if not name.startswith("celery.")}
    assert ours == {row["task"] for row in settings.CELERY_BEAT_SCHEDULE.values()}
    assert all(row["options"]["expires"] == row["schedule"] for row in settings.CELERY_BEAT_SCHEDULE.values())
    assert poking.DELIVER in ours


def test_messages_are_json_and_results_are_kept_by_nobody():
    found = celery_app.conf
    assert (found.accept_content, found.task_serializer, found.task_ignore_result) == (["json"], "json", True)
    assert (found.worker_pool, found.worker_enable_remote_control) == ("threads", False)


@pytest.mark.django_db
def test_it_is_poked_by_name_when_something_is_due_and_never_twice_for_nothing(house, sent):
    poke()
    assert sent == []
    ask(house)
    relay()
    poke()
    assert sent == [("delivery.deliver", False, 60)]
    Delivery.objects.update(next_try_at=clock.now() + timedelta(minutes=1))
    poke()
    assert len(sent) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "filesystem://localhost", "nonsense://"])
def test_a_broker_that_is_away_costs_half_a_second_and_a_line_of_log(house, monkeypatch, caplog, url, tmp_path):
    ask(house)
    relay()
    away = Celery("away", broker=url, set_as_current=False)
    away.conf.broker_transport_options = {"data_folder_out": str(tmp_path / "missing")}
    monkeypatch.setattr(poking, "current_app", away)
    started = time.monotonic()
    poke()
    assert time.monotonic() - started < 2
    assert "no worker could be told" in caplog.text
    assert states() == ["waiting"] * 2


@pytest.mark.django_db
def test_the_outbox_s_task_delivers_all_that_is_due_and_may_run_twice(house, mailoutbox):
    ask(house)
    relay()
    for _ in range(2):
        run("delivery.deliver")
    assert (states(), len(mailoutbox)) == (["sent"] * 2, 2)


@pytest.mark.django_db
def test_the_task_that_expires_ends_what_waited_too_long(house):
    entry = ask(house)
    Transaction.objects.filter(pk=entry.pk).update(pending_since=clock.now() - timedelta(days=31))
    for _ in range(2):
        run("ledger.expire_pending")
    entry.refresh_from_db()
    assert entry.status == "expired"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["audit.purge_access_log", "api.purge_idempotency_keys"])
def test_the_tasks_that_purge_run(name):
    run(name)


@pytest.mark.django_db
def test_codes_are_kept_for_a_month_after_their_end():
    for days in (31, 29, -1):
        codes.make(CodePurpose.NOT_ME, subject=days + 1, life=timedelta(days=-days))
    run("accounts.purge")
    assert sorted(OneTimeCode.objects.filter(purpose="not_me").values_list("subject", flat=True)) == [0, 30]


def test_a_worker_delivers_what_the_relay_has_numbered_and_stops_when_told(installation):
    worker = installation.start(*WORKER, "--beat")
    process = installation.start("manage.py", "relay_events", "--follow")
    assert process.stdout.readline().strip() == "following"
    installation.run("-c", A_PENDING_ENTRY)
    installation.until("SELECT state, attempts FROM delivery_delivery", [("sent", 1)] * 2)
    letters = sorted((installation.folder / "mail").iterdir())
    assert [path.suffix for path in letters] == [".eml"] * 2
    for path in letters:
        assert "Member asks you to approve 600.00 EUR" in path.read_text()
    for started in (process, worker):
        started.send_signal(signal.SIGTERM)
        began = time.monotonic()
        output, _ = started.communicate(timeout=10)
        assert time.monotonic() - began < 5
        assert (started.returncode, "Traceback" in output) == (0, False)


def test_what_was_poked_while_no_worker_ran_is_delivered_by_the_next(installation):
    process = installation.start("manage.py", "relay_events", "--follow")
    assert process.stdout.readline().strip() == "following"
    installation.run("-c", A_PENDING_ENTRY)
    installation.until("SELECT state, attempts FROM delivery_delivery", [("waiting", 0)] * 2)
    installation.start(*WORKER)
    installation.start(*WORKER, "--hostname", "second@here")
    installation.until("SELECT state, attempts FROM delivery_delivery", [("sent", 1)] * 2)
    assert len(list((installation.folder / "mail").iterdir())) == 2


@pytest.mark.django_db
def test_a_mail_server_that_hangs_holds_one_thread_and_no_more(house, mailoutbox, monkeypatch):
    ask(house)
    relay()
    inner = []

    def hang():
        run("delivery.deliver")
        inner.append(states())
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "deliver_once", hang)
        run("delivery.deliver")
    assert inner == [["waiting"] * 2]
    run("delivery.deliver")
    assert len(mailoutbox) == 2


@pytest.mark.django_db
def test_a_pass_that_fails_leaves_the_next_one_free(house, mailoutbox, monkeypatch):
    def fail():
        raise OperationalError("the database is away")

    ask(house)
    relay()
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "deliver_once", fail)
        with pytest.raises(OperationalError):
            run("delivery.deliver")
    run("delivery.deliver")
    assert len(mailoutbox) == 2
