"""Whether the process lives, and whether all it needs is there."""

import os
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from audit.models import AuditSeal, EventLog
from audit.seals import sealed_to
from delivery.poke import broker
from financebot import __version__
from financebot.common import clock, guards

RELAY_AGE_MAX = timedelta(seconds=30)
SEALER_AGE_MAX = timedelta(minutes=5)  # it comes every minute, with the worker


def alive(request: HttpRequest) -> JsonResponse:
    """Answers as long as the process does; asks nothing of anybody."""
    return JsonResponse({"status": "ok", "environment": settings.APP_ENV, "version": __version__})


def ready(request: HttpRequest) -> JsonResponse:
    """200, or 503 with what fails."""
    failing = {name: word for name, check in CHECKS.items() if (word := _word_of(check))}
    body = {"status": "failing" if failing else "ok", "failing": failing}
    return JsonResponse(body, status=503 if failing else 200)


def _word_of(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        return type(error).__name__


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _cache() -> str:
    cache.set("health", "ok", 10)
    return "" if cache.get("health") == "ok" else "does not keep what it is given"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(plan)} to apply" if plan else ""


def _guards() -> str:
    return ", ".join(guards.missing())


def _relay() -> str:
    late = EventLog.objects.filter(position__isnull=True, created_at__lt=clock.now() - RELAY_AGE_MAX)
    return "events wait for the relay" if late.exists() else ""


def _sealer() -> str:
    unsealed = EventLog.objects.filter(position__gt=sealed_to(AuditSeal.objects.latest_one()))
    late = unsealed.filter(created_at__lt=clock.now() - SEALER_AGE_MAX)
    return "events wait for their seal" if late.exists() else ""


def _broker() -> str:
    if settings.CELERY_BROKER_URL.startswith("filesystem:") and not os.access(settings.BROKER, os.W_OK):
        return "its folder cannot be written"
    with broker() as connection:
        connection.default_channel  # noqa: B018 - opens one: Redis answers a ping by then
    return ""


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "migrations": _migrations,
    "guards": _guards,
    "relay": _relay,
    "sealer": _sealer,
    "broker": _broker,
}
