"""Two worlds that differ in nothing but what is hidden: what must stay hidden happens here, or to somebody next door.

Rows are made in the same order and number in both, so that ids, positions and cursors are the same too, and what
others are told can be compared byte for byte.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from django.db import connection

from audit.relay import relay_once
from financebot.common.usecase import unit_of_work
from ledger.kinds import Visibility
from ledger.models import Category, ExchangeRate, Wallet
from ledger.services import (
    archive_wallet,
    cancel_transaction,
    confirm_transaction,
    create_wallet,
    edit_transaction,
    edit_wallet,
    reverse_transaction,
    undo_transaction,
)
from tests.conftest import House, Person, join, record, undone

SHARED, BALANCE_ONLY, PRIVATE = Visibility.SHARED, Visibility.BALANCE_ONLY, Visibility.PRIVATE
ROOM = 1000  # for the rows that both worlds begin with


def use(use_case: Any, by: Person, **given: Any) -> Any:
    with unit_of_work():
        return use_case(actor=by.actor, **given)


@dataclass(frozen=True)
class Side:
    """A family: `holder` is an adult with wallets to hide; `spare` are two such of each visibility."""

    owner: Person
    holder: Person
    cash: int
    spare: dict[str, list[int]]
    last_id: int

    def category(self, name: str) -> int:
        family = self.owner.membership.family_id
        return Category.objects.get(family=family, name=name, parent=None, fallback=False).pk

    def open(self, name: str, visibility: str, **fields: Any) -> int:
        given = {"name": name, "type": "cash", "holder_id": self.holder.membership.pk, "visibility": visibility}
        pk: int = use(create_wallet, self.holder, fields=given | fields).pk
        return pk


Place = tuple[Side, int]  # a wallet and whose it is


class World:
    """`balances` is None where all is here. Else what is hidden happens next door, and a wallet whose balance alone
    is shown has it by one entry that says something else."""

    def __init__(self, here: Side, there: Side, balances: dict[str, Decimal] | None) -> None:
        self.here, self.there, self.balances = here, there, balances
        self.wallets: dict[str, int] = {}
        self.finally_: dict[str, str] = {}
        self.entries: list[int] = []

    @property
    def is_bare(self) -> bool:
        return self.balances is not None

    def side(self, label: str) -> Side:
        return self.there if self.is_bare and self.finally_[label] == PRIVATE else self.here

    def open(self, label: str, visibility: str, finally_: str) -> None:
        self.finally_[label] = finally_
        self.wallets[label] = self.side(label).open(label, visibility)

    def place(self, label: str, now: str, number: int = 0) -> Place:
        """Where its entries are made."""
        if self.is_bare and self.finally_[label] == BALANCE_ONLY:
            return self.there, self.there.spare[now][number]
        return self.side(label), self.wallets[label]

    def note(self, entry: Any) -> int:
        pk: int = getattr(entry, "transaction", entry).pk
        self.entries.append(pk)
        return pk

    def begin(self, label: str) -> None:
        """The first entry of a wallet: all that there is on one that shows nothing else, where the world is bare."""
        side, wallet, amount = self.side(label), self.wallets[label], "1000.00"
        if self.balances is not None and self.finally_[label] == BALANCE_ONLY:
            amount, label = str(self.balances[label]), "all that there is"
        words = {"description": f"{label} begins", "payee": f"{label} boss", "tags": (label,), "source_ref": label}
        self.note(record(side.holder, amount, to_wallet=wallet, category=side.category("Salary"), **words))

    def lead_a_life(self, label: str, now: str) -> None:
        side, wallet = self.place(label, now)
        who, words = side.holder, {"payee": f"Dr. {label}", "tags": ("health", label), "description": f"{label} lives"}
        whom = ((side.owner.membership.pk, Decimal(1)), (who.membership.pk, Decimal(2)))
        more = {"category": side.category("Health"), "for_members": whom, **words}
        spent = self.note(record(who, "30.00", from_wallet=wallet, **more))
        use(edit_transaction, who, transaction_id=spent, changes={"notes": f"{label} notes"}, version=None)
        anew = {"amount": Decimal("31.00")}
        dearer = self.note(use(edit_transaction, who, transaction_id=spent, changes=anew, version=None))
        self.note(record(who, "1.00", to_wallet=wallet, refund_of=dearer))
        undone_ = self.note(record(who, "5.00", from_wallet=wallet, **words))
        use(undo_transaction, who, transaction_id=undone_, reason=f"{label} was wrong")
        cancelled = self.note(record(who, "7.00", from_wallet=wallet, later=True, **words))
        use(cancel_transaction, who, transaction_id=cancelled)
        self.note(record(who, "8.00", from_wallet=wallet, later=True, **words))
        large = self.note(record(who, "600.00", from_wallet=wallet, **words))
        if now == SHARED:
            use(confirm_transaction, side.owner, transaction_id=large, token=None, version=None)
            taken = self.note(record(side.owner, "2.00", from_wallet=wallet, **words))
            use(reverse_transaction, side.owner, transaction_id=taken, reason=f"{label} was wrong")

    def move(self, source: Place, target: Place, amount: str, label: str) -> None:
        """Between two wallets of one family; where the other half is next door, some other hidden wallet is here."""
        (side, one), (other, two) = source, target
        if side is not other:
            hidden = self.here.spare[PRIVATE][0]
            side, one, two = self.here, one if side is self.here else hidden, two if other is self.here else hidden
        wallets = {"from_wallet": one, "to_wallet": two}
        self.note(record(side.holder, amount, **wallets, description=f"{label} moves"))

    def change(self, before: str, after: str) -> None:
        """A wallet that had one visibility and has another."""
        label = f"{before}-{after}"
        self.open(label, before, after)
        self.begin(label)
        self.lead_a_life(label, before)
        if before != after:
            side = self.side(label)
            given = {"wallet_id": self.wallets[label], "version": None}
            use(edit_wallet, side.holder, changes={"visibility": after}, **given)
        cash, place = (self.here, self.here.cash), self.place(label, after)
        self.move(place, cash, "4.00", label)
        self.move(cash, place, "3.00", label)

    def pair(self, one: str, two: str) -> None:
        """Two wallets, each with a visibility, and money that goes from one to the other and back."""
        labels = [f"first {one}+{two}", f"second {one}+{two}"]
        for label, visibility in zip(labels, (one, two), strict=True):
            self.open(label, visibility, visibility)
            self.begin(label)
        places = [self.place(labels[0], one, 0), self.place(labels[1], two, 1)]
        for (side, wallet), label in zip(places, labels, strict=True):
            words = {"description": f"{label} spends", "payee": label}
            self.note(record(side.holder, "9.00", from_wallet=wallet, **words))
        self.move(*places, "20.00", labels[0])
        self.move(*reversed(places), "5.00", labels[1])

    def exchange(self) -> None:
        """Money goes to one hidden wallet or another one, in another currency and of another amount."""
        hidden = [self.here.open(name, PRIVATE, currency=name) for name in ("USD", "CHF")]
        amounts = ["123.45", "98.76"]
        if self.is_bare:
            hidden, amounts = hidden[::-1], amounts[::-1]
        cash, who = self.here.cash, self.here.holder
        for amount in ("10.00", "700.00", "800.00"):
            given = {"from_wallet": cash, "to_wallet": hidden[0], "to_amount": Decimal(amounts[0])}
            last = self.note(record(who, amount, **given, description="something abroad"))
        other = {"to_wallet": hidden[1], "to_amount": Decimal(amounts[1])}
        use(edit_transaction, who, transaction_id=last, changes=other, version=None)
        for amount in amounts:
            given = {"from_wallet": hidden[amounts.index(amount)], "to_wallet": cash, "to_amount": Decimal("11.00")}
            self.note(record(who, amount, **given, description="something back"))

    def put_away(self) -> None:
        side = self.there if self.is_bare else self.here
        pk = side.open("put away", PRIVATE)
        use(archive_wallet, side.holder, wallet_id=pk)
        self.wallets["put away"] = pk
        self.note(record(side.holder, "6.00", from_wallet=side.cash, later=True, description="a ring for Olga"))

    def build(self) -> "World":
        for before, after in product(Visibility, Visibility):
            self.change(before, after)
        for one, two in product(Visibility, Visibility):
            self.pair(one, two)
        self.exchange()
        self.put_away()
        while relay_once():
            pass
        return self


def sides_of(house: House) -> tuple[Side, Side]:
    """The house, and the family next door with an adult too."""
    found = []
    for owner, holder in ((house.owner, house.adult), (house.stranger, join(house.stranger, "adult"))):
        cash = use(create_wallet, owner, fields={"name": "Kitty", "type": "cash"}).pk
        side = Side(owner, holder, cash, {}, last_id())
        side.spare.update({v: [side.open(f"{v} {n}", v) for n in range(2)] for v in Visibility})
        found.append(side)
        known = {"family_id": owner.membership.family_id, "quote": "EUR", "day": "2020-01-01", "rate": Decimal("0.9")}
        for currency in ("USD", "CHF"):
            ExchangeRate.objects.create(base=currency, **known)
    return found[0], found[1]


@contextmanager
def world(here: Side, there: Side, balances: dict[str, Decimal] | None = None) -> Iterator[World]:
    """One of the two; nothing of it is left afterwards."""
    with undone():
        number_rows_from(here.last_id + ROOM)
        yield World(here, there, balances).build()


def last_id() -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT MAX(last_value) FROM pg_sequences")
        else:
            cursor.execute("SELECT MAX(seq) FROM sqlite_sequence")
        return int(cursor.fetchone()[0])


def number_rows_from(first: int) -> None:
    """PostgreSQL's sequences do not come back with a rollback; SQLite's do."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for sequence in connection.introspection.sequence_list():
                cursor.execute("SELECT setval(%s, %s)", [sequence["name"], first])
        else:
            cursor.execute("UPDATE sqlite_sequence SET seq = %s", [first])


def balances_in(found: World) -> dict[str, Decimal]:
    return {label: Wallet.objects.get(pk=pk).balance for label, pk in found.wallets.items()}
