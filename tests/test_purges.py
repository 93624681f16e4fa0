from datetime import timedelta

import pytest
from django.core.management import call_command

from audit.models import AccessLog
from financebot.api.models import IdempotencyKey
from financebot.common import clock

pytestmark = pytest.mark.django_db


def access(age: timedelta) -> None:
    AccessLog.objects.create(
        method="GET",
        route="r",
        status=200,
        duration_ms=1,
        address="127.0.0.1",
        request_id="x",
        created_at=clock.now() - age,
    )


def test_the_access_log_keeps_ninety_days(capsys):
    access(timedelta(days=89))
    access(timedelta(days=91))
    call_command("purge_access_log")
    assert AccessLog.objects.count() == 1
    assert capsys.readouterr().out == "1 rows deleted\n"


def test_idempotency_keys_are_kept_for_a_day(capsys):
    for hours in (23, 25):
        made = clock.now() - timedelta(hours=hours)
        IdempotencyKey.objects.create(caller="user:1", key=str(hours), fingerprint="", created_at=made)
    call_command("purge_idempotency_keys")
    assert IdempotencyKey.objects.get().key == "23"
    assert capsys.readouterr().out == "1 keys deleted\n"
