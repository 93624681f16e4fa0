"""From what a line says to an entry, or to what has to be asked."""

from datetime import date
from decimal import Decimal

from telegrambot.parsing import categories, wallets
from telegrambot.parsing.amounts import amount_of, answered, written
from telegrambot.parsing.facts import Facts, facts_of
from telegrambot.parsing.line import Line, ids
from telegrambot.parsing.names import CANDIDATES, bare, find
from telegrambot.parsing.numbers import Sum
from telegrambot.parsing.shapes import Candidate, Entry, Kind, Split, Topic, Wallet, Why
from telegrambot.parsing.tokens import PUNCTUATION
from telegrambot.parsing.words import LANGUAGES

WORDS_LENGTH = 500  # of a description and of a note, as the API has it
_MOVING = frozenset(bare(word) for language in LANGUAGES for word in language.moving)
_EARNING = frozenset(bare(word) for language in LANGUAGES for word in language.earning)

_SIGNS = {"+": Kind.INCOME, "-": Kind.EXPENSE}


def read(line: Line, default_day: date) -> Entry | None:
    """The entry; None when something is asked, or when the line is no entry and there is nothing to ask."""
    facts = facts_of(line, default_day)
    if facts is None or line.questions:
        return None
    kind = _kind(line, facts)
    if kind is None:
        return None
    entry = _moved(line, facts) if kind is Kind.TRANSFER else _spent(line, facts, kind)
    return None if line.questions else entry


def _kind(line: Line, facts: Facts) -> Kind | None:
    """Arrow and sign decide; then the category; what they leave open is asked."""
    said = line.answer(Topic.KIND)
    if said in {Kind.EXPENSE, Kind.INCOME, Kind.TRANSFER}:
        return Kind(said)
    sign, arrow = facts.sums[0].sign, facts.said.arrow is not None
    words = {word.strip(PUNCTUATION) for word in bare(facts.words).split()}
    unsaid = not (arrow or sign or facts.names)
    if arrow and sign == "+":
        asked = [Kind.TRANSFER, Kind.INCOME]
    elif facts.plus or (unsaid and words & _EARNING):
        asked = [Kind.INCOME, Kind.EXPENSE]
    elif unsaid and words & _MOVING:
        asked = [Kind.TRANSFER, Kind.EXPENSE]
    elif arrow or sign:
        return Kind.TRANSFER if arrow else _SIGNS[sign]
    else:
        return categories.kind_of(line, facts.names, facts.words)
    line.ask(Topic.KIND, Why.AMBIGUOUS, map(Candidate, asked))
    return None


def _spent(line: Line, facts: Facts, kind: Kind) -> Entry | None:
    """An expense or an income, whole or in parts."""
    name = facts.said.source or facts.said.target
    wallet = wallets.by_name(line, name, Topic.WALLET) if name else wallets.usual(line, facts.codes, Topic.WALLET)
    wallet = wallet and wallets.check_currency(line, wallet, facts.codes, Topic.WALLET)
    if wallet is None:
        return None
    parts = _splits(line, facts, kind, wallet.currency)
    amount = sum((part.amount for part in parts), Decimal(0))
    category, confidence = None, Decimal(1)
    if not facts.parts:
        found = amount_of(line, facts.sums[0], wallet.currency)
        if facts.names:
            said = categories.named(line, facts.names[0], kind)
            category = said.id if said else None
        elif told := categories.told(line, facts.words, kind):
            category, confidence = told
        amount = found or Decimal(0)
    if line.questions:
        return None
    return Entry(
        kind=kind,
        amount=amount,
        currency=wallet.currency,
        day=facts.day,
        from_wallet=wallet.id if kind is Kind.EXPENSE else None,
        to_wallet=wallet.id if kind is Kind.INCOME else None,
        category=category,
        confidence=confidence,
        splits=tuple(parts),
        for_members=facts.people,
        payee=facts.payee,
        description=facts.words[:WORDS_LENGTH],
        line=line.number,
    )


def _splits(line: Line, facts: Facts, kind: Kind, currency: str) -> list[Split]:
    found = []
    for part in facts.parts:
        amount = amount_of(line, part.amount, currency, Topic.SPLIT)
        if part.category:
            said = categories.named(line, part.category, kind)
            category = said.id if said else None
        else:
            told = categories.told(line, part.words, kind, about=part.words)
            category = told[0] if told else None
        if amount is not None and category is not None:
            found.append(Split(category, amount, part.words[:WORDS_LENGTH]))
    if facts.whole and len(found) == len(facts.parts):
        whole = amount_of(line, facts.whole, currency)
        if whole is not None and whole != sum(part.amount for part in found):
            line.ask(Topic.SPLIT, Why.UNFIT)
    return found


def _moved(line: Line, facts: Facts) -> Entry | None:
    """A transfer, or an exchange where the currencies of its wallets differ: then both amounts are needed."""
    if facts.parts:
        line.ask(Topic.SPLIT, Why.UNFIT)
    if facts.people:
        line.ask(Topic.MEMBER, Why.UNFIT)
    target = _target(line, facts)
    source = _source(line, facts, target) if target else None
    if source is None or target is None or line.questions:
        return None
    amount, to_amount = _both_amounts(line, facts, source, target)
    label = categories.named(line, facts.names[0], Kind.TRANSFER) if facts.names else None
    if line.questions or amount is None:
        return None
    return Entry(
        kind=Kind.TRANSFER,
        amount=amount,
        currency=source.currency,
        day=facts.day,
        from_wallet=source.id,
        to_wallet=target.id,
        to_amount=to_amount,
        category=label.id if label else None,
        payee=facts.payee,
        description=facts.words[:WORDS_LENGTH],
        line=line.number,
    )


def _target(line: Line, facts: Facts) -> Wallet | None:
    if chosen := wallets.by_id(line, line.answer(Topic.TO_WALLET)):
        return chosen
    if facts.said.target:
        return wallets.by_name(line, facts.said.target, Topic.TO_WALLET)
    known = find(facts.said.source, line.household.wallets) if facts.said.source else None
    source = known.id if isinstance(known, Wallet) else line.reader.wallet
    others = [one.id for one in line.household.wallets if one.id != source]
    line.ask(Topic.TO_WALLET, Why.MISSING, ids(others[:CANDIDATES]))
    return None


def _source(line: Line, facts: Facts, target: Wallet) -> Wallet | None:
    others = tuple(one for one in line.household.wallets if one != target)
    if facts.said.source:
        source = wallets.by_name(line, facts.said.source, Topic.WALLET)
    else:
        fitting = facts.codes if any(one.currency in facts.codes for one in others) else frozenset[str]()
        source = wallets.usual(line, fitting, Topic.WALLET, among=others)
    if source == target:
        line.ask(Topic.TO_WALLET, Why.TWICE, ids(one.id for one in others[:CANDIDATES]))
        return None
    return source


def _both_amounts(line: Line, facts: Facts, source: Wallet, target: Wallet) -> tuple[Decimal | None, Decimal | None]:
    """What leaves and, where it is another currency, what arrives."""
    sent, *received = facts.sums
    about = written(line, sent)
    chosen = line.answer(Topic.CURRENCY, about)
    known = chosen in {source.currency, target.currency}
    codes = frozenset([chosen]) if known else facts.codes or frozenset([source.currency])
    if received:
        return _two_amounts(line, sent, received[0], source, target)
    if source.currency in codes:
        amount = amount_of(line, sent, source.currency)
        return amount, None if target.currency == source.currency else _asked(line, Topic.TO_AMOUNT, target.currency)
    if target.currency in codes:
        arrived = amount_of(line, sent, target.currency, Topic.TO_AMOUNT)
        return _asked(line, Topic.AMOUNT, source.currency), arrived
    line.ask(Topic.CURRENCY, Why.UNFIT, [Candidate(source.currency), Candidate(target.currency)], about)
    return None, None


def _two_amounts(
    line: Line, sent: Sum, received: Sum, source: Wallet, target: Wallet
) -> tuple[Decimal | None, Decimal | None]:
    for one, wallet in ((sent, source), (received, target)):
        if any(wallet.currency not in codes for codes in one.currencies):
            line.ask(Topic.CURRENCY, Why.UNFIT)
            return None, None
    amount = amount_of(line, sent, source.currency)
    arrived = amount_of(line, received, target.currency, Topic.TO_AMOUNT)
    if source.currency != target.currency:
        return amount, arrived
    if amount != arrived:
        line.ask(Topic.TO_AMOUNT, Why.UNFIT)
    return amount, None


def _asked(line: Line, topic: Topic, currency: str) -> Decimal | None:
    """An amount that the line does not say, if it has been answered."""
    given = answered(line, topic, currency)
    if given is None:
        line.ask(topic, Why.MISSING)
    return given
