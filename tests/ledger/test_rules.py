"""The ledger's arithmetic and decisions, pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from financebot.common import money
from financebot.common.errors import AmountNotPositive, AmountTooFine, AmountTooLarge, DomainError
from financebot.common.fields import from_units, to_units
from ledger import rules
from ledger.errors import (
    DateInFuture,
    DateTooEarly,
    InsufficientFunds,
    PeriodClosed,
    SameWallet,
    UndoWindowOver,
)
from ledger.rules import Draft

quick = settings(max_examples=60, deadline=None, database=None)

D = Decimal
amounts = st.integers(1, 10**18 - 1).map(from_units)
weights = st.lists(st.integers(1, 10**6).map(lambda n: D(n) / 100), min_size=1, max_size=12)
units = st.integers(-(10**16), 10**16)


@quick
@given(units=units, weights=weights, decimals=st.sampled_from([0, 2, 3, 4]))
def test_the_parts_of_a_split_sum_to_the_whole(units, weights, decimals):
    whole = D(units).scaleb(-decimals)
    assert sum(money.largest_remainder(whole, weights, decimals=decimals)) == whole


@quick
@given(units=units, weights=weights, decimals=st.sampled_from([0, 2, 3]))
def test_no_part_is_a_whole_unit_away_from_its_true_share(units, weights, decimals):
    unit = D(1).scaleb(-decimals)
    whole, total = units * unit, sum(weights)
    for part, weight in zip(money.largest_remainder(whole, weights, decimals=decimals), weights, strict=True):
        assert abs(part * total - whole * weight) < unit * total
        assert money.wire(part, {0: "JPY", 2: "EUR", 3: "KWD"}[decimals]) == str(part)


@quick
@given(units=st.integers(0, 10**12), weights=weights)
def test_who_weighs_more_never_gets_less(units, weights):
    parts = money.largest_remainder(D(units).scaleb(-2), weights, decimals=2)
    by_weight = [part for _, part in sorted(zip(weights, parts, strict=True))]
    assert by_weight == sorted(parts)


@quick
@given(units=units, weights=weights)
def test_a_negative_amount_is_split_like_a_positive_one(units, weights):
    positive = money.largest_remainder(D(units), weights, decimals=0)
    assert money.largest_remainder(D(-units), weights, decimals=0) == [-part for part in positive]


@pytest.mark.parametrize(
    ("amount", "weights", "decimals", "parts"),
    [
        ("100.00", "1 1 1", 2, "33.34 33.33 33.33"),
        ("-100.00", "1 1 1", 2, "-33.34 -33.33 -33.33"),
        ("0.01", "1 1", 2, "0.01 0.00"),
        ("0.05", "1 2 3", 2, "0.01 0.02 0.02"),
        ("0.02", "4 1 1", 2, "0.02 0.00 0.00"),
        ("10", "1 1 1", 0, "4 3 3"),
        ("1.000", "1 1 1", 3, "0.334 0.333 0.333"),
        ("10.00", "0 0", 2, "5.00 5.00"),
        ("0.01", "0 0 0", 2, "0.01 0.00 0.00"),
        ("7.77", "1", 2, "7.77"),
        ("99999999999999.99", "1 2", 2, "33333333333333.33 66666666666666.66"),
        ("1.00", "0.5 0.25 0.25", 2, "0.50 0.25 0.25"),
    ],
)
def test_the_units_left_over_go_to_the_largest_remainders_the_earlier_first(amount, weights, decimals, parts):
    found = money.largest_remainder(D(amount), [D(w) for w in weights.split()], decimals=decimals)
    assert [str(part) for part in found] == parts.split()


@pytest.mark.parametrize(
    ("amount", "currency", "fits"),
    [
        ("1.50", "USD", True),
        ("1.5", "JPY", False),
        ("1.0", "JPY", True),
        ("1.005", "USD", False),
        ("1.500", "USD", True),
        ("1.005", "KWD", True),
        ("1.0005", "KWD", False),
        ("99999999999999.99", "EUR", True),
        ("99999999999999.999", "EUR", False),
        ("0.0000000000000000000000000000000000001", "EUR", False),
    ],
)
def test_an_amount_fits_a_currency_when_it_is_no_finer_than_its_smallest_unit(amount, currency, fits):
    assert money.fits(D(amount), currency) is fits


@pytest.mark.parametrize(
    ("amount", "currency", "refusal"),
    [
        ("0.01", "EUR", None),
        ("1", "JPY", None),
        ("0.001", "KWD", None),
        ("99999999999999.99", "EUR", None),
        ("0", "EUR", AmountNotPositive),
        ("-0.01", "EUR", AmountNotPositive),
        ("0.001", "EUR", AmountTooFine),
        ("0.1", "JPY", AmountTooFine),
        ("0.0001", "KWD", AmountTooFine),
        ("100000000000000", "EUR", AmountTooLarge),
        ("100000000000000", "JPY", AmountTooLarge),
        ("9" * 40, "EUR", AmountTooLarge),
    ],
)
def test_an_amount_is_positive_fits_its_currency_and_has_at_most_14_digits_before_the_point(
    amount,
    currency,
    refusal,
):
    if refusal is None:
        money.check(D(amount), currency)
        return
    with pytest.raises(refusal) as caught:
        money.check(D(amount), currency)
    assert caught.value.field == "amount"


@pytest.mark.parametrize("limit", [None, D(0), D("12.34")])
def test_a_limit_may_be_none_zero_or_positive(limit):
    money.check_limit(limit, "EUR", field="overdraft_limit")


@pytest.mark.parametrize(
    ("limit", "refusal"),
    [(D("-0.01"), AmountNotPositive), (D("0.001"), AmountTooFine), (D(10) ** 14, AmountTooLarge)],
)
def test_a_limit_that_is_no_amount_is_refused_in_its_own_field(limit, refusal):
    with pytest.raises(refusal) as caught:
        money.check_limit(limit, "EUR", field="overdraft_limit")
    assert caught.value.field == "overdraft_limit"


@quick
@given(st.integers(-(2**63), 2**63 - 1))
def test_every_number_that_the_database_keeps_comes_back_as_it_was(units):
    assert to_units(from_units(units)) == units


def test_an_amount_finer_than_the_database_keeps_is_not_rounded():
    with pytest.raises(ValueError, match="finer"):
        to_units(D("0.00001"))


def test_a_transfer_to_the_same_wallet_is_refused():
    with pytest.raises(SameWallet):
        rules.check_wallets(Draft(D(1), 4, 4))
    rules.check_wallets(Draft(D(1), 4, 5))


TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("day", "closed_until", "refusal"),
    [
        (TODAY, None, None),
        (TODAY + timedelta(days=1), None, None),
        (TODAY + timedelta(days=2), None, DateInFuture),
        (date(9999, 12, 31), None, DateInFuture),
        (date(1970, 1, 1), None, None),
        (date(1969, 12, 31), None, DateTooEarly),
        (date(1, 1, 1), None, DateTooEarly),
        (date(2026, 2, 28), date(2026, 2, 28), PeriodClosed),
        (date(2026, 2, 27), date(2026, 2, 28), PeriodClosed),
        (TODAY, date(2026, 2, 28), None),
        (TODAY, TODAY, PeriodClosed),
    ],
)
def test_a_day_lies_between_1970_and_tomorrow_and_after_what_is_closed(day, closed_until, refusal):
    if refusal is None:
        rules.check_day(day, today=TODAY, closed_until=closed_until)
        return
    with pytest.raises(refusal) as caught:
        rules.check_day(day, today=TODAY, closed_until=closed_until)
    assert caught.value.field == "occurred_on"


@pytest.mark.parametrize(
    ("balance", "held", "change", "limit", "refusal"),
    [
        ("0", "0", "-1", "0", None),
        ("-0.01", "0", "-1", "0", InsufficientFunds),
        ("-100", "0", "-1", "100", None),
        ("-100.01", "0", "-1", "100", InsufficientFunds),
        ("10", "10", "-1", "0", None),
        ("10", "10.01", "-1", "0", InsufficientFunds),
        ("-50", "0", "1", "0", None),
        ("-1000000", "0", "-1", None, None),
        ("900000000000000", "0", "1", None, None),
        ("900000000000000.01", "0", "1", None, AmountTooLarge),
        ("-900000000000000", "0", "-1", None, None),
        ("-900000000000000.01", "0", "-1", None, AmountTooLarge),
    ],
)
def test_a_wallet_ends_within_its_overdraft_and_within_what_can_be_kept(
    balance,
    held,
    change,
    limit,
    refusal,
):
    def check() -> None:
        rules.check_balance(
            D(balance), held=D(held), change=D(change), overdraft_limit=None if limit is None else D(limit)
        )

    if refusal is None:
        check()
        return
    with pytest.raises(refusal):
        check()


@quick
@given(balance=amounts, held=amounts, limit=amounts)
def test_money_that_comes_in_is_never_refused_for_lack_of_funds(balance, held, limit):
    rules.check_balance(-balance, held=held, change=D(1), overdraft_limit=limit)


@quick
@given(balance=units.map(from_units), held=amounts, limit=amounts)
def test_money_goes_out_exactly_when_what_is_available_stays_within_the_limit(balance, held, limit):
    try:
        rules.check_balance(balance, held=held, change=D(-1), overdraft_limit=limit)
        refused = False
    except DomainError:
        refused = True
    assert refused is (balance - held + limit < 0)


@pytest.mark.parametrize(
    ("seconds", "refused"),
    [(0, False), (900, False), (900.000001, True), (10**6, True)],
)
def test_an_undo_is_in_time_up_to_the_last_moment_of_its_window(seconds, refused):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = {
        "executed_at": start,
        "now": start + timedelta(seconds=seconds),
        "window": timedelta(seconds=900),
    }
    if not refused:
        rules.check_undo(**times)
        return
    with pytest.raises(UndoWindowOver):
        rules.check_undo(**times)


@pytest.mark.parametrize(
    ("original", "closed_until", "day"),
    [
        (date(2026, 1, 31), None, date(2026, 1, 31)),
        (date(2026, 1, 31), date(2026, 1, 30), date(2026, 1, 31)),
        (date(2026, 1, 31), date(2026, 1, 31), TODAY),
        (date(2025, 1, 31), date(2026, 1, 31), TODAY),
    ],
)
def test_a_reversal_carries_the_originals_date_or_today_where_that_is_closed(original, closed_until, day):
    assert rules.reversal_day(original, today=TODAY, closed_until=closed_until) == day


@pytest.mark.parametrize("day", [date(2026, 2, 1), date(2026, 2, 28)])
def test_a_month_is_named_by_its_first_day(day):
    assert rules.month_of(day) == date(2026, 2, 1)


def test_words_are_searched_folded_and_the_empty_ones_left_out():
    assert rules.search_text("Straße", "", "ЛЕНТА", tags=["Еда"]) == "strasse\nлента\nеда"
