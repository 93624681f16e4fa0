"""What a person wants recorded, and what stays of it when they change some of it. Pure."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger import rules
from ledger.errors import NotEditable
from ledger.kinds import TransactionType
from ledger.rules import Draft, Split

quick = settings(max_examples=150, deadline=None, database=None)

D = Decimal
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
SPLITS = (Split(7, D(4)), Split(8, D(6)))

amounts = st.integers(1, 10**6).map(D)
wallets = st.sampled_from([None, 1, 2, 3])
values = {
    "amount": amounts,
    "from_wallet": wallets,
    "to_wallet": wallets,
    "category": st.sampled_from([None, 7, 8]),
    "occurred_on": st.sampled_from([MAY, JUNE]),
    "to_amount": st.none() | amounts,
    "rate": st.none() | amounts,
    "splits": st.sampled_from([(), SPLITS]),
    "for_members": st.sampled_from([(), ((1, D(1)),), ((1, D(1)), (2, D(3)))]),
}
words = {"description": "Lunch", "notes": "n", "payee": "Lidl", "tags": ("x",), "source_ref": "r"}
drafts = st.builds(Draft, **values, **{name: st.just(value) for name, value in words.items()})
changes = st.sets(st.sampled_from(sorted(values))).flatmap(
    lambda names: st.fixed_dictionaries({name: values[name] for name in names})
)


def moved(before: Draft, after: Draft) -> bool:
    return (before.from_wallet, before.to_wallet) != (after.from_wallet, after.to_wallet)


def may_go(before: Draft, after: Draft, given_names: set[str]) -> dict[str, bool]:
    """Which fields that nobody named may no longer fit, by the function's docstring."""
    other_kind = before.type() is not after.type()
    return {
        "category": "splits" in given_names or other_kind,
        "splits": "category" in given_names or other_kind,
        "for_members": other_kind and after.has_two_wallets,
        "rate": moved(before, after) or before.occurred_on != after.occurred_on,
        "to_amount": moved(before, after) or "rate" in given_names,
    }


@quick
@given(before=drafts, changed=changes)
def test_what_is_named_is_as_given_and_what_still_fits_stays(before, changed):
    after = rules.edited(before, changed)
    gone = may_go(before, replace(before, **changed), set(changed))
    for field in fields(Draft):
        if field.name in changed:
            expected = changed[field.name]
        else:
            empty = () if field.name in {"splits", "for_members"} else None
            expected = empty if gone.get(field.name) else getattr(before, field.name)
        assert getattr(after, field.name) == expected, field.name


@quick
@given(before=drafts)
def test_nothing_changed_is_the_same_draft(before):
    assert rules.edited(before, {}) == before


@quick
@given(before=drafts, name=st.sampled_from(sorted(values)))
def test_a_field_named_with_what_it_is_moves_no_other_of_its_pair_alone(before, name):
    """Naming the rate drops the amount it made, naming a category the splits, and the other way round; no more."""
    after = rules.edited(before, {name: getattr(before, name)})
    pair = {"rate": "to_amount", "category": "splits", "splits": "category"}.get(name)
    assert {f.name for f in fields(Draft) if getattr(after, f.name) != getattr(before, f.name)} <= {pair}


@quick
@given(before=drafts, changed=changes)
def test_an_edit_is_the_same_when_it_is_made_again(before, changed):
    after = rules.edited(before, changed)
    assert rules.edited(after, changed) == after


EXPENSE = Draft(D(10), from_wallet=1, category=7, rate=D(2), occurred_on=MAY, for_members=((1, D(1)),), **words)
SPLIT = replace(EXPENSE, category=None, splits=SPLITS)
INCOME = replace(EXPENSE, from_wallet=None, to_wallet=1)
TRANSFER = Draft(D(10), from_wallet=1, to_wallet=2, category=7, rate=D(2), occurred_on=MAY)
EXCHANGE = replace(TRANSFER, rate=None, to_amount=D(9))


@pytest.mark.parametrize(
    ("before", "changed", "otherwise"),
    [
        (EXPENSE, {"amount": D(11)}, {}),
        (EXPENSE, {"occurred_on": JUNE}, {"rate": None}),
        (EXPENSE, {"occurred_on": MAY}, {}),
        (EXPENSE, {"occurred_on": JUNE, "rate": D(3)}, {}),
        (EXPENSE, {"from_wallet": 2}, {"rate": None}),
        (EXPENSE, {"from_wallet": 2, "rate": D(3)}, {}),
        (EXPENSE, {"category": 8}, {}),
        (EXPENSE, {"splits": SPLITS}, {"category": None}),
        (SPLIT, {"category": 7}, {"splits": ()}),
        (SPLIT, {"category": None}, {"splits": ()}),
        (SPLIT, {"amount": D(11)}, {}),
        (SPLIT, {"for_members": ((2, D(1)),)}, {}),
        (EXPENSE, {"from_wallet": None, "to_wallet": 1}, {"rate": None, "category": None}),
        (EXPENSE, {"from_wallet": None, "to_wallet": 1, "category": 9}, {"rate": None}),
        (SPLIT, {"from_wallet": None, "to_wallet": 1}, {"rate": None, "splits": ()}),
        (EXPENSE, {"to_wallet": 2}, {"rate": None, "category": None, "for_members": ()}),
        (SPLIT, {"to_wallet": 2}, {"rate": None, "splits": (), "for_members": ()}),
        (EXPENSE, {"to_wallet": 2, "category": 7}, {"rate": None, "for_members": ()}),
        (INCOME, {"from_wallet": 2}, {"rate": None, "category": None, "for_members": ()}),
        (TRANSFER, {"to_wallet": None}, {"rate": None, "category": None}),
        (TRANSFER, {"to_wallet": 3}, {"rate": None}),
        (TRANSFER, {"category": None}, {}),
        (EXCHANGE, {"amount": D(11)}, {}),
        (EXCHANGE, {"to_amount": D(8)}, {}),
        (EXCHANGE, {"rate": D(3)}, {"to_amount": None}),
        (EXCHANGE, {"to_wallet": 3}, {"to_amount": None}),
        (EXCHANGE, {"to_wallet": 3, "to_amount": D(7)}, {}),
        (EXCHANGE, {"to_wallet": None}, {"to_amount": None, "category": None}),
        (EXCHANGE, {"occurred_on": JUNE}, {}),
    ],
)
def test_what_no_longer_fits_goes_with_what_changed(before, changed, otherwise):
    assert rules.edited(before, changed) == replace(before, **changed, **otherwise)


REFUND = Draft(D(10), to_wallet=1, rate=D(2), occurred_on=MAY, for_members=((1, D(1)),), refund_of=5)


@pytest.mark.parametrize(
    "changed",
    [{"category": 7}, {"splits": SPLITS}, {"from_wallet": 2}, {"from_wallet": 2, "to_wallet": None}],
    ids=["category", "splits", "transfer", "expense"],
)
def test_a_refund_goes_against_what_was_spent_and_nothing_else(changed):
    with pytest.raises(NotEditable) as caught:
        rules.edited(REFUND, changed)
    assert caught.value.field == "category_id"


@pytest.mark.parametrize(
    "changed",
    [{}, {"amount": D(9)}, {"to_wallet": 2}, {"occurred_on": JUNE}, {"category": None}, {"for_members": ((2, D(1)),)}],
    ids=lambda changed: next(iter(changed), "nothing"),
)
def test_anything_else_of_a_refund_may_change(changed):
    assert rules.edited(REFUND, changed).refund_of == 5


@pytest.mark.parametrize(
    ("shape", "currencies", "movement"),
    [
        ((1, None), 1, TransactionType.EXPENSE),
        ((None, 1), 1, TransactionType.INCOME),
        ((1, 2), 1, TransactionType.TRANSFER),
        ((1, 2), 2, TransactionType.EXCHANGE),
    ],
)
def test_the_wallets_given_and_their_currencies_say_which_movement_it_is(shape, currencies, movement):
    assert Draft(D(5), *shape).type(currencies=currencies) is movement


@pytest.mark.parametrize("fact", [TransactionType.OPENING, TransactionType.ADJUSTMENT])
@pytest.mark.parametrize("shape", [(1, None), (None, 1)])
def test_a_fact_is_one_whichever_way_it_moves(fact, shape):
    assert Draft(D(5), *shape, fact=fact).type() is fact


@quick
@given(before=drafts)
def test_the_amount_is_in_the_currency_of_the_wallet_it_leaves_or_else_enters(before):
    assume(before.from_wallet or before.to_wallet)
    assert before.main_wallet == (before.from_wallet or before.to_wallet)
    assert before.has_two_wallets is (None not in {before.from_wallet, before.to_wallet})
