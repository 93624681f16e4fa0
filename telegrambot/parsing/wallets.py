"""From which wallet, to which, in which currency."""

from dataclasses import dataclass

from telegrambot.parsing.line import PARTS_MAX, Line, ids
from telegrambot.parsing.names import CANDIDATES, Unclear, find, longest
from telegrambot.parsing.shapes import Candidate, Topic, Wallet, Why
from telegrambot.parsing.tokens import T

WORDS_MAX = 6  # of a name


@dataclass(frozen=True)
class Said:
    """The names of wallets as written: that of the source, that of the target, and the place of the arrow."""

    source: str | None
    target: str | None
    arrow: int | None


def whole_names(line: Line) -> None:
    """Join to `#name` and `@name` the words after it that are part of a known name: #eating out."""
    for kind, known in ((T.HASH, line.household.categories), (T.AT, line.household.wallets)):
        for place in line.of(kind)[:PARTS_MAX]:
            words = [line.tokens[place].text, *_following(line, place + 1)]
            count = longest(words, known)
            if count > 1:
                first = line.tokens[place]
                line.tokens[place] = type(first)(kind, " ".join(words[:count]), first.start, first.end)
                line.take(place + 1, place + count)


def _following(line: Line, place: int) -> list[str]:
    found = []
    for token in line.tokens[place : place + WORDS_MAX]:
        if token.kind not in {T.WORD, T.NUMBER}:
            break
        found.append(token.text)
    return found


def targets(line: Line) -> dict[int, str]:
    """The names beside the arrow that are known as a whole, taken before their words are read as anything else."""
    found: dict[int, str] = {}
    arrows = line.of(T.ARROW)
    for arrow in arrows if len(arrows) == 1 else []:
        words = _following(line, arrow + 1)
        if count := longest(words, line.household.wallets):
            found[arrow + 1] = " ".join(words[:count])
            line.take(arrow + 1, arrow + 1 + count)
        for count in range(WORDS_MAX, 0, -1):
            first = arrow - count
            if first < 0:
                continue
            before = _following(line, first)[:count]
            if len(before) == count and longest(before, line.household.wallets) == count:
                found[arrow - 1] = " ".join(before)
                line.take(first, arrow)
                break
    return found


def said(line: Line, whole: dict[int, str], numbers: dict[int, int]) -> Said | None:
    """The wallets that are named, taken; None where there is more than one source, target or arrow, which is asked.

    `whole` is what `targets` found, `numbers` the first → last place of each sum, which may stand beside an arrow.
    """
    arrows = line.of(T.ARROW)
    if len(arrows) > 1:
        line.ask(Topic.TO_WALLET, Why.TWICE)
        return None
    target = source = None
    arrow = arrows[0] if arrows else None
    if arrow is not None:
        line.take(arrow, arrow + 1)
        after = numbers.get(arrow + 1, arrow + 1)
        target = whole.get(arrow + 1) or _name_at(line, after)
        ends = {last: first for first, last in numbers.items()}
        source = whole.get(arrow - 1)
        if source is None and not line.of(T.AT):
            source = _name_at(line, ends.get(arrow, arrow) - 1, alone=arrow in ends)
    ats = line.of(T.AT)
    names = [line.tokens[place].text for place in ats] + ([source] if source else [])
    for place in ats:
        line.take(place, place + 1)
    if len(names) > 1 and by_id(line, line.answer(Topic.WALLET)) is None:
        clear = [one.id for one in (find(name, line.household.wallets) for name in names) if isinstance(one, Wallet)]
        line.ask(Topic.WALLET, Why.TWICE, ids(clear))
        return None
    source = names[0] if len(names) == 1 else None
    return Said(source, target, arrow)


def _name_at(line: Line, place: int, *, alone: bool = False) -> str | None:
    """The word there as a name; with a number between it and the arrow (`alone`) only where it is a whole one."""
    if not 0 <= place < len(line.tokens) or line.tokens[place].kind not in {T.WORD, T.QUOTED, T.AT}:
        return None
    name = line.tokens[place].text.strip(",;:")
    if alone and line.tokens[place].kind is not T.AT and not longest([name], line.household.wallets):
        return None
    line.take(place, place + 1)
    return name


def by_name(line: Line, name: str, topic: Topic) -> Wallet | None:
    if (answered := by_id(line, line.answer(topic, name))) is not None:
        return answered
    one = find(name, line.household.wallets)
    if isinstance(one, Unclear):
        line.ask(topic, one.why, ids(one.candidates), name)
        return None
    return one


def by_id(line: Line, text: str | None) -> Wallet | None:
    return next((wallet for wallet in line.household.wallets if str(wallet.id) == text), None)


def usual(line: Line, codes: frozenset[str], topic: Topic, among: tuple[Wallet, ...] | None = None) -> Wallet | None:
    """The wallet where none is named: the reader's own, or the only one of that currency; else it is asked."""
    if (answered := by_id(line, line.answer(topic))) is not None:
        return answered
    pool = [
        wallet
        for wallet in (line.household.wallets if among is None else among)
        if not codes or wallet.currency in codes
    ]
    if (chosen := line.answer(Topic.CURRENCY)) is not None:
        pool = [wallet for wallet in pool if wallet.currency == chosen] or pool
    own = next((wallet for wallet in pool if wallet.id == line.reader.wallet), None)
    if own or len(pool) == 1:
        return own or pool[0]
    currencies = sorted({wallet.currency for wallet in pool})
    if codes and not pool:
        line.ask(Topic.CURRENCY, Why.UNKNOWN, about=", ".join(sorted(codes)[:CANDIDATES]))
    elif codes and len(currencies) > 1:
        line.ask(Topic.CURRENCY, Why.AMBIGUOUS, [Candidate(code) for code in currencies])
    else:
        line.ask(topic, Why.MISSING, ids(wallet.id for wallet in pool[:CANDIDATES]))
    return None


def check_currency(line: Line, wallet: Wallet, codes: frozenset[str], topic: Topic) -> Wallet | None:
    """The wallet, if it keeps that currency; else which one is asked."""
    if not codes or wallet.currency in codes:
        return wallet
    answered = by_id(line, line.answer(topic))
    if answered and answered.currency in codes:
        return answered
    fitting = [one.id for one in line.household.wallets if one.currency in codes]
    line.ask(topic, Why.UNFIT, ids(fitting[:CANDIDATES]))
    return None
