"""The demo family: a year that the use cases accept, the same from the same seed."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.passwords import prove_email
from audit.models import EventLog
from demo import novaks, webers
from demo.agenda import Agenda
from families.models import Family, Membership
from families.roles import Role
from ledger.kinds import Status, TransactionType
from ledger.models import Transaction, Wallet
from ledger.verify import verify

NEW_YEARS_EVE_IN_KIRITIMATI = "2026-12-31T09:59:00Z"


def seeded(settings: Any, tmp_path: Any, **options: Any) -> dict[str, Any]:
    settings.DATA = tmp_path
    said = StringIO()
    call_command("seed_demo", "--json", stdout=said, **options)
    return json.loads(said.getvalue())


@pytest.mark.django_db
def test_a_family_of_all_roles_and_its_neighbours_have_lived_a_year(settings, tmp_path, time_machine):
    time_machine.move_to(NEW_YEARS_EVE_IN_KIRITIMATI, tick=False)
    said = seeded(settings, tmp_path)
    weber, novak = Family.objects.order_by("pk")
    assert {m.role for m in Membership.objects.in_family(weber.pk)} == set(Role)
    assert Membership.objects.in_family(novak.pk).count() == 2
    assert all(prove_email(one["email"], said["password"]).right for one in said["people"])

    entries = Transaction.objects.in_family(weber.pk)
    assert {entry.status for entry in entries} == set(Status)
    assert {entry.type for entry in entries} == set(TransactionType)
    assert entries.count() > 800
    assert entries.filter(occurred_on__lt=date(2026, 1, 5), created_at__lt="2026-01-06T00:00Z").exists()
    assert entries.filter(status=Status.PENDING_APPROVAL, created_at__gt="2026-12-29T00:00Z").count() >= 3
    assert entries.filter(refund_of__isnull=False, status=Status.EXECUTED).exists()
    assert entries.filter(replaces__isnull=False, status=Status.EXECUTED).exists()
    assert {wallet.visibility for wallet in Wallet.objects.in_family(weber.pk)} == {"shared", "private", "balance_only"}
    assert not Wallet.objects.filter(type="cash", balance__lt=Decimal(0)).exists()
    assert not EventLog.objects.filter(position=None).exists()
    moments = list(EventLog.objects.in_family(weber.pk).order_by("position").values_list("created_at", flat=True))
    assert moments == sorted(moments)
    assert list(verify()) == []

    with pytest.raises(CommandError, match="here already"):
        call_command("seed_demo")


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("day", ["2024-02-29", "2025-01-31", "2025-03-30", "2025-06-01", "2025-10-26", "2026-12-31"])
@pytest.mark.parametrize("seed", [2, 3])
def test_any_year_can_be_lived(settings, tmp_path, time_machine, day, seed):
    time_machine.move_to(f"{day}T23:30:00Z", tick=False)
    seeded(settings, tmp_path, seed=seed)
    assert list(verify()) == []


class Diary:
    """Stands in for a life, and notes what is done in it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **more: self.done.append((name, args, more))


@pytest.mark.parametrize("plan", [webers.plan, novaks.plan])
def test_the_same_seed_gives_the_same_year_and_another_seed_another(plan):
    def year(seed: str) -> list[Any]:
        agenda, diary = Agenda(ZoneInfo("Europe/Berlin"), date(2026, 3, 31), Random(seed)), Diary()
        plan(agenda)
        for moment, step in agenda.steps:
            diary.done.append(moment)
            step(diary)
        return diary.done

    assert year("1") == year("1")
    assert year("1") != year("2")


@pytest.mark.django_db
def test_where_the_demo_is_off_an_optional_seeding_does_nothing(settings):
    settings.DEMO = False
    call_command("seed_demo", "--if-empty")
    assert not Family.objects.exists()


@pytest.mark.django_db
def test_where_anybody_has_registered_an_optional_seeding_does_nothing(settings, tmp_path):
    settings.DATA, settings.DEMO = tmp_path, True
    User.objects.create(email="ann@example.org")
    call_command("seed_demo", "--if-empty")
    assert not Family.objects.exists()


@pytest.mark.django_db
def test_a_day_to_come_is_refused(settings, tmp_path):
    settings.DATA = tmp_path
    with pytest.raises(CommandError, match="later than today"):
        call_command("seed_demo", "--last-day=2999-01-01")


@pytest.mark.django_db
def test_production_has_no_demo(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("seed_demo")
