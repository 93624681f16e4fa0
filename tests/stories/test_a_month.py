"""A family's month: what comes in, what goes out, what is put right, and what the books say when it is closed."""

from datetime import date
from decimal import Decimal

from tests.stories.household import Books, Household, said

MAY = """
step                    |    Bank |   Cash |     Loan | Savings | Pocket
opening balances        | 1200.00 | 120.00 | -5000.00 |  300.00 |
Olga's salary           | 2400.00 |
Ann's salary            | 1800.00 |
rent waits              |
rent is approved        | -950.00 |
groceries               |         | -86.40 |
savings                 | -200.00 |        |          |  200.00 |
from the machine        | -150.00 | 150.00 |
pocket money            |  -20.00 |        |          |         |  20.00
a new fridge waits      |
rent was not for Max    |
groceries were 96.40    |         | -10.00 |
cinema                  |         | -30.00 |
no, it was not          |         |  30.00 |
sweets                  |         |        |          |         |  -7.50
instalment of the loan  | -250.00 |        |   250.00 |
cash is counted         |         |  -2.50 |
=                       | 3830.00 | 171.10 | -4750.00 |  500.00 |  12.50
"""
HELD = {"Bank": Decimal("640.00"), "Cash": 0, "Loan": 0, "Savings": 0, "Pocket": 0}
BY_CATEGORY = {
    "Opening balance": "3380.00",  # 5000 − 1200 − 120 − 300: what the wallets began with, turned round
    "Salary": "-4200.00",
    "Housing": "950.00",
    "Groceries": "71.40",
    "Health": "25.00",
    "Leisure": "0.00",
    "Children": "7.50",
    "Adjustment": "2.50",
}
BY_PERSON = {
    ("Salary", "Olga"): "-2400.00",
    ("Salary", "Ann"): "-1800.00",
    ("Housing", "Olga"): "475.00",
    ("Housing", "Ann"): "475.00",
    ("Housing", "Max"): "0.00",
    ("Housing", "Kim"): "0.00",
    ("Groceries", "Olga"): "47.60",  # two of three parts of 71.40
    ("Groceries", "Kim"): "23.80",
    ("Health", "Olga"): "16.67",  # two of three parts of 25.00, to the last cent
    ("Health", "Kim"): "8.33",
    ("Leisure", "Max"): "0.00",
    ("Children", "Kim"): "7.50",
}
HAPPENED = """
Olga family.created
Olga member.joined
Olga family.edited
Olga invitation.created
Ann  member.joined
Olga invitation.created
Max  member.joined
Olga invitation.created
Kim  member.joined
Olga wallet.created transaction.created transaction.executed
Olga wallet.created transaction.created transaction.executed
Olga wallet.created transaction.created transaction.executed
Olga wallet.created transaction.created transaction.executed
Olga wallet.created
Olga transaction.created transaction.executed
Ann  transaction.created transaction.executed
Max  transaction.created transaction.pending
Olga transaction.approved
Ann  transaction.executed
Olga transaction.created transaction.executed
Ann  transaction.created transaction.executed
Olga transaction.created transaction.executed
Olga transaction.created transaction.executed
Ann  transaction.created transaction.pending
Olga transaction.approved
Olga transaction.edited
Olga transaction.created transaction.executed transaction.replaced
Max  transaction.created transaction.executed
Max  transaction.reversed
Kim  transaction.created transaction.executed
Olga transaction.created transaction.executed
Ann  transaction.created transaction.executed wallet.reconciled
Olga family.period_closed
"""


def amounts(found: dict) -> dict:
    return {key: f"{amount:.2f}" for key, amount in found.items()}


def test_the_books_of_a_month_add_up(household):
    home = household("2026-05-01", approvals_required=2)
    for name, role in (("Ann", "adult"), ("Max", "member"), ("Kim", "child")):
        home.joined(name, role)
    books = Books(home, MAY)
    open_wallets(home)
    books.after("opening balances")
    earn_and_pay_the_rent(home, books)
    live(home, books)
    put_right(home, books)
    end(home, books)
    books.add_up()
    assert home.seen_by("Olga", "held") == HELD
    assert home.seen_by("Olga", "available")["Bank"] == Decimal("3190.00")
    look_back(home)
    close(home)


def open_wallets(home: Household) -> None:
    home.wallet("Bank", "bank", opening_balance="1200.00")
    home.wallet("Cash", "cash", opening_balance="120.00")
    home.wallet("Loan", "credit", opening_balance="-5000.00")
    home.wallet("Savings", "savings", holder="Ann", opening_balance="300.00")
    home.wallet("Pocket", "allowance", holder="Kim")


def earn_and_pay_the_rent(home: Household, books: Books) -> None:
    for name, amount in (("Olga", "2400.00"), ("Ann", "1800.00")):
        home.records(name, amount, None, "Bank", category="Salary (in)")
        books.after(f"{name}'s salary")

    home.on("2026-05-02")
    everybody = dict.fromkeys(["Olga", "Ann", "Max", "Kim"], "1")
    rent = home.records("Max", "950.00", "Bank", category="Housing", for_whom=everybody, description="Rent")
    assert (rent["status"], rent["confirmation_required"]) == ("pending_approval", True)
    books.after("rent waits")
    assert home.seen_by("Olga", "held")["Bank"] == Decimal("950.00")
    assert home.seen_by("Olga", "available")["Bank"] == Decimal("4450.00")
    confirm = f"/transactions/{rent['id']}/confirm"
    assert home.refuses("Max", "post", confirm) == "403 permission_denied"
    first = home.does("Olga", "post", confirm)
    assert (first["status"], first["approvals"]) == ("pending_approval", 1)
    assert home.refuses("Olga", "post", confirm) == "409 already_decided"
    second = home.does("Ann", "post", confirm)
    assert (second["status"], second["approvals"]) == ("executed", 2)
    books.after("rent is approved")
    assert home.seen_by("Olga", "held")["Bank"] == 0


def live(home: Household, books: Books) -> None:
    home.on("2026-05-05")
    two_thirds = {"Olga": "2", "Kim": "1"}
    parts = {"Groceries": "61.40", "Health": "25.00"}
    home.records("Olga", "86.40", "Cash", splits=parts, for_whom=two_thirds, payee="Market")
    books.after("groceries")
    assert amounts(home.totals("category__name", "member__user__first_name", category__name="Groceries")) == {
        ("Groceries", "Olga"): "40.93",  # 40.9333 and 20.4666: the last cent goes where more is missing
        ("Groceries", "Kim"): "20.47",
    }
    moved = home.records("Ann", "200.00", "Bank", "Savings", category="Gifts")
    assert (moved["type"], moved["category_id"]) == ("transfer", home.categories["Gifts"])
    books.after("savings")
    assert home.cannot_record("Max", "150.00", "Bank", "Cash") == "403 permission_denied"
    home.records("Olga", "150.00", "Bank", "Cash")
    books.after("from the machine")
    home.records("Olga", "20.00", "Bank", "Pocket", category="Children")
    books.after("pocket money")
    home.on("2026-05-12")
    fridge = home.records("Ann", "640.00", "Bank", category="Utilities", description="Fridge")
    assert home.refuses("Ann", "post", f"/transactions/{fridge['id']}/confirm") == "403 own_transaction"
    assert home.does("Olga", "post", f"/transactions/{fridge['id']}/confirm")["status"] == "pending_approval"
    books.after("a new fridge waits")


def entry(home: Household, query: str) -> dict:
    [found] = home.does("Olga", "get", f"/transactions?family_id={home.pk}&{query}")["results"]
    return found


def put_right(home: Household, books: Books) -> None:
    home.on("2026-05-14")
    rent = entry(home, f"category={home.categories['Housing']}")
    whom = [{"membership_id": home.members[name], "share": "1"} for name in ("Olga", "Ann")]
    edited = home.does("Olga", "patch", f"/transactions/{rent['id']}", for_members=whom, notes="Max moves out")
    assert (edited["id"], edited["for_members"], edited["version"]) == (rent["id"], whom, rent["version"] + 1)
    books.after("rent was not for Max")

    groceries = entry(home, f"category={home.categories['Groceries']}")
    parts = home.entry("96.40", splits={"Groceries": "71.40", "Health": "25.00"})
    anew = home.does("Olga", "patch", f"/transactions/{groceries['id']}", **parts)
    assert (anew["status"], anew["replaces_id"], anew["payee"]) == ("executed", groceries["id"], "Market")
    assert anew["for_members"] == groceries["for_members"]
    books.after("groceries were 96.40")
    assert entry(home, f"category={home.categories['Groceries']}")["id"] == anew["id"]
    rows = home.does("Olga", "get", f"/transactions?include=reversed&category={home.categories['Groceries']}")
    assert sorted(row["amount"] for row in rows["results"]) == ["86.40", "86.40", "96.40"]

    home.on("2026-05-15T18:00")
    cinema = home.records("Max", "30.00", "Cash", category="Leisure")
    books.after("cinema")
    home.on("2026-05-15T18:15")
    home.does("Max", "post", f"/transactions/{cinema['id']}/undo", reason="It was closed")
    books.after("no, it was not")


def end(home: Household, books: Books) -> None:
    home.on("2026-05-20")
    home.records("Kim", "7.50", "Pocket", category="Children")
    books.after("sweets")
    home.records("Olga", "250.00", "Bank", "Loan")
    books.after("instalment of the loan")
    home.on("2026-05-31")
    counted = home.does("Ann", "post", f"/wallets/{home.wallets['Cash']}/reconcile", statement_balance="171.10")
    adjustment = home.does("Ann", "get", f"/transactions/{counted['adjustment_id']}")
    assert (adjustment["type"], adjustment["amount"]) == ("adjustment", "2.50")
    books.after("cash is counted")


def look_back(home: Household) -> None:
    assert home.summary("Olga") == {
        "base_currency": "EUR",
        "total": "-236.40",  # 3830.00 + 171.10 − 4750.00 + 500.00 + 12.50
        "by_currency": {"EUR": "-236.40"},
        "by_type": {
            "allowance": "12.50",
            "bank": "3830.00",
            "cash": "171.10",
            "credit": "-4750.00",
            "savings": "500.00",
        },
        "missing_rates": [],
    }
    assert home.summary("Max")["total"] == "-748.90"  # the family's own: 3830.00 + 171.10 − 4750.00
    assert home.summary("Kim")["total"] == "12.50"
    assert amounts(home.totals("category__name", month=date(2026, 5, 1))) == BY_CATEGORY
    assert sum(map(Decimal, BY_CATEGORY.values())) == Decimal("236.40")
    people = home.totals("category__name", "member__user__first_name", category__kind__in=["income", "expense"])
    assert amounts(people) == BY_PERSON
    assert set(home.totals("month")) == {date(2026, 5, 1)}


def close(home: Household) -> None:
    home.on("2026-06-01")
    assert home.refuses("Ann", "post", f"{home.path}/close", through="2026-05-31") == "403 permission_denied"
    assert home.does("Olga", "post", f"{home.path}/close", through="2026-05-31")["closed_until"] == "2026-05-31"
    said_so = [line.split() for line in HAPPENED.strip().splitlines()]
    assert home.events("Olga") == [(who, action) for who, *actions in said_so for action in actions]
    late = {"category": "Groceries", "occurred_on": "2026-05-31"}
    assert home.cannot_record("Olga", "5.00", "Cash", **late) == "422 period_closed"
    fridge = entry(home, "status=pending_approval")
    assert fridge["description"] == "Fridge"
    home.joined("Eve", "adult")
    confirm = f"/transactions/{fridge['id']}/confirm"
    assert home.refuses("Eve", "post", confirm) == "422 period_closed"
    home.does("Ann", "patch", f"/transactions/{fridge['id']}", occurred_on="2026-06-01")
    assert [said(home.tries(name, "post", confirm)) for name in ("Olga", "Eve")] == ["pending_approval", "executed"]
    assert home.seen_by("Olga")["Bank"] == Decimal("3190.00")
    assert home.seen_by("Olga", "held")["Bank"] == 0
    assert amounts(home.totals("month", category__name="Utilities")) == {date(2026, 6, 1): "640.00"}
