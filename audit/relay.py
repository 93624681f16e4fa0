"""Numbering committed events 1, 2, 3 … without gaps: ids commit out of order, so they order nothing."""

from django.db import connection

from audit import sinks
from audit.models import EventLog
from financebot.common.usecase import unit_of_work

BATCH = 500
ONE_RELAY = -1  # key of the advisory lock; families lock their own ids, which are positive

NUMBER = """
UPDATE audit_eventlog SET position = next.step + (SELECT COALESCE(MAX(position), 0) FROM audit_eventlog)
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS step FROM audit_eventlog
    WHERE position IS NULL ORDER BY id LIMIT %s
) AS next
WHERE audit_eventlog.id = next.id
"""


def relay_once() -> int:
    """Number at most a batch of committed events and hand them to the sinks, both or neither; how many.

    Safe to run anywhere, any number of times at once. Raises what a sink raises; then nothing is numbered.
    """
    if not EventLog.objects.filter(position__isnull=True).exists():
        return 0  # without a write lock: on SQLite there is one writer
    with unit_of_work(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_RELAY])
        cursor.execute(NUMBER, [BATCH])  # a later statement than the lock: it sees what committed while we waited
        count = int(cursor.rowcount)
        if count and sinks.numbered:
            events = list(EventLog.objects.numbered().order_by("-position")[:count])[::-1]  # the latest: ours
            for sink in sinks.numbered:
                sink(events)
        return count
