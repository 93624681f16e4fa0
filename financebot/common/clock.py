"""The one place that asks what time it is; rules are given the time as a value."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

FIRST_DAY = date(1970, 1, 1)  # no date of a family's books is before it


def now() -> datetime:
    """This moment, aware, in UTC."""
    return timezone.now()


def today(zone: str) -> date:
    """The date in an IANA time zone at this moment."""
    return now().astimezone(ZoneInfo(zone)).date()
