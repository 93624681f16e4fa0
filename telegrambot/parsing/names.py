"""Which of the family's names is meant: exactly, or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeVar
from unicodedata import category, normalize

from telegrambot.parsing.shapes import Why

CANDIDATES = 8
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ð": "d", "æ": "ae", "œ": "oe", "_": " "})


class Named(Protocol):
    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


@dataclass(frozen=True)
class Unclear:
    """No name, or several, with those that may be meant."""

    why: Why
    candidates: tuple[int, ...]


@lru_cache(maxsize=10_000)
def bare(text: str) -> str:
    """The text without case, diacritics, invisible characters and more than single blanks: Café, CAFE → cafe."""
    apart = normalize("NFKD", normalize("NFKD", text).casefold())
    letters = "".join(c for c in apart if category(c) not in {"Mn", "Cf", "Cs"}).translate(_LETTERS)
    return " ".join(letters.split())


def find(said: str, among: Iterable[N]) -> N | Unclear:
    """The one whose name is `said`: as written, in another case, without diacritics, or beginning so alone."""
    known = tuple(among)
    wanted = bare(said)
    for same in (
        [one for one in known if one.name == said],
        [one for one in known if one.name.casefold() == said.casefold()],
        [one for one in known if bare(one.name) == wanted],
        [one for one in known if wanted and bare(one.name).startswith(wanted)],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            return Unclear(Why.AMBIGUOUS, tuple(one.id for one in same[:CANDIDATES]))
    near = sorted(known, key=lambda one: not wanted or not bare(one.name).startswith(wanted[0]))
    return Unclear(Why.UNKNOWN, tuple(one.id for one in near[:CANDIDATES]))


def longest(words: list[str], among: Iterable[N]) -> int:
    """How many of the words, from the first on, are the longest whole name among those known."""
    known = {bare(one.name) for one in among}
    most = max((name.count(" ") + 1 for name in known), default=0)
    for count in range(min(most, len(words)), 0, -1):
        if bare(" ".join(words[:count])) in known:
            return count
    return 0
