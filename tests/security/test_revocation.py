"""What was ended stays ended: the next request, a day and a month later, after everything was tidied away."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from accounts.models import LoginSession
from accounts.tasks import purge
from accounts.tokens import pair
from financebot.common import clock
from tests.security.revocations import ALIVE, KINDS, Carried, carried, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # on both databases: test_revocation_live.py

LATER = {"25 hours": timedelta(hours=25), "31 days": timedelta(days=31)}


def send(method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
    kind = headers.get("Content-Type", "application/json")
    return Client().generic(method, path, body or b"", content_type=kind, headers=headers).status_code


def dead(found: Carried) -> set[str]:
    statuses = {name: status_of(name, token, send) for name, token in found.tokens.items()}
    assert all(status in {401, ALIVE.get(name, 200)} for name, status in statuses.items()), statuses
    return {name for name, status in statuses.items() if status == 401}


def renewed(found: Carried) -> Carried:
    """The same, as if the sessions were begun this moment: nothing has run out, so that what is dead was ended."""
    now = clock.now()
    LoginSession.objects.update(rotated_at=now, expires_at=now + timedelta(days=1))
    for name, session in (("desk's", found.someone.session), ("", found.phone), ("signed", found.signed)):
        tokens = pair(LoginSession.objects.get(pk=session.pk))
        found.tokens[f"{name} access".strip()] = tokens.access_token
        if f"{name} refresh".strip() in found.tokens:
            found.tokens[f"{name} refresh".strip()] = tokens.refresh_token
    return found


def tidy() -> None:
    purge()
    call_command("purge_idempotency_keys", verbosity=0)
    cache.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_ended_stays_ended(kind: str):
    act, ends = KINDS[kind]
    found = carried()
    assert dead(found) == set()
    act(found)
    assert dead(found) == ends
    cache.clear()
    assert dead(found) == ends
    began = clock.now()
    for later in LATER.values():
        with time_machine.travel(began + later):
            tidy()
            assert dead(renewed(found)) == ends | browsers(found, later)


def browsers(found: Carried, later: timedelta) -> set[str]:
    """A cookie ends by itself after a week."""
    return {"cookie"} if later > timedelta(days=7) else set()


@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
def test_what_nobody_ended_lives(later: timedelta):
    found: Any = carried()
    with time_machine.travel(clock.now() + later):
        tidy()
        assert dead(renewed(found)) == browsers(found, later)
