"""A month is closed, and then the shop gives back money, and somebody finds that the books were wrong."""

from datetime import date

import pytest

from tests.stories.household import Books, Household

CARD = """
step                           |    Card
opening balance                | 1000.00
a jacket and a shirt           | -180.00
groceries, ten times too much  |  -80.00
toys                           |  -40.00
a first part comes back        |   45.00
a second part                  |  100.01
the rest                       |   34.99
groceries taken back           |   80.00
groceries as they were         |   -8.00
toys for another day           |   10.00
toys were found to be cheaper  |    5.00
=                              |  967.00
"""
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
BY_MONTH = {  # the closed month says what it said
    (MAY, "Clothing"): "120.00",
    (MAY, "Children"): "60.00",
    (MAY, "Groceries"): "80.00",
    (MAY, "Leisure"): "40.00",
    (JUNE, "Clothing"): "-120.00",  # 30.00 + 66.67 + 23.33
    (JUNE, "Children"): "-60.00",  # 15.00 + 33.34 + 11.66
    (JUNE, "Groceries"): "-72.00",  # −80.00 + 8.00
    (JUNE, "Leisure"): "-10.00",  # −40.00 + 30.00
}


@pytest.fixture
def home(household) -> Household:
    home = household("2026-05-01")
    home.joined("Ann", "adult")
    home.joined("Kim", "child")
    home.wallet("Card", "card", opening_balance="1000.00")
    return home


def by_month(home: Household) -> dict:
    found = home.totals("month", "category__name", category__kind="expense")
    return {key: f"{amount:.2f}" for key, amount in found.items()}


def test_what_comes_later_goes_into_the_open_month(home):
    books = Books(home, CARD)
    books.after("opening balance")
    home.on("2026-05-10")
    parts, whom = {"Clothing": "120.00", "Children": "60.00"}, {"Ann": "1", "Kim": "1"}
    clothes = home.records("Ann", "180.00", "Card", splits=parts, for_whom=whom)["id"]
    books.after("a jacket and a shirt")
    groceries = home.records("Ann", "80.00", "Card", category="Groceries")["id"]
    books.after("groceries, ten times too much")
    toys = home.records("Ann", "40.00", "Card", category="Leisure")["id"]
    books.after("toys")
    home.on("2026-06-02")
    home.does("Olga", "post", f"{home.path}/close", through="2026-05-31")
    refund(home, books, clothes)
    correct(home, books, groceries, toys, clothes)
    assert by_month(home) == BY_MONTH
    reopen(home, books)
    books.add_up()


def refund(home: Household, books: Books, clothes: int) -> None:
    home.on("2026-06-05")
    back = {"target": "Card", "refund_of": clothes}
    assert home.cannot_record("Ann", "45.00", occurred_on="2026-05-31", **back) == "422 period_closed"
    first = home.records("Ann", "45.00", **back)
    assert (first["type"], first["occurred_on"], first["refund_of"]) == ("income", "2026-06-05", clothes)
    assert {p["amount"] for p in first["splits"]} == {"30.00", "15.00"}  # two parts in three, one in three
    books.after("a first part comes back")
    assert home.cannot_record("Ann", "135.01", **back) == "422 refund_too_large"
    second = home.records("Ann", "100.01", **back)
    assert {p["amount"] for p in second["splits"]} == {"66.67", "33.34"}  # 66.6733 and 33.3366
    assert first["for_members"] == second["for_members"]
    books.after("a second part")
    assert home.cannot_record("Ann", "35.00", **back) == "422 refund_too_large"
    home.records("Ann", "34.99", **back)
    books.after("the rest")
    assert home.cannot_record("Ann", "0.01", **back) == "422 refund_too_large"


def correct(home: Household, books: Books, groceries: int, toys: int, clothes: int) -> None:
    row = f"/transactions/{groceries}"
    assert home.refuses("Olga", "delete", f"/transactions/{clothes}") == "422 not_reversible"
    assert home.refuses("Ann", "post", f"{row}/undo") == "409 undo_window_over"
    assert home.refuses("Ann", "patch", row, amount="8.00") == "422 period_closed"
    whom = [{"membership_id": home.members["Kim"], "share": "1"}]
    assert home.refuses("Ann", "patch", row, for_members=whom) == "422 period_closed"
    assert home.does("Ann", "patch", row, description="8.00, not 80.00")["id"] == groceries
    assert home.refuses("Ann", "delete", row) == "409 undo_window_over"
    reversal = home.does("Olga", "delete", row, reason="one zero too many")["reversal_transaction_id"]
    assert home.does("Olga", "get", f"/transactions/{reversal}")["occurred_on"] == "2026-06-05"
    books.after("groceries taken back")
    home.records("Ann", "8.00", "Card", category="Groceries")
    books.after("groceries as they were")

    anew = home.does("Ann", "patch", f"/transactions/{toys}", amount="30.00", occurred_on="2026-06-05")
    assert (anew["status"], anew["replaces_id"]) == ("executed", toys)
    taken_back = home.does("Ann", "get", f"/transactions/{toys}")["reversed_by_id"]
    assert home.does("Ann", "get", f"/transactions/{taken_back}")["occurred_on"] == "2026-06-05"
    books.after("toys for another day")


def reopen(home: Household, books: Books) -> None:
    [toys] = home.does("Ann", "get", f"/transactions?category={home.categories['Leisure']}")["results"]
    back_in_may = {"amount": "25.00", "occurred_on": "2026-05-10"}
    assert home.refuses("Ann", "patch", f"/transactions/{toys['id']}", **back_in_may) == "422 period_closed"
    assert home.refuses("Ann", "post", f"{home.path}/reopen", through=None) == "403 permission_denied"
    home.does("Olga", "post", f"{home.path}/reopen", through="2026-04-30")
    home.does("Ann", "patch", f"/transactions/{toys['id']}", **back_in_may)
    books.after("toys were found to be cheaper")
    home.does("Olga", "post", f"{home.path}/close", through="2026-05-31")
    expected = {**BY_MONTH, (MAY, "Leisure"): "65.00", (JUNE, "Leisure"): "-40.00"}
    assert by_month(home) == expected
    assert [action for _, action in home.events("Olga") if "period" in action] == [
        "family.period_closed",
        "family.period_reopened",
        "family.period_closed",
    ]
