"""A line as tokens. Every pattern here is tried once at each place and looks ahead over a bounded stretch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from unicodedata import category, decimal, normalize

from telegrambot.parsing.currencies import meant
from telegrambot.parsing.names import bare
from telegrambot.parsing.words import LANGUAGES


class T(Enum):
    WORD = auto()
    QUOTED = auto()
    NUMBER = auto()
    ORDINAL = auto()
    DATE = auto()
    SIGN = auto()  # of a currency
    OPERATOR = auto()
    HASH = auto()
    AT = auto()
    ARROW = auto()
    FOR = auto()
    PAYEE = auto()
    TAKEN = auto()  # understood already


@dataclass(frozen=True)
class Token:
    """`text` is what counts: a quoted text without its quotes, the name after `#`. `factor` multiplies a number."""

    kind: T
    text: str
    start: int
    end: int
    factor: int = 1

    @property
    def bare(self) -> str:
        return bare(self.text.strip(PUNCTUATION))


PUNCTUATION = ".,;:!?()"
QUOTE_MARKS = '"“”«»„'
QUOTES = r'"[^"]{1,100}"|“[^”]{1,100}”|«[^»]{1,100}»|„[^“”]{1,100}[“”]'
ITEM = rf"(?:{QUOTES}|[^\s,*×\"«“„#@>]{{1,100}})(?:[*×][^\s,]{{0,20}})?"
QUOTED = re.compile(QUOTES)
FIELD = re.compile(rf"([^\W\d_]{{1,20}}):[ ]?({ITEM}(?:,[ ]?{ITEM}){{0,50}})")
NAME = re.compile(rf"([#@])\1{{0,3}}({QUOTES}|(?:(?!->|=>)[^\s#@>→⇒\"«“„,;]){{1,100}})")
ARROW = re.compile(r"->|=>|→|⇒|>{1,3}")
DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}"
    r"|\d{1,2}([./])\d{1,2}\2(?:\d{4}|\d{2})"
    r"|\d{1,2}-\d{1,2}-\d{4}|\d{2}-\d{2}-\d{2}"
    r"|\d{1,2}/\d{1,2})(?![\w/+*-]|[.,:]\d)"
)
BLANKS = " \u00a0\u2009\u202f"
UNSPACED = re.compile(
    r"[1-9]\d{0,2}(?:[\u00a0\u2009\u202f]\d{3}(?!\d))+(?:[.,٫]\d+)?(?![.,'_٫]\d)|[.,٫]?\d+(?:[.,'_٫]\d+)*"
)
NUMBER = re.compile(rf"[1-9]\d{{0,2}}(?:[{BLANKS}]\d{{3}}(?!\d))+(?:[.,٫]\d+)?(?![.,'_٫]\d)|{UNSPACED.pattern}")
LETTERS = re.compile(r"[^\W\d_]+")
ORDINAL_END = re.compile(
    "-?(?:" + "|".join(e for language in LANGUAGES for e in language.ordinals) + r")(?!\w)", re.IGNORECASE
)
TIMES = re.compile(r"[ ]?([xх])[ ]?(?=\d)", re.IGNORECASE)
SIGN = re.compile(r"(?:(?:us|nz|hk|[acsr])?\$|[€£¥₽₴₸₹₩₪₺₫₱฿₼₾֏₦₵₮₲₡])", re.IGNORECASE)
CODE = re.compile(r"[^\W\d_]{1,4}(?=\d)")
GLUED = re.compile(r"[ ]?[%‰]|[°№]|\ufe0f?\u20e3|:\w|[-/][^\W\d_]")  # after a number: 10%, 18:30, 3-in-1, 5/kg
OPERATOR = re.compile(r"[-+−–—*×÷/()]")
WORD = re.compile(r"(?:(?!->|=>)[^\s>→⇒])+")
THOUSANDS = {end: factor for language in LANGUAGES for end, factor in language.thousands.items()}
_FOR = frozenset(word for language in LANGUAGES for word in language.for_whom)
_PAYEE = frozenset(word for language in LANGUAGES for word in language.payee)


def clean(text: str) -> str:
    """The text without what is not seen, and with plain forms of digits, marks and signs of other widths and scripts.

    Joiners stay inside words and emoji, which they hold together.
    """
    found: list[str] = []
    for c in text:
        kind = category(c)
        joins = c in "\u200c\u200d" and bool(found) and category(found[-1])[0] in "LSM" and not found[-1].isascii()
        if kind == "Nd":
            found.append(str(decimal(c)))
        elif "\uff01" <= c <= "\uff5e" or "\uffe0" <= c <= "\uffe6":
            found.append(normalize("NFKC", c))
        elif kind == "Cc" or c == "\u3000":
            found.append(" ")
        elif kind not in {"Cf", "Cs"} or joins:
            found.append(PLAIN.get(c, c))
    return "".join(found)


PLAIN = {"’": "'", "٬": "'", "،": ",", "‘": "'", "﹢": "+", "﹣": "-", "∗": "*", "⋅": "*"}


def tokens(line: str, own: frozenset[str], *, spaces: bool) -> tuple[Token, ...]:
    """The tokens of a cleaned line; `own` are the family's currencies, `spaces` says that 1 200 may be one number."""
    found: list[Token] = []
    place = 0
    while place < len(line):
        if line[place].isspace():
            place += 1
            continue
        found.extend(_at(line, place, own, spaces=spaces))
        place = found[-1].end
    return tuple(found)


def _at(line: str, place: int, own: frozenset[str], *, spaces: bool) -> Iterator[Token]:
    if field := _field(line, place):
        yield field
    elif match := NAME.match(line, place):
        yield Token(T.HASH if match[1] == "#" else T.AT, unquoted(match[2]), place, match.end())
    elif plain := _plain(line, place, ((QUOTED, T.QUOTED), (ARROW, T.ARROW), (DATE, T.DATE))):
        yield plain
    elif match := (NUMBER if spaces else UNSPACED).match(line, place):
        yield from _number(line, match, own)
    elif plain := _plain(line, place, ((SIGN, T.SIGN), (OPERATOR, T.OPERATOR))):
        yield plain
    elif (match := CODE.match(line, place)) and meant(match[0], own):
        yield Token(T.SIGN, match[0], place, match.end())
    else:
        yield _chunk(line, place)


def _field(line: str, place: int) -> Token | None:
    match = FIELD.match(line, place)
    if not match or (name := bare(match[1])) not in _FOR | _PAYEE:
        return None
    if name in _FOR:
        return Token(T.FOR, match[2], place, match.end())
    return Token(T.PAYEE, unquoted(match[2]), place, match.end())


def _plain(line: str, place: int, patterns: tuple[tuple[re.Pattern[str], T], ...]) -> Token | None:
    for pattern, kind in patterns:
        if match := pattern.match(line, place):
            return Token(kind, unquoted(match[0]) if kind is T.QUOTED else match[0], place, match.end())
    return None


def _number(line: str, match: re.Match[str], own: frozenset[str]) -> Iterator[Token]:
    """A number and what is glued to it: 5k, 12th, 100₽, 3x4; with anything else glued to it, it is part of a word."""
    start, end = match.span()
    number, letters = match[0], LETTERS.match(line, end)
    if ordinal := ORDINAL_END.match(line, end):
        yield Token(T.ORDINAL, number, start, ordinal.end())
    elif times := TIMES.match(line, end):
        yield Token(T.NUMBER, number, start, end)
        yield Token(T.OPERATOR, "x", times.start(1), times.end(1))
    elif letters and bare(letters[0]) in THOUSANDS:
        yield Token(T.NUMBER, number, start, letters.end(), THOUSANDS[bare(letters[0])])
    elif (letters and not meant(letters[0], own)) or GLUED.match(line, end) or re.fullmatch(r"0\d+", number):
        yield _chunk(line, start)
    else:
        yield Token(T.NUMBER, number, start, end)


def _chunk(line: str, start: int) -> Token:
    match = WORD.match(line, start) if line[start] not in QUOTE_MARKS else None
    end = match.end() if match else start + 1
    return Token(T.WORD, line[start:end], start, end)


def unquoted(text: str) -> str:
    return (
        text[1:-1] if text[0] in QUOTE_MARKS and text[-1] in QUOTE_MARKS and len(text) > 1 else text.rstrip(PUNCTUATION)
    )
