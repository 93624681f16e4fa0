"""Pure decisions about people and their sessions."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

VERSION = re.compile(r"/[^\s;)]+|[0-9._]+")


def normalise_email(email: str) -> str:
    """Lower-cased in Python: SQLite cannot fold what is not ASCII."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def normalise_password(password: str) -> str:
    """NFKC, so that one password typed on two keyboards is one password (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def look(user_agent: str, languages: str) -> str:
    """A digest of what kind of program somebody uses, and in which language: of the user agent without versions and
    builds, which change by themselves, and of the first of the languages without its region."""
    program = " ".join(VERSION.sub("", user_agent).split())
    language = languages.partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()
    return hashlib.sha256(f"{program}\0{language}".encode()).hexdigest()


def stamp(*parts: object) -> str:
    """A digest of what a mailed code depends on: once any of it has changed, the code means nothing any more."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def last_monday(today: date) -> date:
    """On which day the last week that is over began."""
    return today - timedelta(days=today.weekday() + 7)


def week_number(monday: date) -> int:
    """The year and week of ISO 8601 as one number: 202601 began on 2025-12-29."""
    year, week, _ = monday.isocalendar()
    return year * 100 + week


class Refresh(Enum):
    ROTATE = auto()
    REBUILD = auto()
    REUSED = auto()


def judge_refresh(*, presented: int, current: int) -> Refresh:
    """What a refresh token's counter means against the session's.

    The current one rotates. The one before gives its successor once more: the answer was lost. An older one has
    been used twice by two holders (RFC 9700, 4.14.2).
    """
    if presented == current:
        return Refresh.ROTATE
    if presented == current - 1:
        return Refresh.REBUILD
    return Refresh.REUSED


@dataclass(frozen=True, slots=True)
class Limit:
    """How many wrong tries a window holds, and how long nobody tries then: a pause that doubles up to `pause_max`."""

    most: int
    window: timedelta
    pause: timedelta
    pause_max: timedelta


@dataclass(frozen=True, slots=True)
class Tries:
    """What is counted under one key: wrong tries since `began_at`; none is looked at before `until`."""

    failures: int
    began_at: datetime
    until: datetime | None


def reserve_try(tries: Tries, limit: Limit, now: datetime) -> Tries | None:
    """The tries with one more, counted as wrong before it is looked at; None while there is none to be had."""
    if tries.until and now < tries.until:
        return None
    if now - tries.began_at >= limit.window:
        tries = Tries(0, now, None)
    failures = tries.failures + 1
    if failures < limit.most:
        return Tries(failures, tries.began_at, None)
    doublings = min(failures - limit.most, 20)
    return Tries(failures, tries.began_at, now + min(limit.pause * 2**doublings, limit.pause_max))
