"""For whom it was: `for:anna*2,ben`."""

import re
from decimal import Decimal

from telegrambot.parsing.amounts import parsed
from telegrambot.parsing.line import Line, ids
from telegrambot.parsing.names import Unclear, bare, find
from telegrambot.parsing.shapes import Topic, Weight, Why
from telegrambot.parsing.tokens import ITEM, T, unquoted
from telegrambot.parsing.words import LANGUAGES

WEIGHT = re.compile(r"\d{1,6}(?:[.,]\d{1,4})?")
_EVERYBODY = frozenset(bare(word) for language in LANGUAGES for word in language.everybody)
_ME = frozenset(bare(word) for language in LANGUAGES for word in language.me)


def for_members(line: Line) -> tuple[Weight, ...]:
    """Members with their weights, each once; who is unknown or named twice is asked."""
    found: list[Weight] = []
    for place in line.of(T.FOR):
        for item in re.findall(ITEM, line.tokens[place].text):
            found.extend(_weights(line, item))
        line.take(place, place + 1)
    if len({weight.member for weight in found}) < len(found):
        line.ask(Topic.MEMBER, Why.TWICE)
    return tuple(found)


def _weights(line: Line, item: str) -> list[Weight]:
    name, mark, text = re.fullmatch(r"(.*?)(?:([*×])(.*))?", item, re.DOTALL).groups()  # type: ignore[union-attr]
    share = Decimal(text.replace(",", ".")) if mark and WEIGHT.fullmatch(text) else Decimal(1)
    if share <= 0 or (mark and not WEIGHT.fullmatch(text)):
        line.ask(Topic.MEMBER, Why.UNREADABLE, about=item)
        return []
    name = unquoted(name)
    if bare(name) in _EVERYBODY:
        return [Weight(member.id, share) for member in line.household.members]
    if bare(name) in _ME and line.reader.member is not None:
        return [Weight(line.reader.member, share)]
    said = parsed(line.answer(Topic.MEMBER, name))
    one = next((m for m in line.household.members if m.id == said), None) or find(name, line.household.members)
    if isinstance(one, Unclear):
        line.ask(Topic.MEMBER, one.why, ids(one.candidates), name)
        return []
    return [Weight(one.id, share)]
