"""A message → entries, questions, or nothing to book. Pure: what the family has, today and habits are passed in."""

from dataclasses import dataclass
from datetime import date
from decimal import Context, localcontext

from telegrambot.parsing.facts import day_said
from telegrambot.parsing.line import Line
from telegrambot.parsing.reading import read
from telegrambot.parsing.shapes import (
    SKIP,
    Answers,
    Candidate,
    Category,
    Entries,
    Entry,
    Habits,
    Household,
    Key,
    Kind,
    Member,
    NoEntry,
    NoEntryReason,
    Question,
    Questions,
    Reader,
    Result,
    Split,
    Topic,
    Wallet,
    Weight,
    Why,
)
from telegrambot.parsing.tokens import T, clean, tokens

TEXT_MAX, LINES_MAX = 4096, 50
PRECISION = 60  # so that nothing is rounded, whatever the caller's context says

__all__ = [
    "LINES_MAX",
    "SKIP",
    "TEXT_MAX",
    "Answers",
    "Candidate",
    "Category",
    "Entries",
    "Entry",
    "Habits",
    "Household",
    "Key",
    "Kind",
    "Member",
    "NoEntry",
    "NoEntryReason",
    "Question",
    "Questions",
    "Reader",
    "Result",
    "Split",
    "Topic",
    "Wallet",
    "Weight",
    "Why",
    "parse",
]


def parse(text: str, household: Household, reader: Reader, answers: Answers | None = None) -> Result:
    """What the message says, a line an entry. Never raises.

    Questions are answered by parsing the same text again with `answers`: the key of each question → the value of a
    candidate (or any value of that kind). A line that names a day and nothing else is the day of those below it.
    """
    if len(text) > TEXT_MAX:
        return NoEntry(NoEntryReason.TOO_LONG)
    rows = [(number, clean(row)) for number, row in enumerate(text.splitlines())]
    rows = [(number, row) for number, row in rows if row.strip()]
    if len(rows) > LINES_MAX:
        return NoEntry(NoEntryReason.TOO_MANY_LINES)
    if not rows:
        return NoEntry(NoEntryReason.EMPTY)
    with localcontext(Context(prec=PRECISION)):
        return _result(_lines(rows, household, reader, answers or {}), reader)


def _lines(rows: list[tuple[int, str]], household: Household, reader: Reader, answers: Answers) -> list[Line]:
    left_out = {key.line for key, value in answers.items() if value == SKIP}
    own = frozenset(wallet.currency for wallet in household.wallets)
    spaces = reader.habits.spaces is not False
    return [
        Line(number, row, list(tokens(row, own, spaces=spaces)), household, reader, answers)
        for number, row in rows
        if number not in left_out
    ]


def _result(lines: list[Line], reader: Reader) -> Result:
    entries: list[Entry] = []
    questions: list[Question] = []
    strangers: list[Line] = []
    day: date | None = reader.today
    for line in lines:
        if heading := _heading(line):
            day = heading.day
            questions += heading.questions
            continue
        entry = read(line, day or reader.today)
        questions += line.questions
        if entry and day:
            entries.append(entry)
        elif not entry and not line.questions:
            strangers.append(line)
    if not entries and not questions:
        return NoEntry(NoEntryReason.NO_AMOUNT)
    questions += [Question(Key(line.number, Topic.AMOUNT), Why.MISSING) for line in strangers]
    if questions:
        return Questions(tuple(sorted(questions, key=lambda one: one.key.line)), tuple(entries))
    return Entries(tuple(entries))


@dataclass(frozen=True)
class _Heading:
    """A line that names a day and nothing else; while it is not clear which, no line below it is."""

    day: date | None
    questions: tuple[Question, ...]


def _heading(line: Line) -> _Heading | None:
    tried = Line(line.number, line.row, list(line.tokens), line.household, line.reader, line.answers)
    day, is_said = day_said(tried)
    is_all = is_said and all(one.kind is T.TAKEN or not one.bare for one in tried.tokens)
    return _Heading(day, tuple(tried.questions)) if is_all else None
