"""The child asks twenty times in the same moment: together it gets what it would have got one after the other."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from ledger.verify import verify
from tests.conftest import at_once
from tests.stories.household import Household, said
from tests.stories.spender import LIMIT, spent

pytestmark = pytest.mark.django_db(transaction=True)


def recording(home: Household, *args: Any, key: str = "", **more: Any) -> Callable[[], Any]:
    headers = {"Idempotency-Key": key} if key else {}
    body = home.entry(*args, **more)
    return partial(home.tries, "Kim", "post", "/transactions", headers=headers, family_id=home.pk, **body)


def answers(works: list[Callable[[], Any]]) -> Counter[str]:
    found = at_once(works)
    assert not [outcome for outcome in found if isinstance(outcome, Exception)]
    assert list(verify()) == []
    return Counter(map(said, found))


def all_that(home: Household, field: str) -> Decimal:
    return sum(home.seen_by("Olga", field).values(), Decimal(0))


def test_seventeen_times_five_is_fifty(home):
    drafts = [home.records("Kim", "5.00", "Purse", draft=True)["id"] for _ in range(4)]
    works = [
        *[recording(home, "5.00", "Purse")] * 8,
        *[recording(home, "5.00", "Pocket", occurred_on="2026-01-01")] * 4,
        *[partial(home.tries, "Kim", "post", f"/transactions/{draft}/submit") for draft in drafts],
        recording(home, "5.00", "Purse", key="K"),
    ]
    assert answers(works) == {"executed": 10, "pending_approval": 7}
    assert (spent(home), all_that(home, "balance"), all_that(home, "held")) == (LIMIT, 180, 35)


def test_one_key_used_by_all_is_one_entry(home):
    assert answers([recording(home, "30.00", "Purse", key="K")] * 8) == {"executed": 8}
    assert (spent(home), home.seen_by("Olga")["Purse"]) == (30, 170)


def test_the_pocket_gives_what_it_has_and_the_limit_what_is_left(home):
    works = [*[recording(home, "3.00", "Pocket")] * 12, *[recording(home, "3.00", "Purse")] * 8]
    assert answers(works) == {"executed": 16, "pending_approval": 2, "422 insufficient_funds": 2}
    assert spent(home) == 48
    assert home.seen_by("Olga", "available") == {"Pocket": 0, "Purse": 176}


def test_old_presents_become_one_expense(home):
    home.does("Olga", "patch", f"{home.path}/members/{home.members['Kim']}", grant=["edit_own_transaction"])
    presents = [home.records("Kim", "50.00", None, "Purse")["id"] for _ in range(6)]
    home.on("2026-05-12")
    bought = {"from_wallet_id": home.wallets["Purse"], "to_wallet_id": None}
    works = [partial(home.tries, "Kim", "patch", f"/transactions/{pk}", **bought) for pk in presents]
    assert answers([*works, *[recording(home, "50.00", "Purse")] * 4]) == {"executed": 1, "pending_approval": 9}


def test_what_is_undone_is_spent_again_once(home):
    home.does("Olga", "patch", f"{home.path}/members/{home.members['Kim']}", grant=["undo_own_transaction"])
    kite = home.records("Kim", "50.00", "Purse")["id"]
    undo = partial(home.tries, "Kim", "post", f"/transactions/{kite}/undo")
    found = answers([*[undo] * 4, *[recording(home, "50.00", "Purse")] * 6])
    assert (found["done"], found["409 already_reversed"]) == (1, 3)
    assert found["executed"] + found["pending_approval"] == 6
    assert found["executed"] <= 1
    assert spent(home) == 50 * found["executed"]
