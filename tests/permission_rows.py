"""The permission table: what each person of the cast gets from each operation.

Statuses stand in the order of PEOPLE. `call` gives path and body, `work` the use case that does the same, ready to
run. `telegram`: also by a token that speaks for a chat. `permission`: which of the operation's names the owner needs
here, where it is not the first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from audit.trail import Actor
from families import services as families
from families.models import Family
from families.roles import P, Role
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import services as ledger
from ledger.models import Category, Wallet
from ledger.rules import Draft
from tests.ledger.helpers import want_approval

PEOPLE = ("owner", "adult", "member", "child", "reader", "stranger", "suspended", "removed", "nobody")
OUT = " 404 404 404 401"
ME = "200 " * 8 + "401"

House = Any


@dataclass(frozen=True)
class Row:
    operation: str  # method and route below /api/v1/
    statuses: str
    call: Callable[[House, str], tuple[str, dict[str, Any]]]
    work: Callable[[House, str, Actor], Any] | None = None
    telegram: bool = False
    about: str = ""
    permission: P | None = None

    def __str__(self) -> str:
        return f"{self.operation} {self.about}".strip()

    def status(self, person: str) -> int:
        return int(self.statuses.split()[PEOPLE.index(person)])


def fixed(path: str, **body: Any) -> Callable[[House, str], tuple[str, dict[str, Any]]]:
    return lambda house, who: (path, body)


def of_family(path: str, **body: Any) -> Callable[[House, str], tuple[str, dict[str, Any]]]:
    return lambda house, who: (f"/families/{house.family.pk}{path}", body)


def at_member(target: str, path: str = "", **body: Any) -> Callable[[House, str], tuple[str, dict[str, Any]]]:
    return lambda house, who: (f"/families/{house.family.pk}/members/{member(house, target)}{path}", body)


def listed(path: str) -> Callable[[House, str], tuple[str, dict[str, Any]]]:
    return lambda house, who: (f"{path}?family_id={house.family.pk}", {})


def at_wallet(wallet: str, path: str = "", /, **body: Any) -> Callable[[House, str], tuple[str, dict[str, Any]]]:
    return lambda house, who: (f"/wallets/{house.wallets[wallet].pk}{path}", body)


def member(house: House, name: str) -> int:
    return int(house.people[name].membership.pk)


def own_or_owners(house: House, who: str) -> int:
    """One's own membership; who has none here names the owner's."""
    person = house.people.get(who)
    mine = person and person.membership
    return member(house, who) if mine and mine.family_id == house.family.pk else member(house, "owner")


def earned(by: str, wallet: str) -> Callable[[House], int]:
    """A small income that somebody records on a wallet."""
    return lambda house: int(house.earn("5.00", wallet, by=by).transaction.pk)


def drafted(by: str, wallet: str) -> Callable[[House], int]:
    """A small expense that somebody keeps as a draft."""

    def make(house: House) -> int:
        house.earn("50.00", wallet)
        return int(house.spend("5.00", wallet, by=by, later=True).transaction.pk)

    return make


def waiting(by: str, wallet: str, **policy: Any) -> Callable[[House], int]:
    """A small expense of somebody's that waits for approval in a family of this policy."""

    def make(house: House) -> int:
        house.earn("50.00", wallet)
        want_approval(house, **policy)
        return int(house.spend("5.00", wallet, by=by).transaction.pk)

    return make


def on_entry(
    operation: str,
    made: Callable[[House], int],
    statuses: str,
    use_case: Any = None,
    body: dict[str, Any] | None = None,
    **more: Any,
) -> Row:
    """An operation on an entry that is made for it; what is not a Row's goes to the use case."""
    own = {name: more.pop(name) for name in ("telegram", "about", "permission") if name in more}

    def work(house: House, who: str, actor: Actor) -> Any:
        return partial(use_case, actor=actor, transaction_id=made(house), **more)

    path = operation.partition("<id:pk>")[2]
    return Row(
        operation,
        statuses + OUT,
        lambda house, who: (f"/transactions/{made(house)}{path}", body or {}),
        work if use_case else None,
        **own,
    )


def invitation(house: House, by: str, role: str = "child") -> Any:
    with unit_of_work():
        return families.create_invitation(actor=house.people[by].actor, role=Role(role), email=None)


def archived_family(house: House) -> None:
    Family.objects.filter(pk=house.family.pk).update(archived_at=clock.now())


def archived_wallet(house: House, name: str) -> int:
    wallet = house.wallets[name].pk
    Wallet.objects.filter(pk=wallet).update(archived_at=clock.now())
    return int(wallet)


def category(house: House, name: str = "Cats") -> int:
    """A category that somebody has added."""
    return int(Category.objects.create(family=house.family, kind="expense", name=name).pk)


def wallet_id(house: House, name: str) -> int:
    if name == "foreign":
        with unit_of_work():
            return int(ledger.create_wallet(actor=house.stranger.actor, fields={"name": "X", "type": "cash"}).pk)
    return int(house.wallets[name].pk)


def movement(source: str | None, target: str | None) -> Callable[[House], dict[str, Any]]:
    def body(house: House) -> dict[str, Any]:
        if source:
            house.earn("50.00", source)
        ids = {"from_wallet_id": source, "to_wallet_id": target}
        return {key: wallet_id(house, name) for key, name in ids.items() if name}

    return body


def recorded(statuses: str, source: str | None, target: str | None) -> Row:
    wallets = movement(source, target)

    def work(house: House, who: str, actor: Actor) -> Any:
        ids = {key.removesuffix("_id"): pk for key, pk in wallets(house).items()}
        return partial(ledger.create_transaction, actor=actor, draft=Draft(amount=Decimal("1.00"), **ids))

    return Row(
        "POST transactions",
        statuses,
        lambda house, who: ("/transactions", {"family_id": house.family.pk, "amount": "1.00", **wallets(house)}),
        work,
        telegram=True,
        about=f"{source or ''}→{target or ''}",
    )


def user_of(house: House, who: str) -> Any:
    return house.people.get(who, house.owner)
