"""The two sides of each movement, pure: they sum to zero, parts make the whole, nothing is lost to rounding."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from financebot.common import money
from financebot.common.errors import AmountNotPositive, AmountTooFine, AmountTooLarge
from ledger import rules
from ledger.booking.planning import Amounts, _lines
from ledger.errors import RefundTooLarge, SplitMismatch
from ledger.kinds import CategoryKind, TransactionType
from ledger.rules import Draft, Line, Money, Share, Split

quick = settings(max_examples=80, deadline=None, database=None)

D = Decimal
CURRENCIES = ["JPY", "EUR", "KWD"]
for_whom = st.lists(st.integers(1, 10**6).map(lambda n: D(n) / 100), min_size=1, max_size=6).map(
    lambda weights: list(enumerate(weights, start=1))
)
MOST = 10**14


def amount_of(currency: str) -> st.SearchStrategy[Decimal]:
    """Any amount that may be recorded in it."""
    decimals = money.exponent(currency)
    return st.integers(1, MOST * 10**decimals - 1).map(lambda units: D(units).scaleb(-decimals))


def base_of(currency: str) -> st.SearchStrategy[Decimal]:
    """Any base amount, nothing among them: a yen is less than a cent."""
    decimals = money.exponent(currency)
    return st.integers(0, 9 * MOST * 10**decimals).map(lambda units: D(units).scaleb(-decimals))


@st.composite
def moneys(draw: st.DrawFn, wallet: int = 1, base: str | None = None, base_amount: Decimal | None = None) -> Money:
    currency = draw(st.sampled_from(CURRENCIES))
    base = base or draw(st.sampled_from(CURRENCIES))
    base_amount = draw(base_of(base)) if base_amount is None else base_amount
    return Money(wallet, draw(amount_of(currency)), currency, base_amount, base)


@st.composite
def splits_of(draw: st.DrawFn, whole: Money) -> list[Split]:
    """Positive parts, of one category twice too, that make the whole."""
    decimals = money.exponent(whole.currency)
    units = int(whole.amount.scaleb(decimals))
    cuts = draw(st.sets(st.integers(1, max(units - 1, 1)), max_size=5))
    edges = [0, *sorted(cut for cut in cuts if cut < units), units]
    parts = [D(b - a).scaleb(-decimals) for a, b in pairwise(edges)]
    return [Split(draw(st.integers(1, 3)), part, "n") for part in parts]


@st.composite
def movements(draw: st.DrawFn) -> list[Line]:
    """The lines of an expense, an income, a transfer or an exchange; split and shared in any way."""
    source = draw(moneys())
    kind = draw(st.sampled_from(["expense", "income", "transfer", "exchange", "opening"]))
    shape = {"income": (None, 1), "transfer": (1, 2), "exchange": (1, 2)}.get(kind, (1, None))
    target, parts = source, draw(splits_of(source))
    if kind == "exchange":
        target = draw(moneys(wallet=2, base=source.base_currency, base_amount=source.base_amount))
        parts = [Split(9, source.amount)]
    weights = [draw(for_whom)] * len(parts)
    draft = Draft(source.amount, *shape)
    amounts = Amounts(source, target, D(1), source.base_amount, is_exchange=kind == "exchange")
    return _lines(draft, TransactionType(kind), amounts, parts, weights)


@quick
@given(movements())
def test_any_movement_sums_to_zero_in_each_currency_and_in_base(lines):
    for currency in {found.currency for found in lines}:
        assert sum(found.amount for found in lines if found.currency == currency) == 0
    assert sum(found.base_amount for found in lines) == 0


@quick
@given(movements())
def test_shares_make_their_posting_in_both_amounts_and_are_of_categories_alone(lines):
    for found in lines:
        whole = (found.amount, found.base_amount) if found.category else (0, 0)
        assert (sum(s.amount for s in found.shares), sum(s.base_amount for s in found.shares)) == whole
        assert bool(found.shares) is bool(found.category)


@quick
@given(movements())
def test_every_amount_is_one_of_its_currency_and_none_is_nothing(lines):
    for found in lines:
        assert found.amount
        assert all(money.fits(amount, found.currency) for amount in (found.amount, *(s.amount for s in found.shares)))


@quick
@given(movements())
def test_a_line_negated_twice_is_itself_and_once_takes_it_back(lines):
    for found in lines:
        back = found.negated()
        assert back.negated() == found
        assert (back.amount, back.base_amount, back.note) == (-found.amount, -found.base_amount, found.note)
        assert [(s.member, s.amount, s.base_amount) for s in back.shares] == [
            (s.member, -s.amount, -s.base_amount) for s in found.shares
        ]


@quick
@given(data=st.data(), whole=moneys())
def test_parts_of_a_split_are_the_postings_with_their_notes_and_base_amounts_of_one_sign(data, whole):
    parts = data.draw(splits_of(whole))
    lines = whole.on_categories(-1, parts, [[(1, D(1))]] * len(parts))
    assert [(p.category, -p.amount, p.note) for p in lines] == [(p.category, p.amount, p.note) for p in parts]
    assert sum(p.base_amount for p in lines) == -whole.base_amount
    assert all(p.base_amount <= 0 for p in lines)


EUR = Money(1, D("10.00"), "EUR", D("10.00"), "EUR")
YEN = Money(2, D(1500), "JPY", D("10.00"), "EUR")


@pytest.mark.parametrize(
    ("kind", "shape", "amounts", "lines"),
    [
        ("expense", (1, None), (EUR, EUR), [(1, None, "-10", "-10"), (1, 7, "10", "10")]),
        ("income", (None, 1), (EUR, EUR), [(1, None, "10", "10"), (1, 7, "-10", "-10")]),
        ("transfer", (1, 2), (EUR, EUR), [(1, None, "-10", "-10"), (2, None, "10", "10")]),
        ("opening", (None, 1), (EUR, EUR), [(1, None, "10", "10"), (1, 7, "-10", "-10")]),
        ("opening", (1, None), (EUR, EUR), [(1, None, "-10", "-10"), (1, 7, "10", "10")]),
        ("adjustment", (1, None), (EUR, EUR), [(1, None, "-10", "-10"), (1, 7, "10", "10")]),
        (
            "exchange",
            (1, 2),
            (EUR, YEN),
            [(1, None, "-10", "-10"), (1, 7, "10", "10"), (2, 7, "-1500", "-10"), (2, None, "1500", "10")],
        ),
    ],
)
def test_each_movement_posts_on_its_wallets_and_on_what_it_is_against(kind, shape, amounts, lines):
    draft, both = (
        Draft(amounts[0].amount, *shape),
        Amounts(*amounts, D(1), amounts[0].base_amount, is_exchange=kind == "exchange"),
    )
    parts = [] if kind == "transfer" else [Split(7, amounts[0].amount)]
    found = _lines(draft, TransactionType(kind), both, parts, [[(3, D(1))]] * len(parts))
    assert [(f.wallet, f.category, f.amount, f.base_amount) for f in found] == [
        (wallet, category, D(amount), D(base)) for wallet, category, amount, base in lines
    ]


@pytest.mark.parametrize(
    ("whole", "weights", "shares"),
    [
        (("10.00", "EUR", "9.00", "EUR"), "1 1", [("5.00", "4.50"), ("5.00", "4.50")]),
        (("10.00", "EUR", "1500", "JPY"), "1 1 1", [("3.34", "500"), ("3.33", "500"), ("3.33", "500")]),
        (("-0.01", "EUR", "-0.01", "EUR"), "1 1", [("-0.01", "-0.01"), ("0.00", "0.00")]),
        (("100", "JPY", "0.61", "EUR"), "0.5 1.5", [("25", "0.15"), ("75", "0.46")]),
        (("1.000", "KWD", "3.00", "EUR"), "2 1", [("0.667", "2.00"), ("0.333", "1.00")]),
    ],
)
def test_shares_follow_their_weights_to_the_last_unit_of_each_currency(whole, weights, shares):
    amount, currency, base_amount, base_currency = whole
    given_weights = [(member, D(w)) for member, w in enumerate(weights.split())]
    found = rules.shares_of(D(amount), D(base_amount), given_weights, currency=currency, base_currency=base_currency)
    assert found == tuple(
        Share(member, weight, D(part), D(base))
        for (member, weight), (part, base) in zip(given_weights, shares, strict=True)
    )


@pytest.mark.parametrize(
    ("parts", "amount", "refusal"),
    [
        (["4", "6"], "10", None),
        (["10"], "10", None),
        (["4", "6.01"], "10", SplitMismatch),
        (["4", "5.99"], "10", SplitMismatch),
        ([], "10", SplitMismatch),
        (["10", "0"], "10", AmountNotPositive),
        (["11", "-1"], "10", AmountNotPositive),
        (["9.995", "0.005"], "10", AmountTooFine),
        (["100000000000000"], "10", AmountTooLarge),
    ],
)
def test_the_parts_of_a_split_are_amounts_and_make_the_whole(parts, amount, refusal):
    splits = [Split(1, D(part)) for part in parts]
    if refusal is None:
        rules.check_splits(splits, D(amount), "EUR")
        return
    with pytest.raises(refusal) as caught:
        rules.check_splits(splits, D(amount), "EUR")
    assert caught.value.field == "splits"


@st.composite
def refunds(draw: st.DrawFn) -> tuple[str, list[Decimal], list[Decimal]]:
    """A currency, what was spent by category, and refunds of it, in all no more than that."""
    currency = draw(st.sampled_from(CURRENCIES))
    decimals = money.exponent(currency)
    spent = draw(st.lists(st.integers(0, 10**12), min_size=1, max_size=5).filter(any))
    left, amounts = sum(spent), []
    for _ in range(draw(st.integers(1, 4))):
        if not left:
            break
        amounts.append(draw(st.integers(1, left)))
        left -= amounts[-1]
    unit = D(1).scaleb(-decimals)
    return currency, [units * unit for units in spent], [units * unit for units in amounts]


@quick
@given(refunds())
def test_refunds_take_from_each_category_no_more_than_is_left_of_it(case):
    currency, left, amounts = case
    for amount in amounts:
        parts = rules.refund_parts(amount, left, currency=currency)
        assert sum(parts) == amount
        assert all(0 <= part <= rest for part, rest in zip(parts, left, strict=True))
        left = [rest - part for rest, part in zip(left, parts, strict=True)]


@quick
@given(refunds())
def test_a_refund_of_all_that_is_left_is_exactly_that_and_of_more_is_refused(case):
    currency, left, _ = case
    assert rules.refund_parts(sum(left), left, currency=currency) == left
    with pytest.raises(RefundTooLarge) as caught:
        rules.refund_parts(sum(left) + D(1).scaleb(-money.exponent(currency)), left, currency=currency)
    assert caught.value.field == "amount"


@pytest.mark.parametrize(
    ("amount", "left", "parts"),
    [
        ("5.00", "10 0", "5.00 0.00"),
        ("5.00", "6 4", "3.00 2.00"),
        ("0.01", "5 5", "0.01 0.00"),
        ("0.03", "0.01 0.02", "0.01 0.02"),
    ],
)
def test_a_refund_goes_by_what_is_left_of_each_category(amount, left, parts):
    found = rules.refund_parts(D(amount), [D(rest) for rest in left.split()], currency="EUR")
    assert [str(part) for part in found] == parts.split()


@pytest.mark.parametrize(
    ("amount", "rate", "currency", "found"),
    [
        ("10", "1.5", "EUR", "15.00"),
        ("1", "0.125", "EUR", "0.12"),
        ("1", "0.375", "EUR", "0.38"),
        ("1", "0.0004", "EUR", "0.00"),
        ("0.01", "150.5", "JPY", "2"),
        ("1", "0.5", "JPY", "0"),
        ("1", "1.5", "JPY", "2"),
        ("1", "0.0005", "KWD", "0.000"),
        ("1", "0.3075", "KWD", "0.308"),
        ("99999999999999.99", "9", "EUR", "899999999999999.91"),
    ],
)
def test_an_amount_is_converted_to_the_last_unit_half_to_even(amount, rate, currency, found):
    assert str(rules.converted(D(amount), D(rate), currency)) == found


@quick
@given(currency=st.sampled_from(CURRENCIES), data=st.data(), rate=st.integers(1, 10**18))
def test_a_conversion_is_at_most_half_a_unit_off_and_an_amount_of_the_currency(currency, data, rate):
    amount, rate = data.draw(amount_of("EUR")), D(rate).scaleb(-15)
    unit = D(1).scaleb(-money.exponent(currency))
    try:
        found = rules.converted(amount, rate, currency)
    except AmountTooLarge:
        assert amount * rate > money.LIMIT - unit
        return
    assert abs(found - amount * rate) <= unit / 2
    assert money.fits(found, currency)


def test_what_is_worth_more_than_can_be_kept_is_too_large():
    with pytest.raises(AmountTooLarge) as caught:
        rules.converted(D(10) ** 13, D(91), "EUR")
    assert caught.value.field == "rate"


def test_an_exchange_that_brings_less_than_the_smallest_unit_is_refused():
    assert rules.bought(D(1), D("0.005001"), "EUR") == D("0.01")
    with pytest.raises(AmountNotPositive) as caught:
        rules.bought(D(1), D("0.005"), "EUR")
    assert caught.value.field == "rate"


@pytest.mark.parametrize(
    ("amount", "base_amount", "rate"),
    [
        ("100", "92", "0.920000000000"),
        ("3", "1", "0.333333333333"),
        ("150", "1", "0.006666666667"),
        ("1", "0", "0E-12"),
        ("7", "2000000000", "285714285.714286000000"),
    ],
)
def test_the_rate_of_an_exchange_is_what_its_two_amounts_say(amount, base_amount, rate):
    assert str(rules.implied_rate(D(amount), D(base_amount))) == rate


def test_two_amounts_too_far_apart_have_no_rate():
    assert rules.implied_rate(D("0.01"), D(9_999_999_999)) == D(999_999_999_900)
    with pytest.raises(AmountTooLarge) as caught:
        rules.implied_rate(D("0.01"), D(10_000_000_000))
    assert caught.value.field == "to_amount"


@pytest.mark.parametrize(
    ("movement", "kind"),
    [
        (TransactionType.EXPENSE, CategoryKind.EXPENSE),
        (TransactionType.INCOME, CategoryKind.INCOME),
        (TransactionType.TRANSFER, None),
        (TransactionType.EXCHANGE, CategoryKind.EXCHANGE),
        (TransactionType.OPENING, CategoryKind.OPENING),
        (TransactionType.ADJUSTMENT, CategoryKind.ADJUSTMENT),
    ],
)
def test_a_movement_goes_against_categories_of_its_kind(movement, kind):
    assert rules.category_kind(movement) is kind
