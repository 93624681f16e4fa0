"""A thousand rows in one request, and somebody who records one by one meanwhile: how long they wait at most."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest

from accounts.tokens import pair
from ledger.models import Wallet
from ledger.verify import verify
from tests.conftest import House
from tests.load.live import Server, live

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

ROWS = 1000


@pytest.fixture
def _django_db_helper(kept_house: House) -> None:
    """In place of pytest-django's, which would empty the tables after the test."""


def record(server: Server, token: str, wallet: int) -> float:
    """Seconds until an entry is answered."""
    began = monotonic()
    status, answer = server.send(token, "post", "/transactions", {"amount": "1.00", "from_wallet_id": wallet}, {})
    assert status == 201, answer
    return monotonic() - began


def test_who_records_one_by_one_beside_a_bulk_is_never_refused(kept_house: House, capsys: Any):
    house = kept_house
    cash, others = house.wallets["cash"].pk, house.wallets["members"].pk
    token, other = pair(house.owner.session).access_token, pair(house.adult.session).access_token
    rows = [
        {"amount": "1.00", "from_wallet_id": cash, "payee": f"Shop {n % 50}", "tags": ["food"]} for n in range(ROWS)
    ]
    body = {"family_id": house.family.pk, "transactions": rows}
    with live() as server, ThreadPoolExecutor(1) as pool:
        alone = sorted(record(server, other, others) for _ in range(20))
        began = monotonic()
        bulk = pool.submit(server.send, token, "post", "/transactions/bulk", body, {})
        waits = []
        while not bulk.done():
            waits.append(record(server, other, others))
        took = monotonic() - began
    assert bulk.result()[0] == 201, bulk.result()[1]
    assert Wallet.objects.get(pk=cash).balance == -ROWS
    assert Wallet.objects.get(pk=others).balance == -len(alone) - len(waits)
    assert list(verify()) == []
    with capsys.disabled():
        print(f"\n{ROWS} rows in {took:.1f} s; the other waited {max(waits):.2f} s at most, alone {alone[10]:.3f} s")  # noqa: T201
