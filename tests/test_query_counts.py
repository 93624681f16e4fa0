"""How many statements a call costs; transaction control (BEGIN, SAVEPOINT, COMMIT) apart."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.usefixtures("no_notes")

READS_MAX = 4
CREATE_MAX = 18
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def statements(call: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = call()
    assert answer.status_code < 300, answer.content
    return [q["sql"] for q in captured if not q["sql"].startswith(CONTROL)]


@pytest.mark.parametrize(
    "path",
    [
        "/wallets?family_id={family}",
        "/wallets/{wallet}",
        "/categories?family_id={family}",
        "/categories/{category}",
        "/exchange-rates?family_id={family}",
        "/transactions?family_id={family}",
        "/transactions?wallet={wallet}&family_id={family}",
        "/transactions?search=bread&tag=food&payee=baker&family_id={family}",
        "/transactions/{entry}",
        "/families",
        "/families/{family}",
        "/families/{family}/permissions",
        "/families/{family}/members",
        "/families/{family}/invitations",
        "/events?family_id={family}",
        "/access-log?family_id={family}",
        "/auth/sessions",
        "/users/me",
    ],
)
@pytest.mark.parametrize("entries", [1, 7])
def test_an_authenticated_read_costs_at_most_four_statements_however_long_the_list(house, path, entries):
    for _ in range(entries):
        entry = house.spend("1.00", description="Bread", tags=("food", "daily"), payee="Baker")
    ids = {"wallet": house.wallets["cash"].pk, "category": house.categories["expense"].pk}
    place = path.format(family=house.family.pk, entry=entry.transaction.pk, **ids)
    owner = house.owner.http
    found = statements(lambda: owner.get(place))
    assert len(found) <= READS_MAX, "\n".join(found)


@pytest.mark.parametrize("key", [None, "a-key-of-the-caller"])
def test_creating_a_transaction_costs_at_most_eighteen_statements(house, key):
    headers = {"Idempotency-Key": key} if key else {}
    owner = house.owner.http
    for wallets in ({"from_wallet_id": "cash"}, {"from_wallet_id": "cash", "to_wallet_id": "members"}):
        body = {name: house.wallets[wallet].pk for name, wallet in wallets.items()}
        headers = {name: f"{value}{len(wallets)}" for name, value in headers.items()}
        found = statements(
            lambda body=body, headers=headers: owner.post(
                "/transactions", headers=headers, family_id=house.family.pk, amount="3.00", **body
            )
        )
        assert len(found) <= CREATE_MAX, "\n".join(found)
