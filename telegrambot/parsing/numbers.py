"""Numbers as countries write them, and sums of them: exact decimals, bounded, never rounded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext

from telegrambot.parsing.currencies import is_spoken, meant
from telegrambot.parsing.names import bare
from telegrambot.parsing.shapes import Why
from telegrambot.parsing.tokens import BLANKS, T, Token
from telegrambot.parsing.words import LANGUAGES

DIGITS_MAX, NUMBERS_MAX, DEPTH_MAX = 30, 30, 8
LIMIT = Decimal(10) ** 14  # as the ledger has it: at most 14 digits before the point
WESTERN = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
LAKHS = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}")
AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # decimals or thousands
_FACTORS = {bare(word): factor for language in LANGUAGES for word, factor in language.multipliers.items()}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
_SAME = {"−": "-", "×": "*", "x": "*", "÷": "/"}


def has_plain_spaces(text: str) -> bool:
    """Whether nothing but a blank says that it is one number: 1 200, but not 1 200,50 and not 1 200 000."""
    return bool(re.fullmatch(r"\d+ \d+", text))


def read(text: str, mark: str) -> Decimal | None:
    """The number, taking `mark` for that of decimals where the text leaves it open; None where it is no number."""
    if len(text) > DIGITS_MAX * 2 or re.match(r"0\d", text):
        return None
    if AMBIGUOUS.fullmatch(text):
        whole, point, fraction = text, "", ""
        if mark in text:
            whole, point, fraction = text.partition(mark)
    else:
        whole, point, fraction = _parted(text)
    grouped = re.sub(rf"[.,'_٫{BLANKS}]", ",", whole)
    marks = {c for c in whole if not c.isdigit()}
    if len(marks) > 1 or point in marks or "٫" in marks or (point and not fraction):
        return None
    if marks and not WESTERN.fullmatch(grouped) and not (marks == {","} and LAKHS.fullmatch(grouped)):
        return None
    digits = grouped.replace(",", "") or "0"
    return Decimal(f"{digits}.{fraction}" if fraction else digits)


def _parted(text: str) -> tuple[str, str, str]:
    """The text before the mark of decimals, the mark, and the decimals: the last mark, if it is there once."""
    last = max((text.rfind(mark) for mark in ".,٫"), default=-1)
    if last < 0 or text.count(text[last]) > 1:
        return text, "", ""
    return text[:last], text[last], text[last + 1 :]


@dataclass(frozen=True)
class Sum:
    """An amount as written: tokens first to last (exclusive), its sign, what it is computed from, its currencies."""

    first: int
    last: int
    sign: str
    parts: tuple[Token, ...]
    currencies: tuple[tuple[str, ...], ...]
    loose: bool  # its currency may be another number's, or a word that means something else

    @property
    def marked(self) -> bool:
        return not self.loose and (bool(self.currencies) or any(part.factor > 1 for part in self.parts))

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts if part.kind is T.NUMBER)

    @property
    def adds(self) -> bool:
        return any(part.kind is T.OPERATOR and part.text in "+-−" for part in self.parts)


class _Scan:
    """Finds where a sum ends; one pass over the tokens."""

    def __init__(self, tokens: Sequence[Token], place: int, own: frozenset[str]) -> None:
        self.tokens, self.place, self.own = tokens, place, own
        self.parts: list[Token] = []
        self.currencies: list[tuple[str, ...]] = []
        self.depth = 0
        self.loose = False

    def at(self, place: int) -> Token | None:
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def currency_at(self, place: int) -> tuple[str, ...]:
        token = self.at(place)
        return meant(token.text, self.own) if token and token.kind in {T.SIGN, T.WORD} else ()

    def number(self) -> bool:
        """Take an operand: a currency, a number, a factor, a currency."""
        before = self.currency_at(self.place)
        place = self.place + bool(before)
        token = self.at(place)
        if token is None or token.kind is not T.NUMBER:
            return False
        follower = self.at(place + 1)
        if follower and follower.kind is T.WORD and follower.bare in _FACTORS:
            token = Token(T.NUMBER, token.text, token.start, follower.end, _FACTORS[follower.bare])
            place += 1
        after = self.currency_at(place + 1)
        sign, beyond = self.at(place + 1), self.at(place + 2)
        if after and sign and sign.start > token.end and beyond and beyond.kind is T.NUMBER:
            if beyond.start == sign.end:
                after = ()
            self.loose = self.loose or not before
        if before and is_spoken(self.tokens[self.place].text):
            self.loose = True
        self.currencies += [codes for codes in (before, after) if codes]
        self.parts.append(token)
        self.place = place + 1 + bool(after)
        return True

    def operand(self) -> bool:
        start = self.place
        while (token := self.at(self.place)) and token.text == "(" and self.depth < DEPTH_MAX:
            self.parts.append(token)
            self.place += 1
            self.depth += 1
        if self.number():
            self.close()
            return True
        while self.parts and self.place > start:
            self.parts.pop()
            self.place -= 1
            self.depth -= 1
        return False

    def close(self) -> None:
        while self.depth and (token := self.at(self.place)) and token.text == ")":
            self.parts.append(token)
            self.place += 1
            self.depth -= 1

    def operator(self) -> bool:
        """Take an operator and its second operand, if both are there and the blanks around it do not say otherwise."""
        token = self.at(self.place)
        following = self.at(self.place + 1)
        text = token and _SAME.get(token.text, token.text)
        if not token or not following or token.kind is not T.OPERATOR or text not in _PRECEDENCE:
            return False
        apart = token.start > self.tokens[self.place - 1].end, following.start > token.end
        if len(set(apart)) > 1 and token.text != "x":
            return False
        kept = self.place, len(self.parts), len(self.currencies)
        self.parts.append(Token(T.OPERATOR, text or "", token.start, token.end))
        self.place += 1
        if self.operand() and not (text == "-" and apart[0] and self.is_text()):
            return True
        self.place = kept[0]
        del self.parts[kept[1] :], self.currencies[kept[2] :]
        return False

    def is_text(self) -> bool:
        """Whether a word follows: in 'beer 5 - 3 bottles' the dash is no minus."""
        token = self.at(self.place)
        return token is not None and token.kind in {T.WORD, T.QUOTED}


def sum_at(tokens: Sequence[Token], place: int, own: frozenset[str]) -> Sum | None:
    """The sum that begins there: [+|-] number [operator number]…"""
    scan, sign = _Scan(tokens, place, own), ""
    token, following = scan.at(place), scan.at(place + 1)
    if token and following and token.kind is T.OPERATOR and token.text in "+-−":
        if following.start > token.end and place > 0:
            return None
        sign = _SAME.get(token.text, token.text)
        scan.place += 1
    if not scan.operand():
        return None
    while len(scan.parts) < NUMBERS_MAX * 2 and scan.operator():
        pass
    if scan.depth:
        return None
    return Sum(place, scan.place, sign, tuple(scan.parts), tuple(scan.currencies), scan.loose)


def is_cut_off(tokens: Sequence[Token], one: Sum) -> bool:
    """Whether more of a sum stands beside it than could be read: `2*(3+4`, `100+10%`, `5**3`."""
    first, last = one.first - 1, one.last
    while first > 0 and tokens[first].text == "(" and tokens[first - 1].end == tokens[first].start:
        first -= 1
    before = first >= 0 and tokens[first].end == tokens[first + 1].start and _is_left_over(tokens[first])
    after = last < len(tokens) and tokens[last].start == tokens[last - 1].end and _is_left_over(tokens[last])
    return before or after


def _is_left_over(token: Token) -> bool:
    return token.kind is T.OPERATOR and token.text in "+-−*×÷/x"


def value(parts: Sequence[Token], mark: str) -> Decimal | Why:
    """What the parts come to, or why they do not: unreadable, too large, too fine to be written."""
    output: list[Decimal] = []
    waiting: list[str] = []
    try:
        with localcontext() as context:
            context.traps[Inexact] = True
            for part in parts:
                if part.kind is T.NUMBER:
                    number = read(part.text, mark)
                    if number is None:
                        return Why.UNREADABLE
                    output.append(number * part.factor)
                elif part.text == "(":
                    waiting.append("(")
                else:
                    _settle(output, waiting, part.text)
            _settle(output, waiting, "")
    except (DivisionByZero, InvalidOperation):
        return Why.UNREADABLE
    except Overflow:
        return Why.TOO_LARGE
    except Inexact:
        return Why.TOO_FINE
    return output[0]


def _settle(output: list[Decimal], waiting: list[str], operator: str) -> None:
    """Apply the operators that bind at least as closely; then let this one wait, or leave the brackets."""
    while waiting and waiting[-1] != "(" and _PRECEDENCE[waiting[-1]] >= _PRECEDENCE.get(operator, 0):
        right, left = output.pop(), output.pop()
        output.append(_APPLY[waiting.pop()](left, right))
    if operator == ")":
        waiting.pop()
    elif operator:
        waiting.append(operator)


_APPLY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
