"""A new expense, income or transfer: what is booked, what is refused; a refusal writes nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from financebot.common import clock, money
from financebot.common.errors import (
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    DomainError,
    UnknownReference,
)
from ledger.errors import (
    DateInFuture,
    DateTooEarly,
    ExchangeRateMissing,
    InsufficientFunds,
    PeriodClosed,
    SameWallet,
    WalletArchived,
    WrongCategoryKind,
)
from ledger.models import Category, Payee, Posting, Tag, Transaction, Wallet
from tests.conftest import House, founder_of, record
from tests.ledger.helpers import balance, close_until, events_of, refused, unguarded, wallet_of, want_approval

pytestmark = pytest.mark.django_db

D = Decimal
MOST = "99999999999999"


def postings_of(entry: Any) -> list[tuple[int, int | None, Decimal]]:
    rows = Posting.objects.filter(transaction=entry.transaction).order_by("pk")
    return list(rows.values_list("wallet_id", "category_id", "amount"))


def test_an_expense_leaves_its_wallet_for_its_category(house: House):
    entry = house.spend("12.50", category=house.categories["expense"].pk)
    cash = house.wallets["cash"]
    assert postings_of(entry) == [
        (cash.pk, None, D("-12.50")),
        (cash.pk, house.categories["expense"].pk, D("12.50")),
    ]
    assert (entry.transaction.type, entry.transaction.status, balance(cash)) == (
        "expense",
        "executed",
        D("-12.50"),
    )
    assert events_of("transaction", entry.transaction.pk) == ["transaction.created", "transaction.executed"]


def test_an_income_enters_its_wallet_from_its_category(house: House):
    entry = house.earn("12.50")
    cash = house.wallets["cash"]
    assert postings_of(entry) == [
        (cash.pk, None, D("12.50")),
        (cash.pk, house.categories["income"].pk, D("-12.50")),
    ]
    assert (entry.transaction.type, balance(cash)) == ("income", D("12.50"))


def test_a_transfer_moves_money_from_one_wallet_to_the_other_and_touches_no_category(house: House):
    entry = house.move("12.50", "cash", "anns")
    cash, anns = house.wallets["cash"], house.wallets["anns"]
    assert postings_of(entry) == [(cash.pk, None, D("-12.50")), (anns.pk, None, D("12.50"))]
    assert (entry.transaction.type, balance(cash), balance(anns)) == ("transfer", D("-12.50"), D("12.50"))
    assert entry.shares == []


@pytest.mark.parametrize("kind", ["income", "expense"])
def test_a_transfer_may_bear_a_category_of_either_kind_as_its_label(house: House, kind: str):
    entry = house.move("1", "cash", "anns", category=house.categories[kind].pk)
    assert entry.transaction.label == house.categories[kind]
    assert {category for _, category, _ in postings_of(entry)} == {None}


@pytest.mark.parametrize(("make", "kind"), [("spend", "expense"), ("earn", "income")])
def test_an_entry_that_names_no_category_goes_against_the_fallback_of_its_kind(
    house: House,
    make: str,
    kind: str,
):
    entry = getattr(house, make)("1")
    assert entry.postings[1].category_id == house.categories[kind].pk


@pytest.mark.parametrize(("make", "kind"), [("spend", "income"), ("earn", "expense")])
def test_a_category_of_the_other_kind_is_refused(house: House, make: str, kind: str):
    with refused(WrongCategoryKind, "category_id"):
        getattr(house, make)("1", category=house.categories[kind].pk)


@pytest.mark.parametrize("kind", ["opening", "exchange", "adjustment"])
@pytest.mark.parametrize("to_wallet", [None, "anns"])
def test_the_systems_own_categories_are_refused_as_category_and_as_label(
    house: House,
    kind: str,
    to_wallet: str,
):
    category = Category.objects.get(family=house.family, kind=kind).pk
    with refused(WrongCategoryKind, "category_id"):
        if to_wallet:
            house.move("1", "cash", to_wallet, category=category)
        else:
            house.spend("1", category=category)


def test_an_archived_category_is_as_good_as_none(house: House):
    food = Category.objects.filter(family=house.family, kind="expense", fallback=False).first()
    Category.objects.filter(pk=food.pk).update(archived_at=clock.now())
    with refused(UnknownReference, "category_id"):
        house.spend("1", category=food.pk)


def test_what_goes_against_a_category_is_for_its_author(house: House):
    entry = house.spend("3", by="adult")
    assert [(s.member_id, s.amount) for s in entry.shares] == [(house.adult.membership.pk, D(3))]


def test_an_overdraft_limit_is_kept_to_the_cent(house: House):
    wallet = wallet_of(house.owner, overdraft_limit=D(100))
    record(house.owner, "100", from_wallet=wallet.pk)
    with refused(InsufficientFunds, "amount"):
        record(house.owner, "0.01", from_wallet=wallet.pk)
    assert balance(wallet) == -100


def test_a_child_cannot_spend_more_than_its_allowance_wallet_holds(house: House):
    house.earn("5", "pocket")
    house.spend("5", "pocket", by="child")
    with refused(InsufficientFunds, "amount"):
        house.spend("0.01", "pocket", by="child")


def test_a_transfer_beyond_the_sources_limit_leaves_both_wallets_alone(house: House):
    with refused(InsufficientFunds, "amount"):
        house.move("1", "pocket", "cash")


def test_money_that_is_held_cannot_be_spent(house: House):
    house.earn("10", "pocket")
    want_approval(house, above=3)
    assert house.spend("4", "pocket", by="child").transaction.status == "pending_approval"
    with refused(InsufficientFunds, "amount"):
        house.spend("6.01", "pocket")
    house.spend("6", "pocket")


def test_a_wallet_that_is_somehow_below_its_limit_still_takes_money_in(house: House):
    house.spend("50")
    with unguarded():
        Wallet.objects.filter(pk=house.wallets["cash"].pk).update(overdraft_limit=D(0))
    house.earn("10")
    house.move("10", "anns", "cash")
    assert balance(house.wallets["cash"]) == -30
    with refused(InsufficientFunds, "amount"):
        house.spend("0.01")


def test_a_transfer_from_a_wallet_to_itself_is_refused(house: House):
    with refused(SameWallet, "to_wallet_id"):
        house.move("1", "cash", "cash")


def test_an_archived_wallet_takes_part_in_nothing(house: House):
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(archived_at=clock.now())
    for attempt in (
        lambda: house.spend("1", "anns"),
        lambda: house.earn("1", "anns"),
        lambda: house.move("1", "cash", "anns"),
        lambda: house.move("1", "anns", "cash"),
    ):
        with refused(WalletArchived):
            attempt()


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("0", AmountNotPositive),
        ("-1", AmountNotPositive),
        ("0.001", AmountTooFine),
        ("100000000000000", AmountTooLarge),
    ],
)
def test_an_amount_that_is_none_of_its_currency_is_refused(
    house: House,
    amount: str,
    refusal: type[DomainError],
):
    with refused(refusal, "amount"):
        house.spend(amount)


def test_an_amount_may_have_14_digits_before_the_point(house: House):
    entry = house.spend(f"{MOST}.99")
    assert Transaction.objects.get(pk=entry.transaction.pk).amount == D(f"{MOST}.99")
    assert balance(house.wallets["cash"]) == -D(f"{MOST}.99")


@pytest.mark.parametrize(
    ("currency", "amount", "too_fine"),
    [("JPY", "1200", "1200.5"), ("KWD", "1.234", "1.2345"), ("EUR", "1.20", "1.205")],
)
def test_an_amount_keeps_the_decimals_of_its_currency(db: None, currency: str, amount: str, too_fine: str):
    owner = founder_of(base_currency=currency)
    wallet = wallet_of(owner)
    entry = owner.http.post("/transactions", from_wallet_id=wallet.pk, amount=amount).json()
    assert (entry["amount"], entry["currency"]) == (amount, currency)
    assert owner.http.get("/wallets").json()["wallets"][0]["balance"] == f"-{amount}"
    answer = owner.http.post("/transactions", from_wallet_id=wallet.pk, amount=too_fine)
    assert (answer.status_code, answer.json()["code"]) == (422, "amount_too_fine")


def test_a_balance_grows_up_to_the_largest_that_can_be_kept_and_no_further(house: House):
    for _ in range(9):
        house.earn(MOST)
    house.earn("9")
    assert balance(house.wallets["cash"]) == money.LIMIT
    with refused(AmountTooLarge, "amount"):
        house.earn("0.01")
    with refused(AmountTooLarge, "amount"):
        house.move("1", "anns", "cash")


def test_a_balance_falls_down_to_the_lowest_that_can_be_kept_and_no_further(house: House):
    for _ in range(9):
        house.spend(MOST)
    house.spend("9")
    with refused(AmountTooLarge, "amount"):
        house.spend("0.01")


def test_a_total_of_a_category_that_would_pass_what_can_be_kept_is_refused(house: House):
    for _ in range(9):
        house.earn(MOST)
    house.move(MOST, "cash", "anns")
    with refused(AmountTooLarge):
        house.earn(MOST)


def test_a_total_of_a_wallets_month_that_would_pass_what_can_be_kept_is_refused(house: House):
    last_month, this_month = date(2026, 4, 1), date(2026, 5, 1)
    for _ in range(5):
        house.move(MOST, "anns", "cash", occurred_on=last_month)
    for _ in range(9):
        house.move(MOST, "cash", "anns", occurred_on=this_month)
    with refused(AmountTooLarge):
        house.move(MOST, "cash", "anns", occurred_on=this_month)


def test_a_wallet_in_another_currency_waits_for_exchange_rates(house: House):
    dollars = wallet_of(house.owner, currency="USD").pk
    with refused(ExchangeRateMissing):
        record(house.owner, "1", from_wallet=dollars)
    with refused(ExchangeRateMissing, "to_amount"):
        record(house.owner, "1", from_wallet=house.wallets["cash"].pk, to_wallet=dollars)


NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [
        ("Pacific/Kiritimati", NEW_YEAR - timedelta(minutes=1), date(2027, 1, 1)),
        ("Pacific/Kiritimati", NEW_YEAR - timedelta(hours=14, minutes=1), date(2026, 12, 31)),
        ("Pacific/Kiritimati", NEW_YEAR - timedelta(hours=14), date(2027, 1, 1)),
        ("Pacific/Pago_Pago", NEW_YEAR + timedelta(hours=10, minutes=59), date(2026, 12, 31)),
        ("Pacific/Pago_Pago", NEW_YEAR + timedelta(hours=11), date(2027, 1, 1)),
        ("UTC", NEW_YEAR - timedelta(minutes=1), date(2026, 12, 31)),
    ],
)
def test_today_is_todays_date_where_the_family_lives(db: None, zone: str, now: datetime, today: date):
    with time_machine.travel(now, tick=False):
        owner = founder_of(timezone=zone)
        wallet = wallet_of(owner).pk
        assert record(owner, "1", from_wallet=wallet).transaction.occurred_on == today
        tomorrow = today + timedelta(days=1)
        entry = record(owner, "1", from_wallet=wallet, occurred_on=tomorrow)
        assert entry.transaction.occurred_on == tomorrow
        with refused(DateInFuture, "occurred_on"):
            record(owner, "1", from_wallet=wallet, occurred_on=today + timedelta(days=2))


def test_the_first_day_of_the_ledger_is_the_first_of_1970(house: House):
    assert house.spend("1", occurred_on=date(1970, 1, 1)).transaction.occurred_on == date(1970, 1, 1)
    with refused(DateTooEarly, "occurred_on"):
        house.spend("1", occurred_on=date(1969, 12, 31))


def test_nothing_is_booked_on_or_before_the_day_until_which_the_books_are_closed(house: House):
    close_until(house, date(2026, 3, 31))
    with refused(PeriodClosed, "occurred_on"):
        house.spend("1", occurred_on=date(2026, 3, 31))
    house.spend("1", occurred_on=date(2026, 4, 1))


def test_payees_and_tags_are_found_in_any_case_and_shown_as_each_entry_writes_them(house: House):
    first = house.spend("1", payee="Straße", tags=("Еда", "food"))
    second = house.spend("1", payee="STRASSE", tags=("ЕДА", "FOOD", "Food"))
    house.spend("1", payee="STRASSE", tags=("Food",))
    assert sorted(payee.name for payee in Payee.objects.all()) == ["STRASSE", "Straße"]
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Food", "food", "ЕДА", "Еда"]
    folded = [{tag.folded for tag in entry.transaction.tags.all()} for entry in (first, second)]
    assert folded[0] == folded[1] == {"food", "еда"}
    assert first.transaction.payee.folded == second.transaction.payee.folded


def test_each_family_has_payees_and_tags_of_its_own(house: House):
    house.spend("1", payee="Lidl", tags=("food",))
    record(house.stranger, "1", from_wallet=wallet_of(house.stranger).pk, payee="Lidl", tags=("food",))
    assert (Payee.objects.count(), Tag.objects.count()) == (2, 2)


def test_the_answer_to_a_new_entry_is_what_is_read_later(house: House):
    http, cash = house.owner.http, house.wallets["cash"].pk
    house.spend("1", payee="Lidl", tags=("food", "Home"))
    words = {"description": "Bread", "notes": "and milk", "payee": "LIDL", "tags": ["FOOD", "new"]}
    created = http.post(
        "/transactions",
        from_wallet_id=cash,
        amount="1.50",
        occurred_on="2026-05-01",
        **words,
    )
    assert created.status_code == 201
    entry = created.json()
    detail = http.get(f"/transactions/{entry['id']}")
    assert entry == {name: detail.json()[name] for name in entry}
    assert created["ETag"] == detail["ETag"] == '"v1"'
    rows = {row["id"]: row for row in http.get("/transactions").json()["results"]}
    assert rows[entry["id"]] == entry


def test_a_name_whose_folded_form_is_thrice_as_long_is_kept(house: House):
    words = {"payee": "ΐ" * 200, "tags": ["ΐ" * 50]}
    answer = house.owner.http.post(
        "/transactions",
        from_wallet_id=house.wallets["cash"].pk,
        amount="1",
        **words,
    )
    assert (answer.status_code, answer.json().get("payee"), answer.json().get("tags")) == (
        201,
        *words.values(),
    )


@pytest.mark.parametrize(
    "wallets",
    [{}, {"from_wallet_id": None}, {"from_wallet_id": None, "to_wallet_id": None}],
)
def test_a_movement_names_at_least_one_wallet(house: House, wallets: dict):
    answer = house.owner.http.post("/transactions", amount="1", **wallets)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["from_wallet_id"])


def test_nobody_records_in_an_archived_family(house: House):
    house.owner.http.delete(f"/families/{house.family.pk}")
    answer = house.owner.http.post("/transactions", from_wallet_id=house.wallets["cash"].pk, amount="1")
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")
