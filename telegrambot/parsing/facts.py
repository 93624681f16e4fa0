"""What the marks of a line say, before it is known what they mean for an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from telegrambot.parsing import amounts, days, members, splits, wallets
from telegrambot.parsing.currencies import is_spoken, meant
from telegrambot.parsing.line import PARTS_MAX, Line
from telegrambot.parsing.names import CANDIDATES, bare
from telegrambot.parsing.numbers import Sum
from telegrambot.parsing.shapes import Candidate, Topic, Weight, Why
from telegrambot.parsing.tokens import T
from telegrambot.parsing.words import LANGUAGES

_INSIDE = frozenset(bare(word) for language in LANGUAGES for word in language.inside)


@dataclass(frozen=True)
class Facts:
    """`parts` of a split, and the sum of the `whole` if it is said; `codes`: the currencies it may be in, none: any.
    `plus`: a plus sign stands by itself before the line or the amount."""

    day: date
    said: wallets.Said
    names: tuple[str, ...]
    people: tuple[Weight, ...]
    payee: str
    sums: tuple[Sum, ...]
    parts: tuple[splits.Part, ...]
    whole: Sum | None
    codes: frozenset[str]
    words: str
    plus: bool


def day_said(line: Line) -> tuple[date | None, bool]:
    """The day that the line names, taken, and whether it names any; asked where it is not clear."""
    found = list(days.find(line.tokens, line.reader.today, line.reader.habits))
    if not found:
        return None, False
    about = line.text(found[0].first, found[0].last)
    said = line.answer(Topic.DAY, about)
    for one in found:
        spans = [span for day, span in zip(one.days, one.spans, strict=False) if day.isoformat() == said]
        line.take(*(spans or [(one.first, one.last)])[0])
    latest = line.reader.today + timedelta(1)
    options = list(dict.fromkeys(day for one in found for day in one.days))
    options = [day for day in options if day.isoformat() == said] or options
    if not any(day <= latest for day in options) and (given := _iso(said)) and given <= latest:
        return given, True
    if len(options) != 1:
        habits = found[0].day_first if len(found) == 1 else ()
        taught: list[tuple[str, bool | None]] = [("day_first", one) for one in habits] or [("", None)] * len(options)
        candidates = [Candidate(day.isoformat(), *taught[n]) for n, day in enumerate(options[:CANDIDATES])]
        line.ask(Topic.DAY, Why.AMBIGUOUS if options else Why.UNKNOWN, candidates, about)
    elif options[0] > latest:
        line.ask(Topic.DAY, Why.IN_FUTURE, about=about)
    else:
        return options[0], True
    return None, True


def _iso(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def facts_of(line: Line, default_day: date) -> Facts | None:
    """All of them; None where something is asked or the line has no amount."""
    day, has_day = day_said(line)
    wallets.whole_names(line)
    beside = wallets.targets(line)
    found = amounts.sums(line)
    if not found:
        _without_amount(line)
        return None
    said = wallets.said(line, beside, {one.first: one.last for one in found})
    people = members.for_members(line)
    payee = _payee_said(line)
    parts, whole = _parts(line, found)
    if said is None or line.questions:
        return None
    if not parts and not _is_exchange(said, found):
        choice = amounts.choose(line, found, has_day=has_day)
        if choice.amount is None:
            return None
        if choice.day:
            day = amounts.day_of(choice.day, line.reader.today)
            amounts.take(line, [choice.day])
        found = [choice.amount]
    codes = _codes(line, found, found[:1] if _is_exchange(said, found) else found)
    names = tuple(line.tokens[place].text for place in line.of(T.HASH))
    beside_words = [place for place in (0, found[0].first - 1) if line.tokens[place].kind is T.OPERATOR]
    plus = not parts and not found[0].sign and any(line.tokens[place].text == "+" for place in beside_words)
    amounts.take(line, found)
    for place in line.of(T.HASH):
        line.take(place, place + 1)
    words = line.text()
    payee = payee or _payee_known(line, words)
    return Facts(day or default_day, said, names, people, payee, tuple(found), tuple(parts), whole, codes, words, plus)


def _without_amount(line: Line) -> None:
    """A line without an amount is asked for it if it has marks of an entry, or a day that may be a division (9/2)."""
    days_taken = [token.text for token in line.tokens if token.kind is T.TAKEN]
    divided = any("/" in text for text in days_taken)
    if divided or not any(c.isdigit() for text in days_taken for c in text):
        line.questions.clear()
    if divided or line.of(T.HASH) or line.of(T.FOR):
        line.ask(Topic.AMOUNT, Why.MISSING)


def _is_exchange(said: wallets.Said, found: Sequence[Sum]) -> bool:
    """Whether there is an amount on each side of the arrow."""
    return said.arrow is not None and len(found) == 2 and found[0].first < said.arrow < found[1].first  # noqa: PLR2004


def _parts(line: Line, found: Sequence[Sum]) -> tuple[list[splits.Part], Sum | None]:
    """The parts of a split; signs inside it would have to mean something, so they are asked about."""
    if len(line.of(T.HASH)) > PARTS_MAX:
        line.ask(Topic.SPLIT, Why.TOO_LARGE)
        return [], None
    parts, whole = splits.by_plus(line, found), None
    if parts:
        for place in line.of(T.OPERATOR):
            line.take(place, place + 1)
    elif len(line.of(T.HASH)) > 1:
        parts, whole = splits.by_names(line, found)
    if parts and any(one.sign not in {"", found[0].sign} for one in found):
        line.ask(Topic.SPLIT, Why.UNREADABLE)
    return parts, whole


def _codes(line: Line, found: Sequence[Sum], sent: Sequence[Sum]) -> frozenset[str]:
    """The currencies that are left by all that is said of what is sent; asked where none is."""
    inside = {place for one in found for place in range(one.first, one.last)}
    said = [frozenset(codes) for one in sent for codes in one.currencies]
    said += [frozenset(codes) for place in range(len(line.tokens)) if (codes := _apart(line, place, inside))]
    if not said:
        return frozenset()
    common = frozenset.intersection(*said)
    chosen = line.answer(Topic.CURRENCY)
    if chosen and any(chosen in codes for codes in said):
        return frozenset([chosen])
    if not common:
        shown = sorted(frozenset.union(*said) & line.own) or sorted(frozenset.union(*said))
        line.ask(Topic.CURRENCY, Why.AMBIGUOUS, [Candidate(code) for code in shown[:CANDIDATES]])
    return common


def _apart(line: Line, place: int, inside: set[int]) -> tuple[str, ...]:
    """The currencies of a sign or code that stands away from the amount: 'lunch 12.50 in usd'; it is taken."""
    token = line.tokens[place]
    led = place > 0 and line.tokens[place - 1].kind is T.WORD and line.tokens[place - 1].bare in _INSIDE
    if place in inside or token.kind not in {T.SIGN, T.WORD} or (is_spoken(token.text) and not led):
        return ()
    codes = meant(token.text, line.own)
    if not codes or not (token.kind is T.SIGN or led or token.text.isupper() or line.own.issuperset(codes)):
        return ()
    line.take(place - led, place + 1)
    return codes


def _payee_said(line: Line) -> str:
    places = line.of(T.PAYEE)
    said = [line.tokens[place].text for place in places]
    for place in places:
        line.take(place, place + 1)
    return _known(line, said[0]) or said[0] if said else ""


def _payee_known(line: Line, words: str) -> str:
    """The payee that the words begin with or are: they stay in the description."""
    parts = words.split()
    return max((name for name in line.household.payees if _begins(parts, name)), key=len, default="")


def _begins(words: list[str], name: str) -> bool:
    parts = bare(name).split()
    return bool(parts) and bare(" ".join(words[: len(parts)])) == " ".join(parts)


def _known(line: Line, said: str) -> str:
    return next((name for name in line.household.payees if bare(name) == bare(said)), "")
