"""The family that the phrases are about, and a short form of what the parser says of them."""

from collections.abc import Iterable
from datetime import date

from telegrambot.parsing import (
    Candidate,
    Category,
    Entries,
    Entry,
    Household,
    Kind,
    Member,
    NoEntry,
    Question,
    Reader,
    Result,
    Topic,
    Wallet,
)

TODAY = date(2026, 3, 18)  # a Wednesday
HOUSEHOLD = Household(
    wallets=(
        Wallet(1, "Cash", "EUR"),
        Wallet(2, "Bank", "EUR"),
        Wallet(3, "Card 2", "EUR"),
        Wallet(4, "Dollars", "USD"),
        Wallet(5, "Japan trip", "JPY"),
        Wallet(6, "Кошелёк", "RUB"),
        Wallet(7, "Gulf", "KWD"),
        Wallet(8, "Savings *2_[x", "EUR"),
        Wallet(9, "Savings old", "EUR"),
        Wallet(10, "Złoty", "PLN"),
    ),
    categories=(
        Category(20, "Groceries", Kind.EXPENSE),
        Category(21, "Household", Kind.EXPENSE),
        Category(22, "Eating out", Kind.EXPENSE),
        Category(23, "Home", Kind.EXPENSE),
        Category(24, "Home office", Kind.EXPENSE),
        Category(25, "Café", Kind.EXPENSE),
        Category(26, "Transport", Kind.EXPENSE),
        Category(27, "Продукты", Kind.EXPENSE),
        Category(28, "Other", Kind.EXPENSE),
        Category(40, "Salary", Kind.INCOME),
        Category(41, "Gifts", Kind.INCOME),
        Category(42, "Other", Kind.INCOME),
    ),
    members=(
        Member(60, "Anna"),
        Member(61, "Ben"),
        Member(62, "Benedikt"),
        Member(63, "Żaneta"),
        Member(64, "Anna Maria"),
    ),
    payees=("Blue Bottle", "Lidl", "Lidl Plus"),
    history={
        "coffee": {25: 9},
        "кофе": {25: 3},
        "taxi": {26: 5},
        "такси": {26: 4},
        "rent": {23: 6},
        "lunch": {22: 8},
        "обед": {22: 3},
        "хлеб": {27: 5},
        "bread": {20: 5},
        "milk": {20: 1},
        "book": {23: 2, 28: 2},
        "soap": {21: 4},
        "wage": {40: 5},
        "зарплата": {40: 7},
    },
)
READER = Reader(today=TODAY, wallet=1, member=60)

NAMES = {one.id: one.name for one in (*HOUSEHOLD.wallets, *HOUSEHOLD.categories, *HOUSEHOLD.members)}
_OF_IDS = {Topic.WALLET, Topic.TO_WALLET, Topic.CATEGORY, Topic.MEMBER}


def short(result: Result) -> str:
    """`-4.50 EUR @Cash #Café 'coffee'`, `? day(03/04) ambiguous: …`, `no amount`."""
    if isinstance(result, NoEntry):
        return f"nothing: {result.reason}"
    if isinstance(result, Entries):
        return " ; ".join(map(_entry, result.entries))
    return " ; ".join(["? " + _question(one) for one in result.questions] + [_entry(one) for one in result.entries])


def _entry(entry: Entry) -> str:
    kind = {Kind.EXPENSE: "-", Kind.INCOME: "+", Kind.TRANSFER: ""}[entry.kind]
    said: list[str] = [f"{kind}{entry.amount} {entry.currency}"]
    said += [f"@{NAMES[entry.from_wallet]}"] if entry.from_wallet else []
    said += [">"] if entry.kind is Kind.TRANSFER else []
    said += [str(entry.to_amount)] if entry.to_amount else []
    said += [f"@{NAMES[entry.to_wallet]}"] if entry.to_wallet else []
    said += [f"#{NAMES[entry.category]}"] if entry.category else []
    said += [f"{entry.confidence}"] if entry.confidence != 1 else []
    said += [f"#{NAMES[part.category]} {part.amount}" for part in entry.splits]
    said += [f"for {NAMES[one.member]}*{one.share}" for one in entry.for_members]
    said += [f"at {entry.payee}"] if entry.payee else []
    said += [f"on {entry.day}"] if entry.day != TODAY else []
    said += [f"'{entry.description}'"] if entry.description else []
    return " ".join(said)


def _question(question: Question) -> str:
    about = f"({question.key.about})" if question.key.about else ""
    line = f"{question.key.line}:" if question.key.line else ""
    return f"{line}{question.key.topic}{about} {question.why}" + _candidates(question.key.topic, question.candidates)


def _candidates(topic: Topic, candidates: Iterable[Candidate]) -> str:
    said = [NAMES[int(one.value)] if topic in _OF_IDS else one.value for one in candidates]
    return f": {', '.join(said)}" if said else ""
