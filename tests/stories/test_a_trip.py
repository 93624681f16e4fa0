"""A trip abroad: money changed there and back, spent without decimals and with three, and what it was worth at home."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from ledger.models import Posting, Transaction, WalletMonth
from tests.stories.household import Books, Household

TRIP = """
step                     |    Bank |   Yen  |  Dinar
opening balance          | 2000.00 |
changed by two amounts   | -500.00 |  80000 |
changed by a rate        | -100.00 |  16124 |
hotel                    |         | -30000 |
dinner                   |         |  -5555 |
a train two days ago     |         |  -4000 |
dinars                   |  -50.00 |        |  16.875
tea at a rate of its own |         |        |  -2.125
tea at the known rate    |         |        |  -1.250
yen for dinars           |         |  -8000 |  16.000
the hotel gives back     |         |  10000 |
yen changed back         |  360.00 | -58569 |
dinars changed back      |   85.55 |        | -29.500
=                        | 1795.55 |      0 |   0.000
"""
WORTH = {  # in euros, by the last rate on or before the day
    "hotel": "180.00",  # 30000 × 0.006
    "dinner": "34.72",  # 5555 ÷ 160 = 34.71875
    "a train two days ago": "24.00",  # 4000 × 0.006: the rate of that day
    "tea at a rate of its own": "6.38",  # 2.125 × 3 = 6.375
    "tea at the known rate": "3.69",  # 1.25 × 2.95 = 3.6875
    "yen for dinars": "50.00",  # 8000 ÷ 160
    "the hotel gives back": "62.50",  # 10000 ÷ 160
    "yen changed back": "366.06",  # 58569 ÷ 160, which is more than it brought
}
SPENT = {  # by category, in yen or dinars, and in euros
    ("Travel", "JPY"): ("24000", "141.50"),  # 30000 + 4000 − 10000; 180.00 + 24.00 − 62.50
    ("Eating out", "JPY"): ("3333", "20.83"),  # three of five parts of 34.72
    ("Leisure", "JPY"): ("2222", "13.89"),  # two of five
    ("Eating out", "KWD"): ("3.375", "10.07"),  # 2.125 + 1.250; 6.38 + 3.69
}
EXCHANGED = {  # what went to the money changers, turned round: the gain or loss is what is left
    "EUR": ("204.45", "204.45"),  # 500 + 100 + 50 − 360 − 85.55
    "JPY": ("-29555", "-190.00"),  # −80000 − 16124 + 8000 + 58569; −500 − 100 + 50 + 360
    "KWD": ("-3.375", "-14.45"),  # −16.875 − 16.000 + 29.500; −50 − 50 + 85.55
}
LEFT = {  # what each wallet has won or lost in euros; all together they paid for what was spent
    "Bank": "1795.55",
    "Yen": "13.78",  # 500 + 100 − 180 − 34.72 − 24 − 50 + 62.50 − 360
    "Dinar": "4.38",  # 50 − 6.38 − 3.69 + 50 − 85.55
}
DINNER = {
    ("Eating out", "Olga"): ("1111", "6.94"),
    ("Eating out", "Kim"): ("2222", "13.89"),
    ("Leisure", "Olga"): ("741", "4.63"),
    ("Leisure", "Kim"): ("1481", "9.26"),
}


@pytest.fixture
def home(household) -> Household:
    home = household("2026-04-01")
    home.joined("Kim", "child")
    home.wallet("Bank", "bank", opening_balance="2000.00")
    home.wallet("Yen", "cash", currency="JPY")
    home.wallet("Dinar", "cash", currency="KWD")
    rate(home, "JPY", "EUR", "0.006")
    return home


def rate(home: Household, base: str, quote: str, cost: str) -> None:
    body = {"base_currency": base, "quote_currency": quote, "rate": cost}
    home.does("Olga", "post", "/exchange-rates", family_id=home.pk, **body)


def both(home: Household, *keys: str, **where: object) -> dict:
    """Month totals in their own currency and in euros."""
    own, base = home.totals(*keys, **where), home.totals(*keys, base=True, **where)
    return {key: (own[key], base[key]) for key in own}


def figures(found: dict) -> dict:
    return {key: tuple(map(Decimal, row)) for key, row in found.items()}


def test_a_trip_ends_with_the_euros_that_the_table_says(home):
    books = Books(home, TRIP)
    books.after("opening balance")
    worth: dict[str, str] = {}

    def noted(step: str, made: dict) -> None:
        books.after(step)
        worth[step] = f"{Transaction.objects.get(pk=made['id']).base_amount:.2f}"

    in_japan(home, books, noted)
    in_kuwait(home, books, noted)
    and_back(home, noted)
    books.add_up()
    assert {step: worth[step] for step in WORTH} == WORTH
    assert both(home, "category__name", "currency", category__kind="expense") == figures(SPENT)
    assert both(home, "currency", category__kind="exchange") == figures(EXCHANGED)
    months = WalletMonth.objects.filter(month=date(2026, 4, 1)).values_list("wallet__name", "base_amount")
    assert {name: f"{amount:.2f}" for name, amount in months} == LEFT
    spent = sum(Decimal(euros) for _, euros in SPENT.values())
    assert spent == 2000 - sum(map(Decimal, LEFT.values())) == Decimal("186.29")
    sums = Posting.objects.values("transaction").annotate(left=Sum("base_amount")).values_list("left", flat=True)
    assert set(sums) == {0}


def in_japan(home: Household, books: Books, noted) -> None:
    assert home.cannot_record("Olga", "500.00", "Bank", "Yen") == "422 exchange_rate_missing"
    assert home.cannot_record("Olga", "500.00", "Bank", "Yen", rate="160", to_amount="80000") == "400 invalid"
    bought = home.records("Olga", "500.00", "Bank", "Yen", to_amount="80000")
    assert (bought["type"], bought["amount"], bought["to_amount"]) == ("exchange", "500.00", "80000")
    noted("changed by two amounts", bought)
    home.on("2026-04-03")
    bought = home.records("Olga", "100.00", "Bank", "Yen", rate="161.239")
    assert bought["to_amount"] == "16124"  # 16123.9, to the yen
    noted("changed by a rate", bought)
    home.on("2026-04-04")
    noted("hotel", home.records("Olga", "30000", "Yen", category="Travel", description="Hotel"))
    assert home.cannot_record("Olga", "1.5", "Yen") == "422 amount_too_fine"
    home.on("2026-04-05")
    rate(home, "EUR", "JPY", "160")
    home.on("2026-04-06")
    parts, whom = {"Eating out": "3333", "Leisure": "2222"}, {"Olga": "1", "Kim": "2"}
    noted("dinner", home.records("Olga", "5555", "Yen", splits=parts, for_whom=whom))
    assert both(home, "category__name", "member__user__first_name", category__name__in=parts) == figures(DINNER)
    train = home.records("Olga", "4000", "Yen", category="Travel", occurred_on="2026-04-04")
    noted("a train two days ago", train)


def in_kuwait(home: Household, books: Books, noted) -> None:
    found = home.summary("Olga")
    assert (found["total"], found["missing_rates"]) == (None, ["KWD"])
    assert found["by_currency"] == {"EUR": "1400.00", "JPY": "56569", "KWD": "0.000"}
    assert found["by_type"] == {"bank": "1400.00", "cash": None}
    home.on("2026-04-07")
    noted("dinars", home.records("Olga", "50.00", "Bank", "Dinar", to_amount="16.875"))
    assert home.cannot_record("Olga", "2.125", "Dinar") == "422 exchange_rate_missing"
    assert home.cannot_record("Olga", "2.1255", "Dinar", rate="3") == "422 amount_too_fine"
    noted("tea at a rate of its own", home.records("Olga", "2.125", "Dinar", category="Eating out", rate="3"))
    home.on("2026-04-08")
    rate(home, "KWD", "EUR", "2.95")
    noted("tea at the known rate", home.records("Olga", "1.250", "Dinar", category="Eating out"))
    assert home.cannot_record("Olga", "1.250", "Dinar", occurred_on="2026-04-07") == "422 exchange_rate_missing"
    assert home.summary("Olga") == {
        "base_currency": "EUR",
        "total": "1743.38",  # 1350.00 + 56569 ÷ 160 = 353.55625 + 13.500 × 2.95 = 39.825 (to the even cent)
        "by_currency": {"EUR": "1350.00", "JPY": "56569", "KWD": "13.500"},
        "by_type": {"bank": "1350.00", "cash": "393.38"},
        "missing_rates": [],
    }


def and_back(home: Household, noted) -> None:
    home.on("2026-04-09")
    changed = home.records("Olga", "8000", "Yen", "Dinar", to_amount="16.000")
    assert (changed["amount"], changed["currency"], changed["to_amount"]) == ("8000", "JPY", "16.000")
    noted("yen for dinars", changed)
    home.on("2026-04-10")
    hotel = Transaction.objects.get(description="Hotel").pk
    assert home.cannot_record("Olga", "60.00", None, "Bank", refund_of=hotel) == "422 not_refundable"
    noted("the hotel gives back", home.records("Olga", "10000", None, "Yen", refund_of=hotel))
    home.on("2026-04-12")
    assert home.seen_by("Olga")["Yen"] == 58569
    noted("yen changed back", home.records("Olga", "58569", "Yen", "Bank", to_amount="360.00"))
    noted("dinars changed back", home.records("Olga", "29.500", "Dinar", "Bank", to_amount="85.55"))
    assert home.summary("Olga")["total"] == "1795.55"
    assert home.refuses("Olga", "patch", home.path, base_currency="JPY") == "422 currency_fixed"


def test_a_correction_keeps_the_rate_of_its_day_and_a_new_day_takes_that_ones(home):
    home.records("Olga", "500.00", "Bank", "Yen", to_amount="80000")
    tea = home.records("Olga", "1000", "Yen", category="Eating out")["id"]  # 6.00
    home.on("2026-04-05")
    rate(home, "JPY", "EUR", "0.007")
    home.on("2026-04-06")
    dearer = home.does("Olga", "patch", f"/transactions/{tea}", amount="2000")["id"]
    assert home.totals("category__name", base=True, category__name="Eating out") == {"Eating out": 12}
    home.does("Olga", "patch", f"/transactions/{dearer}", occurred_on="2026-04-06")
    assert home.totals("category__name", base=True, category__name="Eating out") == {"Eating out": 14}
    assert home.seen_by("Olga")["Yen"] == 78000
