"""When to try again what could not be delivered. Pure."""

from datetime import timedelta

PAUSE_MAX = timedelta(hours=1)
TRIES_MAX = 30  # the pauses between them make a day


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries, the first being 1: 1, 2, 4 … minutes, at most an hour."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), PAUSE_MAX)
