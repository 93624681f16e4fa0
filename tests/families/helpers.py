"""What the tests of families say often."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

from django.db import connection

from accounts.models import LoginSession
from audit.models import EventLog
from families.models import FamilyUserPermission, Membership
from families.services import accept_invitation, create_invitation, edit_member
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.conftest import Person


def age_proof(someone: Person, minutes: int = 11) -> None:
    """Let the last proof of who they are grow old."""
    LoginSession.objects.filter(pk=someone.session.pk).update(proof_at=clock.now() - timedelta(minutes=minutes))


def edit(by: Person, member: Person, version: int | None = None, **changes: Any) -> Membership:
    with unit_of_work():
        return edit_member(actor=by.actor, membership_id=member.membership.pk, changes=changes, version=version)


def invite(by: Person, role: str, email: str | None = None) -> Any:
    with unit_of_work():
        return create_invitation(actor=by.actor, role=role, email=email)


def accept(who: Person, token: str) -> Membership:
    with unit_of_work():
        return accept_invitation(actor=who.actor, token=token)


def held(someone: Person) -> set[str]:
    """The permission rows that somebody has in the family of their membership."""
    rows = FamilyUserPermission.objects.filter(user_id=someone.user.pk, content_object_id=someone.membership.family_id)
    return set(rows.values_list("permission__codename", flat=True))


def last_events(family_id: int, count: int) -> list[str]:
    names = EventLog.objects.filter(family_id=family_id).order_by("-pk").values_list("name", flat=True)
    return list(names[:count])[::-1]


def is_staff(someone: Person) -> bool:
    someone.user.refresh_from_db()
    return someone.user.is_staff


def until(question: Callable[[], bool], what: str) -> None:
    """Ask until the answer is yes; well before a wait for a lock would end by itself."""
    deadline = monotonic() + 20
    while not question():
        assert monotonic() < deadline, f"waited in vain for {what}"
        sleep(0.01)


def waiting_for(family_id: int) -> int:
    """How many stand in PostgreSQL's queue for a family's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [family_id],
        )
        return cursor.fetchone()[0]
