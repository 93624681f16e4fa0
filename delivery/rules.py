"""When letters are sent, and how long what they bring is good for. Pure."""

from datetime import datetime, timedelta

PAUSE_MAX = timedelta(hours=1)
TRIES_MAX = 30  # the pauses between them make a day
CONFIRMATION_LIFE = timedelta(hours=24)
LETTERS_MAX = 5  # of one kind to one person: alerts in a day, links in LINK_WINDOW
LINK_WINDOW = timedelta(hours=1)  # no longer than any link works


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries, the first being 1: 1, 2, 4 … minutes, at most an hour."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), PAUSE_MAX)


def start_of_day(moment: datetime) -> datetime:
    """Midnight before a moment, in its own zone."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
