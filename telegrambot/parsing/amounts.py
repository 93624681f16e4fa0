"""Which of the numbers of a line is its amount, and how much that is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from telegrambot.parsing import days
from telegrambot.parsing.currencies import exact
from telegrambot.parsing.line import Line
from telegrambot.parsing.numbers import LIMIT, Sum, has_plain_spaces, is_cut_off, sum_at, value
from telegrambot.parsing.shapes import Candidate, Topic, Why
from telegrambot.parsing.tokens import THOUSANDS, T

MARKS = (".", ",")


def sums(line: Line) -> list[Sum]:
    """Every sum of the line, from the left."""
    found: list[Sum] = []
    place = 0
    while place < len(line.tokens):
        one = sum_at(line.tokens, place, line.own)
        if one:
            found.append(one)
        place = one.last if one else place + 1
    return found


@dataclass(frozen=True)
class Choice:
    """The sum that is the amount, and the one that is a day instead."""

    amount: Sum | None
    day: Sum | None = None


def choose(line: Line, found: Sequence[Sum], *, has_day: bool) -> Choice:
    """The amount among several numbers, where one alone can be it; else it is asked."""
    if len(found) == 1:
        return Choice(found[0])
    dotted = [] if has_day else [one for one in found if day_of(one, line.reader.today)]
    dotted = [one for one in dotted if not values(line, one)] or dotted  # 04.05 is no amount
    day = dotted[0] if len(dotted) == 1 else None
    others = [one for one in found if one is not day]
    marked = [one for one in found if one.marked]
    if (said := line.answer(Topic.AMOUNT)) is not None:
        chosen = next((one for one in found if said in {plain(v) for v in values(line, one)}), None)
        if chosen:
            return Choice(chosen, day if day is not chosen else None)
    if len(marked) == 1 and not any(one.sign for one in others if one is not marked[0]):
        return Choice(marked[0], day if day is not marked[0] else None)
    if day and len(others) == 1 and (not values(line, day) or _is_diary(line, day, others[0])):
        return Choice(others[0], day)
    options = {plain(number): Candidate(plain(number)) for one in found for number in values(line, one)}
    line.ask(Topic.AMOUNT, Why.AMBIGUOUS, options.values())
    return Choice(None)


def _is_diary(line: Line, day: Sum, amount: Sum) -> bool:
    """Whether it is written as in a diary: '12.03. coffee 5', '12.03 coffee 5', 'coffee 4,50 12.03'."""
    after = line.tokens[day.last] if day.last < len(line.tokens) else None
    stopped = after is not None and after.text.startswith(".") and after.start == line.tokens[day.first].end
    around = day.first == 0 and amount.last == len(line.tokens) and amount.first > day.last
    cents = len(amount.numbers[0].replace(",", ".").partition(".")[2]) == 2  # noqa: PLR2004
    return stopped or around or cents


def day_of(one: Sum, today: date) -> date | None:
    """The day that it may be instead of an amount: 12.03 by itself."""
    plain_number = len(one.parts) == 1 and not one.sign and not one.currencies and one.parts[0].factor == 1
    return days.dotted(one.parts[0].text, today) if plain_number else None


def values(line: Line, one: Sum) -> list[Decimal]:
    """What it may come to: one number, or two where a mark may be of decimals or of thousands."""
    habit = line.reader.habits.decimal
    found = [value(one.parts, mark) for mark in ([habit] if habit else MARKS)]
    return list(dict.fromkeys(number for number in found if isinstance(number, Decimal)))


def amount_of(line: Line, one: Sum, currency: str, topic: Topic = Topic.AMOUNT) -> Decimal | None:
    """How much it is, in that currency; asked where it is not clear or no amount of the currency."""
    about = written(line, one)
    if given := answered(line, topic, currency, about) or (topic is Topic.AMOUNT and answered(line, topic, currency)):
        return given
    habit = line.reader.habits.decimal
    results = [value(one.parts, mark) for mark in ([habit] if habit else MARKS)]
    number, why = results[0], problem(results[0], currency)
    if is_cut_off(line.tokens, one):
        line.ask(topic, Why.UNREADABLE, about=about)
    elif len(set(results)) > 1:
        readings = zip(results, MARKS, strict=True)
        clear = [Candidate(plain(r), "decimal", mark) for r, mark in readings if isinstance(r, Decimal)]
        line.ask(topic, Why.AMBIGUOUS, _fitting(clear, currency), about)
    elif isinstance(number, Why) or why:
        line.ask(topic, why or Why.UNREADABLE, about=about)
    elif others := _other_readings(line, one, number):
        line.ask(topic, Why.AMBIGUOUS, _fitting(others, currency), about)
    else:
        return exact(number, currency)
    return None


def _fitting(candidates: list[Candidate], currency: str) -> list[Candidate]:
    return [each for each in candidates if problem(Decimal(each.value), currency) is None]


def _other_readings(line: Line, one: Sum, number: Decimal) -> list[Candidate]:
    """What else it may be: 'room 1 200', 'march 12 500', '12 march 2026', '-12.50+3', '5 k'."""
    if one.sign == "-" and one.adds:
        minus = replace(one.parts[0], kind=T.OPERATOR, text="-")
        less = value((replace(minus, kind=T.NUMBER, text="0"), minus, *one.parts), line.reader.habits.decimal or ".")
        return [Candidate(plain(abs(each))) for each in (less, number) if isinstance(each, Decimal)]
    following = line.tokens[one.last].bare if one.last < len(line.tokens) else ""
    if following in THOUSANDS and not one.marked:
        return [Candidate(plain(number * THOUSANDS[following])), Candidate(plain(number))]
    spaced = [text for text in one.numbers if has_plain_spaces(text)]
    after_month = one.first > 0 and days.is_month(line.tokens[one.first - 1])
    if after_month and not one.marked and days.is_likely_year(one.numbers[0], line.reader.today):
        return [Candidate(plain(number))]
    if not spaced or one.marked or (line.reader.habits.spaces and not after_month):
        return []
    last = plain(Decimal(spaced[-1].split()[-1]))
    teaches = "" if after_month else "spaces"
    readings = [Candidate(plain(number), teaches, habit=True), Candidate(last, teaches, habit=False)]
    return [] if last == "0" else readings if len(one.parts) == 1 else readings[:1]


def problem(amount: Decimal | Why, currency: str) -> Why | None:
    """Why it is no amount of the currency."""
    if isinstance(amount, Why):
        return amount
    if amount <= 0:
        return Why.NOT_POSITIVE
    if amount >= LIMIT:
        return Why.TOO_LARGE
    return None if exact(amount, currency) is not None else Why.TOO_FINE


def answered(line: Line, topic: Topic, currency: str, about: str = "") -> Decimal | None:
    """The answer to a question for an amount, if it is one of that currency."""
    given = parsed(line.answer(topic, about))
    return exact(given, currency) if given is not None and problem(given, currency) is None else None


def written(line: Line, one: Sum) -> str:
    return line.row[line.tokens[one.first].start : line.tokens[one.last - 1].end]


def plain(amount: Decimal) -> str:
    """As a plain decimal, without exponent or trailing zeros: 1200, 12.5."""
    return f"{amount.normalize():f}" if amount else "0"


def parsed(text: str | None) -> Decimal | None:
    """An answer as an amount, if it is one."""
    if text is None or not text.isascii():
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def take(line: Line, taken: Iterable[Sum | None]) -> None:
    for one in taken:
        if one:
            line.take(one.first, one.last)
