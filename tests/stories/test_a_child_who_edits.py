"""A child who may also correct and move its own: what was spent stays spent, whatever it is called afterwards."""

from decimal import Decimal

import pytest

from tests.stories.household import Household, said
from tests.stories.spender import Kim

TRUST = ["edit_own_transaction", "undo_own_transaction", "transfer_between_wallets"]
TRIES = """
try                            | says                  |  Purse | Pocket |  spent | Olga's
what there is                  |                       | 200.00 |  30.00 |
a ball                         | executed              | -20.00 |        |  20.00
a kite                         | executed              | -30.00 |        |  30.00
the ball was dearer            | pending_approval      |
the ball was cheaper           | executed              |   1.00 |        |  -1.00
sweets for what that left      | executed              |  -1.00 |        |   1.00
the kite was for something else | executed             |
the kite came from the pocket  | executed              |  30.00 | -30.00 |
and from the purse again       | executed              | -30.00 |  30.00 |
and both from the pocket       | 422 insufficient_funds |
the kite was a present         | executed              |  60.00 |        | -30.00
a boat for what that left      | executed              | -30.00 |        |  30.00
the kite was bought after all  | pending_approval      |
the boat was not               | done                  |  30.00 |        | -30.00
the boat was, after all        | executed              | -30.00 |        |  30.00
a book                         | pending_approval      |
a book, by Olga                | executed              | -15.00 |
the book was dearer            | pending_approval      |
the book was cheaper           | pending_approval      |
the book was for Olga          | done                  |
into the pocket                | executed              | -10.00 |  10.00 |
and out of it                  | executed              |  10.00 | -10.00 |
it went for a drum instead     | pending_approval      |
it went to Olga                | 422 unknown_reference |
=                              |                       | 165.00 |  30.00 |  50.00 | 0.00
"""


@pytest.fixture
def trusted(home: Household) -> Household:
    home.wallet("Olga's", "cash", holder="Olga")
    home.does("Olga", "patch", f"{home.path}/members/{home.members['Kim']}", grant=TRUST)
    return home


def test_corrections_give_no_more_to_spend(trusted):
    home = trusted
    kim = Kim(home, TRIES)
    ball = kim.records("a ball", "20.00", "Purse", category="Leisure")
    kite = kim.records("a kite", "30.00", "Purse", category="Leisure")
    kim.cancels(kim.edits("the ball was dearer", ball, amount="20.01"))
    ball = kim.edits("the ball was cheaper", ball, amount="19.00")
    kim.records("sweets for what that left", "1.00", "Purse")
    other = home.categories["Children"]
    kite = kim.edits("the kite was for something else", kite, category_id=other)
    kite = kim.edits("the kite came from the pocket", kite, from_wallet_id=home.wallets["Pocket"])
    kite = kim.edits("and from the purse again", kite, from_wallet_id=home.wallets["Purse"])
    kim.edits("and both from the pocket", kite, from_wallet_id=home.wallets["Pocket"], amount="30.01")
    kite = kim.edits("the kite was a present", kite, from_wallet_id=None, to_wallet_id=home.wallets["Purse"])
    boat = kim.records("a boat for what that left", "30.00", "Purse")
    bought = {"from_wallet_id": home.wallets["Purse"], "to_wallet_id": None}
    kim.cancels(kim.edits("the kite was bought after all", kite, **bought))
    kim.tries("the boat was not", "post", f"/transactions/{boat}/undo")
    kim.records("the boat was, after all", "30.00", "Purse")
    have_approved(kim)
    move(kim)
    kim.books.add_up()


def have_approved(kim: Kim) -> None:
    book = kim.records("a book", "15.00", "Purse")
    kim.books.after("a book, by Olga", said(kim.home.tries("Olga", "post", f"/transactions/{book}/confirm")))
    kim.cancels(kim.edits("the book was dearer", book, amount="15.01"))
    kim.cancels(kim.edits("the book was cheaper", book, amount="14.99"))
    whom = [{"membership_id": kim.home.members["Olga"], "share": "1"}]
    assert kim.home.does("Kim", "patch", f"/transactions/{book}", for_members=whom)["id"] == book
    kim.books.after("the book was for Olga", "done")


def move(kim: Kim) -> None:
    kim.records("into the pocket", "10.00", "Purse", "Pocket")
    moved = kim.records("and out of it", "10.00", "Pocket", "Purse")
    kim.cancels(kim.edits("it went for a drum instead", moved, to_wallet_id=None))
    kim.edits("it went to Olga", moved, to_wallet_id=kim.home.wallets["Olga's"])


LONG_AGO = {  # what was recorded, and what it is turned into
    "an income into an expense": ((None, "Purse"), {"to_wallet_id": None, "from_wallet_id": "Purse"}, "50.00"),
    "a transfer into an expense": (("Purse", "Savings"), {"to_wallet_id": None}, "50.00"),
    "an expense into a larger one": (("Purse", None), {"amount": "50.00"}, "20.00"),
}


@pytest.mark.parametrize(("was", "becomes", "amount"), LONG_AGO.values(), ids=LONG_AGO)
def test_what_is_spent_by_editing_what_is_old_counts_from_now_on(trusted, was, becomes, amount):
    trusted.wallet("Savings", "savings", holder="Kim")
    old = [trusted.records("Kim", amount, *was)["id"] for _ in range(2)]
    trusted.on("2026-05-12")
    assert trusted.refuses("Kim", "post", f"/transactions/{old[0]}/undo") == "409 undo_window_over"
    becomes = {name: trusted.wallets.get(value, value) for name, value in becomes.items()}
    answers = [trusted.refuses("Kim", "patch", f"/transactions/{pk}", **becomes) for pk in old]
    assert answers == ["executed", "pending_approval"]
    assert trusted.cannot_record("Kim", "0.01", "Purse") == "pending_approval"


def test_an_old_expense_that_becomes_no_larger_does_not_count_again(trusted):
    old = trusted.records("Kim", "50.00", "Purse")["id"]
    trusted.on("2026-05-12")
    for change in ({"amount": "49.00"}, {"category_id": trusted.categories["Leisure"]}):
        old = trusted.does("Kim", "patch", f"/transactions/{old}", **change)["id"]
    assert trusted.cannot_record("Kim", "50.00", "Purse") == "executed"
    assert trusted.seen_by("Olga")["Purse"] == Decimal("101.00")
