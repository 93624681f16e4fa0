"""An entry over several categories: `#food 30 #home 12.50`, `groceries 30 + household 12.50`."""

from collections.abc import Sequence
from dataclasses import dataclass

from telegrambot.parsing.line import PARTS_MAX, Line
from telegrambot.parsing.numbers import Sum
from telegrambot.parsing.shapes import Topic, Why
from telegrambot.parsing.tokens import T


@dataclass(frozen=True)
class Part:
    """An amount and what it was for: a category's name, or words that may tell it."""

    amount: Sum
    category: str
    words: str


def by_names(line: Line, sums: Sequence[Sum]) -> tuple[list[Part], Sum | None]:
    """Several `#category`, each with its amount, all before or all after their names; an amount more at the beginning
    is the whole. No parts where they do not pair, which is asked."""
    hashes = line.of(T.HASH)
    whole = None
    rest = list(sums)
    if len(sums) == len(hashes) + 1 and sums[0].first < hashes[0]:
        whole, *rest = rest
    if len(rest) == len(hashes):
        pairs = list(zip(hashes, rest, strict=True))
        after = all(name < one.first for name, one in pairs)
        before = all(name > one.first for name, one in pairs)
        order = sorted([*hashes, *(one.first for one in rest)])
        alternate = all((place in hashes) != (following in hashes) for place, following in zip(order, order[1:]))  # noqa: B905, RUF007
        if alternate and (after or (before and whole is None)):
            return [Part(one, line.tokens[name].text, "") for name, one in pairs], whole
    line.ask(Topic.SPLIT, Why.UNREADABLE)
    return [], None


def by_plus(line: Line, sums: Sequence[Sum]) -> list[Part]:
    """Parts between plus signs, each with one amount and words or a name; nothing where it is no such list."""
    inside = {place for one in sums for place in range(one.first, one.last)}
    pluses = [n for n in line.of(T.OPERATOR) if line.tokens[n].text == "+" and n not in inside]
    if not 0 < len(pluses) < PARTS_MAX:
        return []
    ends = [*pluses, len(line.tokens)]
    starts = [0, *(place + 1 for place in pluses)]
    parts = []
    for first, last in zip(starts, ends, strict=True):
        within = [one for one in sums if first <= one.first < last]
        names = [n for n in line.of(T.HASH) if first <= n < last]
        if len(within) != 1 or len(names) > 1:
            return []
        one = within[0]
        words = " ".join(filter(None, (line.text(first, one.first), line.text(one.last, last))))
        if not words:
            return []
        parts.append(Part(one, line.tokens[names[0]].text if names else "", "" if names else words))
    return parts
