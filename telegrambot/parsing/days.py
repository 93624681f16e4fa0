"""Which day a line speaks of. Days come from the reader's own today; the clock is never asked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from telegrambot.parsing.names import bare
from telegrambot.parsing.shapes import Habits
from telegrambot.parsing.tokens import T, Token
from telegrambot.parsing.words import LANGUAGES

FIRST_YEAR, YEARS_BACK, PHRASE_MAX, AGO_DIGITS, DAYS_BACK = 1970, 10, 4, 3, 62
_DAYS = {tuple(bare(phrase).split()): offset for one in LANGUAGES for phrase, offset in one.days.items()}
_WEEKDAYS = {bare(word): n for one in LANGUAGES for n, words in enumerate(one.weekdays) for word in words}
_MONTHS = {bare(word): n for one in LANGUAGES for n, words in enumerate(one.months, 1) for word in words}
_MONTHS_FIRST = {bare(word) for one in LANGUAGES if one.month_first for words in one.months for word in words}
_UNIT = {bare(word): days for one in LANGUAGES for word, days in one.unit.items()}
_UNITS = {bare(word): days for one in LANGUAGES for word, days in one.units.items()}


def _all(field: str) -> frozenset[str]:
    return frozenset(bare(word) for one in LANGUAGES for word in getattr(one, field))


_AGO, _LAST, _FUTURE, _BEFORE = _all("ago"), _all("last"), _all("future"), _all("before_days")
_NOT_DAYS, _YEARS, _PERIODS = _all("not_days"), _all("years"), _all("periods")
_DAY_AFTER, _DAY_BEFORE = _all("day_after"), _all("day_before")


@dataclass(frozen=True)
class Spoken:
    """Tokens first to last (exclusive) that name a day, with what it may be; nothing: there is no such day.

    `day_first` are the habits that the two readings of 03/04 tell, in their order; `spans` where each of the readings
    of '5 March 12' begins and ends, when it is not all of the tokens.
    """

    first: int
    last: int
    days: tuple[date, ...]
    day_first: tuple[bool, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def find(tokens: Sequence[Token], today: date, habits: Habits) -> Iterator[Spoken]:
    """Every naming of a day, with the words that lead to it."""
    place = 0
    while place < len(tokens):
        found = _at(tokens, place, today, habits)
        if found is None:
            place += 1
            continue
        first = found.first
        while first > 0 and tokens[first - 1].kind is T.WORD and tokens[first - 1].bare in _BEFORE:
            first -= 1
        yield replace(found, first=first)
        place = found.last


def _at(tokens: Sequence[Token], place: int, today: date, habits: Habits) -> Spoken | None:
    if tokens[place].kind is T.DATE:
        return _written(tokens[place].text, place, today, habits)
    words = tuple(t.bare if t.kind in {T.WORD, T.NUMBER, T.ORDINAL} else "" for t in tokens[place : place + PHRASE_MAX])
    for count in range(len(words), 0, -1):
        if words[:count] in _DAYS:
            return Spoken(place, place + count, (today + timedelta(_DAYS[words[:count]]),))
    for read in (_weekday, _month, _of_month):
        if found := read(tokens, words, place, today):
            return found
    return _ago(words, place, today)


def _ago(words: tuple[str, ...], place: int, today: date) -> Spoken | None:
    """'3 days ago', 'неделю назад'; in '5 week ago' the 5 is an amount."""
    number, *rest = words if words[0].isdecimal() and len(words[0]) <= AGO_DIGITS else ("", *words)
    if len(rest) < 2 or rest[1] not in _AGO:  # noqa: PLR2004
        return None
    unit = (_UNIT if number in {"", "1"} else _UNITS).get(rest[0])
    if unit is None:
        return None
    return Spoken(place, place + (3 if number else 2), (today - timedelta(int(number or 1) * unit),))


def _weekday(tokens: Sequence[Token], words: tuple[str, ...], place: int, today: date) -> Spoken | None:
    """The last such day; on that very weekday it may be today or a week ago, and 'last' may be a week earlier."""
    lead = words[0] if len(words) > 1 and words[0] in _LAST | _FUTURE else ""
    word = words[1] if lead else words[0]
    if lead and word in _PERIODS:
        return Spoken(place, place + 2, ())
    if word not in _WEEKDAYS or (place > 0 and tokens[place - 1].bare in _NOT_DAYS):
        return None
    back = (today.weekday() - _WEEKDAYS[word]) % 7
    days = (today - timedelta(back),) if back else (today, today - timedelta(7))
    if lead in _FUTURE and lead:
        days = (today + timedelta(7 - back),)
    elif lead:
        before = today.weekday() < _WEEKDAYS[word]  # in the week before this one
        days = (today - timedelta(back or 7),) if before or not back else (days[0] - timedelta(7), days[0])
    return Spoken(place, place + (2 if lead else 1), days)


def _month(tokens: Sequence[Token], words: tuple[str, ...], place: int, today: date) -> Spoken | None:
    """'12 March', '12th of March 2026', 'March 12, 2026', '12 марта 2026 г.'; '5 March 12' may be two of these."""
    found = [one for order in ORDERS if (one := _in_order(tokens, words, place, today, order))]
    if not found:
        return None
    one = found[0]
    if words[1] not in _MONTHS_FIRST or tokens[place].kind is T.ORDINAL:
        return one
    later = tokens[place + 1 : place + 1 + PHRASE_MAX]
    other = _in_order(tokens, tuple(t.bare for t in later), place + 1, today, ORDERS[-1])
    if other is None:
        return one
    if tokens[place + 2].kind is T.ORDINAL or other.last > place + 3:
        return None
    return Spoken(place, other.last, (*one.days, *other.days), spans=((place, one.last), (place + 1, other.last)))


def _of_month(tokens: Sequence[Token], words: tuple[str, ...], place: int, today: date) -> Spoken | None:
    """'on the 12th', '12 числа': the last such day."""
    before = [token.bare for token in tokens[max(place - 2, 0) : place]]
    led = tokens[place].kind is T.ORDINAL and bool({" ".join(before), *before[-1:]} & _DAY_AFTER)
    followed = len(words) > 1 and words[1] in _DAY_BEFORE
    if not re.fullmatch(r"\d{1,2}", words[0]) or not (led or followed) or tokens[place].factor > 1:
        return None
    recent = (today + timedelta(1 - back) for back in range(DAYS_BACK))
    days = tuple(day for day in recent if day.day == int(words[0]))
    return Spoken(place, place + 1 + followed, days[:1])


ORDERS = ((0, 1, 2), (0, 2, 3), (1, 0, 2))  # the places of day and month, and how many words they are


def _in_order(
    tokens: Sequence[Token], words: tuple[str, ...], place: int, today: date, order: tuple[int, int, int]
) -> Spoken | None:
    day, month, count = order
    if len(words) < count or words[month] not in (_MONTHS if month else _MONTHS_FIRST):
        return None
    if not re.fullmatch(r"\d{1,2}", words[day]) or tokens[place + day].factor > 1:
        return None
    if month == 2 and words[1] not in _BEFORE:  # noqa: PLR2004
        return None
    end, year = _year(tokens, place + count, place + day, today)
    return Spoken(place, end, _day(year, _MONTHS[words[month]], int(words[day]), today))


def _year(tokens: Sequence[Token], place: int, day: int, today: date) -> tuple[int, int | None]:
    """A year after a month, and where it ends; an unlikely one, or one that is the only number left, is an amount."""
    at = place + (place < len(tokens) and tokens[place].text == ",")
    if at >= len(tokens) or not re.fullmatch(r"\d{4}", tokens[at].text):
        return place, None
    said = at + 1 < len(tokens) and tokens[at + 1].bare in _YEARS
    others = [n for n, token in enumerate(tokens) if token.kind is T.NUMBER and n not in {at, day}]
    is_one = said or (is_likely_year(tokens[at].text, today) and bool(others))
    return (at + 1 + said, int(tokens[at].text)) if is_one else (place, None)


def is_likely_year(text: str, today: date) -> bool:
    return bool(re.fullmatch(r"\d{4}", text)) and today.year - YEARS_BACK <= int(text) <= today.year + 1


def _written(text: str, place: int, today: date, habits: Habits) -> Spoken | None:
    parts = [int(part) for part in re.split(r"[-./]", text)]
    if re.match(r"\d{4}", text):
        return Spoken(place, place + 1, _day(parts[0], parts[1], parts[2], today))
    one, other = parts[:2]
    year = parts[2] if len(parts) > 2 else None  # noqa: PLR2004
    if year is not None and year < 100:  # noqa: PLR2004
        year += 2000
    readings = [(True, _day(year, other, one, today)), (False, _day(year, one, other, today))]
    if "." in text:
        readings = readings[:1]
    possible = [(first, days[0]) for first, days in readings if days]
    if len({day for _, day in possible}) > 1 and habits.day_first is not None:
        possible = [(first, day) for first, day in possible if first is habits.day_first]
    if len({day for _, day in possible}) > 1:
        return Spoken(place, place + 1, tuple(d for _, d in possible), tuple(first for first, _ in possible))
    return Spoken(place, place + 1, tuple(day for _, day in possible[:1]))


def is_month(token: Token) -> bool:
    return token.bare in _MONTHS


def dotted(text: str, today: date) -> date | None:
    """The day that 12.03 is, if it is one."""
    match = re.fullmatch(r"(\d{1,2})\.(\d{2})", text)
    days = _day(None, int(match[2]), int(match[1]), today) if match else ()
    return days[0] if days else None


def _day(year: int | None, month: int, day: int, today: date) -> tuple[date, ...]:
    """The day; without a year the last one that has been, tomorrow included. Nothing where there is none."""
    tomorrow = today + timedelta(1)
    for one in [year] if year is not None else [tomorrow.year, tomorrow.year - 1]:
        try:
            found = date(one, month, day)
        except ValueError:
            continue
        if one >= FIRST_YEAR and (year is not None or found <= tomorrow):
            return (found,)
    return ()
