"""Weeks, for the summary that operators get of each."""

from datetime import date

from django.db import connection

from accounts.rules import week_number
from audit import trail
from audit.models import EventLog
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.usecase import use_case

ONE_AT_A_TIME = -3  # key of the advisory lock; the relay's is -1, the sealer's -2


@use_case
def end_week(*, actor: Actor, monday: date) -> None:
    """Note, once, that the week which began on this day (UTC) is over.

    Of any number of workers at once one notes it: PostgreSQL by an advisory lock, SQLite by its one writer.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    week = week_number(monday)
    if EventLog.objects.filter(family_id=None, entity_type="week", entity_id=week).exists():
        return
    changes = {"monday": (None, monday)}
    trail.record(Event(EventName.WEEK_ENDED, "week", week, changes), actor=actor)
