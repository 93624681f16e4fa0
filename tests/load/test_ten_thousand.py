"""Many clients on several server processes do everything at random, rightly and wrongly: the ledger stays true.

In short with the other tests; with ten thousand calls by fifty clients as a slow proof.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import Any

import pytest
from django.db.models import Max, Sum

from accounts.models import LoginSession
from accounts.tokens import pair
from audit.models import EventLog
from audit.relay import relay_once
from financebot.common import clock
from ledger.kinds import BOOKED
from ledger.models import ExchangeRate, Posting, Wallet
from ledger.verify import verify
from tests.conftest import House, Person, with_seconds
from tests.ledger.hammer import Client, Scene, found
from tests.ledger.helpers import wallet_of
from tests.load.live import Server, live

pytestmark = pytest.mark.django_db(transaction=True)

ROLES = ("owner", "adult", "member", "second", "other", "child")
EACH = 20  # calls of each client between two log-ins
HOSTILE = [  # method, path, body, headers: from people who are nobody
    ("POST", "/api/v1/transactions", b'{"amount": "5.00"', {}),
    ("POST", "/api/v1/transactions", b"\xff\xfe\x00", {}),
    ("POST", "/api/v1/transactions", b"[" * 5000, {}),
    ("POST", "/api/v1/transactions", b'{"amount": 1e999}', {}),
    # Announced, not sent: the refusal comes before the body is read, and who is still sending then may lose it.
    ("POST", "/api/v1/transactions", b"x", {"Content-Length": "1100000"}),
    ("POST", "/api/v1/transactions", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("GET", "/api/v1/transactions?cursor=%00", None, {}),
    ("GET", "/api/v1/wallets/99999999999999999999999", None, {}),
    ("DELETE", "/api/v1/transactions/1", b"{}", {"Authorization": "Bearer rubbish"}),
    ("POST", "/api/v1/auth/login", b'{"email": "a@example.org", "password": "' + b"p" * 900 + b'"}', {}),
    ("GET", "/../../etc/passwd", None, {}),
    ("PUT", "/api/v1/transactions", b"{}", {"Idempotency-Key": "k" * 256}),
]


@pytest.fixture
def _django_db_helper(house: House) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


@pytest.fixture(scope="module")
def house(kept_house: House) -> House:
    family = kept_house.family
    ExchangeRate.objects.create(family=family, base="USD", quote="EUR", day="1970-01-01", rate=Decimal("0.9"))
    return with_seconds(kept_house)


def scene_of(house: House) -> Scene:
    opened = {"opening_balance": Decimal(1000)}
    holding = {name: {"holder_id": house.people[name].membership.pk} for name in ("adult", "member", "child")}
    wallets = {
        "cash": wallet_of(house.owner, **opened),
        "bank": wallet_of(house.owner, **opened, overdraft_limit=Decimal(500)),
        "dollars": wallet_of(house.owner, currency="USD"),
        "annes": wallet_of(house.owner, **holding["adult"]),
        "members": wallet_of(house.owner, **holding["member"], **opened),
        "pocket": wallet_of(house.owner, type="allowance", **holding["child"], **opened),
        "spare": wallet_of(house.owner),
    }
    return Scene(
        family=house.family.pk,
        wallets={name: wallet.pk for name, wallet in wallets.items()},
        members={name: house.people[name].membership.pk for name in ROLES},
        categories=[house.categories["expense"].pk, house.categories["income"].pk],
    )


def logged_in_anew(someone: Person) -> str:
    LoginSession.objects.filter(pk=someone.session.pk).update(proof_at=clock.now(), rotated_at=clock.now())
    return pair(LoginSession.objects.get(pk=someone.session.pk)).access_token


def work(server: Server, client: Client, token: str) -> int:
    """Some calls of one client, and one of somebody hostile; with which status the latter was answered."""
    client.send = partial(server.send, token)
    client.work(EACH)
    method, path, body, headers = client.rng.choice(HOSTILE)
    return server.call(method, path, body, {"Content-Type": "application/json"} | headers)[0]


@pytest.mark.parametrize(
    ("people", "rounds"), [(12, 1), pytest.param(50, 10, marks=pytest.mark.long)], ids=["some", "ten thousand"]
)
def test_many_clients_of_several_processes_leave_a_true_ledger(house: House, people: int, rounds: int, capsys: Any):
    scene = scene_of(house)
    clients = [Client(scene, ROLES[n % len(ROLES)], None, seed=n) for n in range(people)]  # type: ignore[arg-type]
    refusals: Counter[int] = Counter()
    began = monotonic()
    with live() as server:
        for _ in range(rounds):
            tokens = {role: logged_in_anew(house.people[role]) for role in ROLES}
            with ThreadPoolExecutor(people) as pool:
                turns = [pool.submit(work, server, client, tokens[client.role]) for client in clients]
            refusals.update(turn.result() for turn in turns)
    seconds = monotonic() - began
    answers = found(clients)
    say(capsys, f"{answers.total()} calls by {people} clients in {seconds:.0f} s, {answers.total() / seconds:.0f}/s")
    assert answers.total() == people * rounds * EACH
    assert {status // 100 for _, status in answers} == {2, 4}
    assert refusals.total() == people * rounds
    assert {status // 100 for status in refusals} == {4}
    check_the_ledger()


def say(capsys: Any, sentence: str) -> None:
    with capsys.disabled():
        print(f"\n{sentence}")  # noqa: T201 - a figure for people


def check_the_ledger() -> None:
    assert list(verify()) == []
    by_entry = Posting.objects.values("transaction", "currency").annotate(left=Sum("amount"))
    assert set(by_entry.values_list("left", flat=True)) == {0}
    by_entry = Posting.objects.values("transaction").annotate(left=Sum("base_amount"))
    assert set(by_entry.values_list("left", flat=True)) == {0}
    booked = Posting.objects.filter(category=None, transaction__status__in=BOOKED)
    sums = dict(booked.values_list("wallet").annotate(Sum("amount")))
    balances = dict(Wallet.objects.values_list("pk", "balance"))
    assert balances == {wallet: sums.get(wallet, 0) for wallet in balances}
    while relay_once():
        pass
    assert EventLog.objects.aggregate(last=Max("position"))["last"] == EventLog.objects.count()
