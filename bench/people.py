"""Families that write at once, each with an owner who carries a token and some wallets."""

import json
import random
from dataclasses import dataclass

from common import wire

from accounts.tokens import pair
from families.models import Family
from ledger.models import Category, Wallet
from tests.conftest import Person, founder_of, session_of

FAMILIES, WALLETS = 40, 10
HANDS = 8  # log-ins that write to one wallet: one alone may not have so many requests at once


@dataclass(frozen=True)
class Home:
    owner: Person
    wallets: list[int]
    category: int

    @property
    def family(self) -> int:
        return int(self.owner.membership.family_id)

    @property
    def token(self) -> str:
        return pair(self.owner.session).access_token


def settle(families: int = FAMILIES) -> list[Home]:
    homes = []
    for n in range(families):
        owner = founder_of(f"Home {n}")
        family = Family.objects.get(pk=owner.membership.family_id)
        names = [Wallet(family=family, name=f"Wallet {slot}", type="bank", currency="EUR") for slot in range(WALLETS)]
        wallets = [wallet.pk for wallet in Wallet.objects.bulk_create(names)]
        category = Category.objects.get(family=family, kind="expense", fallback=True)
        homes.append(Home(owner, wallets, category.pk))
    return homes


class Writers:
    """Requests that record: of any home and wallet by chance, or all on one wallet."""

    def __init__(self, homes: list[Home]) -> None:
        self.homes = [(home, home.token) for home in homes]
        self.hands = [pair(session_of(homes[0].owner.user)).access_token for _ in range(HANDS)]

    def expense(self) -> bytes:
        home, token = random.choice(self.homes)
        return self._expense(home, token, random.choice(home.wallets))

    def hot_expense(self) -> bytes:
        home, _ = self.homes[0]
        return self._expense(home, random.choice(self.hands), home.wallets[0])

    def transfer(self) -> bytes:
        home, token = random.choice(self.homes)
        source, target = random.sample(home.wallets, 2)
        return self._send(token, from_wallet_id=source, to_wallet_id=target)

    def _expense(self, home: Home, token: str, wallet: int) -> bytes:
        return self._send(token, from_wallet_id=wallet, category_id=home.category)

    def _send(self, token: str, **fields: int) -> bytes:
        amount = f"{random.randint(1, 100_000) / 100:.2f}"
        body = {"amount": amount, "description": "groceries", "occurred_on": "2026-01-15", **fields}
        return wire("POST", "/transactions", token, json.dumps(body).encode())
