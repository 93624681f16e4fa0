"""Pure decisions about people and their sessions."""

import hashlib
import unicodedata
from enum import Enum, auto


def normalise_email(email: str) -> str:
    """Lower-cased in Python: SQLite cannot fold what is not ASCII."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def normalise_password(password: str) -> str:
    """NFKC, so that one password typed on two keyboards is one password (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def stamp(*parts: object) -> str:
    """A digest of what a mailed code depends on: once any of it has changed, the code means nothing any more."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


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
