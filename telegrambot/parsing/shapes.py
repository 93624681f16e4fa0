"""What the parser is told, and what it says: frozen values without behaviour of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

SKIP = "skip"  # the answer to any question about a line that leaves this line out


class Kind(StrEnum):
    EXPENSE = "expense"
    INCOME = "income"
    TRANSFER = "transfer"


class Topic(StrEnum):
    """What a question is about."""

    AMOUNT = "amount"
    TO_AMOUNT = "to_amount"
    CURRENCY = "currency"
    DAY = "day"
    KIND = "kind"
    CATEGORY = "category"
    WALLET = "wallet"
    TO_WALLET = "to_wallet"
    MEMBER = "member"
    SPLIT = "split"


class Why(StrEnum):
    """Why it is asked."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    UNREADABLE = "unreadable"
    TWICE = "twice"
    TOO_FINE = "too_fine"
    TOO_LARGE = "too_large"
    NOT_POSITIVE = "not_positive"
    IN_FUTURE = "in_future"
    UNFIT = "unfit"


class NoEntryReason(StrEnum):
    EMPTY = "empty"
    NO_AMOUNT = "no_amount"
    TOO_LONG = "too_long"
    TOO_MANY_LINES = "too_many_lines"


@dataclass(frozen=True)
class Wallet:
    id: int
    name: str
    currency: str


@dataclass(frozen=True)
class Category:
    id: int
    name: str
    kind: Kind


@dataclass(frozen=True)
class Member:
    id: int
    name: str


@dataclass(frozen=True)
class Household:
    """What the family has, as far as the reader sees it; what is used most stands first and is offered first.

    `history`: a word as `names.bare` makes it → category → how many entries.
    """

    wallets: tuple[Wallet, ...] = ()
    categories: tuple[Category, ...] = ()
    members: tuple[Member, ...] = ()
    payees: tuple[str, ...] = ()
    history: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Habits:
    """How this person writes, None where nobody has asked them yet; answers to questions teach it."""

    decimal: str | None = None  # the mark before the decimals, "." or ","
    spaces: bool | None = None  # whether 1 200 is one number
    day_first: bool | None = None  # whether 03/04 is in April


@dataclass(frozen=True)
class Reader:
    """Who writes: their own day, wallet (None: they have no usual one) and membership."""

    today: date
    wallet: int | None = None
    member: int | None = None
    habits: Habits = Habits()


@dataclass(frozen=True)
class Key:
    """Which question an answer is to: the line, counted from 0, the topic, and the words that raised it."""

    line: int
    topic: Topic
    about: str = ""


@dataclass(frozen=True)
class Candidate:
    """A possible answer: a plain decimal, an ISO day, an ISO 4217 code, a `Kind` or an id.

    `teaches` names the field of `Habits` that this answer also tells, if any, and `habit` its value.
    """

    value: str
    teaches: str = ""
    habit: str | bool | None = None


@dataclass(frozen=True)
class Question:
    key: Key
    why: Why
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Split:
    category: int
    amount: Decimal
    note: str = ""


@dataclass(frozen=True)
class Weight:
    member: int
    share: Decimal = Decimal(1)


@dataclass(frozen=True)
class Entry:
    """What may be booked. `confidence` is 1 where the category was said, less where the history told it."""

    kind: Kind
    amount: Decimal
    currency: str
    day: date
    from_wallet: int | None = None
    to_wallet: int | None = None
    to_amount: Decimal | None = None
    category: int | None = None
    confidence: Decimal = Decimal(1)
    splits: tuple[Split, ...] = ()
    for_members: tuple[Weight, ...] = ()
    payee: str = ""
    description: str = ""
    line: int = 0


@dataclass(frozen=True)
class Entries:
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Questions:
    """What has to be asked before anything of the message is booked; `entries` are the lines that were clear."""

    questions: tuple[Question, ...]
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class NoEntry:
    reason: NoEntryReason


Result = Entries | Questions | NoEntry
Answers = Mapping[Key, str]
