"""Who lives in the demo: a family of five, one of each role, and the neighbours, who must never see any of it."""

from dataclasses import dataclass
from decimal import Decimal

from families.roles import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Called by the first name. `spending_limit` is in the family's base currency, for seven days."""

    first_name: str
    last_name: str
    role: Role
    email: str
    spending_limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NewWallet:
    """A wallet to be made; `holder` and `made_by` are first names, the founder where nobody is named."""

    name: str
    type: str
    opening: str = "0"
    currency: str = ""
    holder: str = ""
    made_by: str = ""
    visibility: str = "shared"
    overdraft_limit: str | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """The first person founds the family, the second joins as soon as there is one, and so on."""

    name: str
    base_currency: str
    timezone: str
    people: tuple[Person, ...]
    wallets: tuple[NewWallet, ...]
    approval_threshold: Decimal
    adult_approval_limit: Decimal


WEBERS = Household(
    name="Weber family",
    base_currency="EUR",
    timezone="Europe/Berlin",
    approval_threshold=Decimal(500),
    adult_approval_limit=Decimal(1000),
    people=(
        Person("Anna", "Weber", Role.OWNER, "anna@weber.example"),
        Person("Ben", "Weber", Role.ADULT, "ben@weber.example"),
        Person("Clara", "Weber", Role.MEMBER, "clara@weber.example", Decimal(150)),
        Person("David", "Weber", Role.CHILD, "david@weber.example", Decimal(15)),
        Person("Erika", "Schulz", Role.READ_ONLY, "erika@schulz.example"),
    ),
    wallets=(
        NewWallet("Joint account", "bank", "2840.50", overdraft_limit="2000"),
        NewWallet("Savings", "savings", "8200"),
        NewWallet("Cash", "cash", "120", overdraft_limit="0"),
        NewWallet("Credit card", "credit", "-312.45", overdraft_limit="5000"),
        NewWallet("Ben's account", "bank", "940.20", holder="Ben"),
        NewWallet("Clara's account", "bank", "610", holder="Clara"),
        NewWallet("Pocket money", "allowance", "20", holder="David"),
        NewWallet("Travel dollars", "cash", currency="USD"),
        NewWallet("Presents", "ewallet", "150", holder="Ben", made_by="Ben", visibility="private"),
    ),
)
NOVAKS = Household(
    name="Novák family",
    base_currency="CZK",
    timezone="Europe/Prague",
    approval_threshold=Decimal(10_000),
    adult_approval_limit=Decimal(25_000),
    people=(
        Person("Petra", "Nováková", Role.OWNER, "petra@novak.example"),
        Person("Jan", "Novák", Role.ADULT, "jan@novak.example"),
    ),
    wallets=(
        NewWallet("Household", "bank", "64000", overdraft_limit="0"),
        NewWallet("Wallet", "cash", "2500", overdraft_limit="0"),
    ),
)
