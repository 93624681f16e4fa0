"""The one place that asks what time it is; rules are given the time as a value."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

FIRST_DAY = date(1970, 1, 1)  # no date of a family's books is before it


_standing: ContextVar[datetime | None] = ContextVar("standing", default=None)


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _standing.get() or timezone.now()


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Let it be another moment for what is made up as past; the caller's own thread alone sees it."""
    token = _standing.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _standing.reset(token)


def today(zone: str) -> date:
    """The date in an IANA time zone at this moment."""
    return now().astimezone(ZoneInfo(zone)).date()
