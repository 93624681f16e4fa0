"""Who has to agree before money moves: the decisions, as tables."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families.roles import P, Policy
from financebot.common.fields import from_units
from ledger import rules
from ledger.rules import Outcome, Spender, Vote

quick = settings(max_examples=100, deadline=None, database=None)

D = Decimal
OWNER, OTHER = Spender(is_owner=True), Spender(is_owner=False)
EXECUTE, WAIT = Outcome.EXECUTE, Outcome.WAIT
THRESHOLD, LIMIT = "500", "1000"


def policy(threshold: str | None = THRESHOLD, approvals: int = 1, limit: str | None = None) -> Policy:
    return Policy(
        base_currency="EUR",
        timezone="UTC",
        approval_threshold=None if threshold is None else D(threshold),
        approvals_required=approvals,
        adult_approval_limit=None if limit is None else D(limit),
        undo_window=timedelta(0),
        closed_until=None,
    )


def decide(amount: str, author: Spender, *, takes: bool = True, counts: bool = True, **fields: Any) -> Outcome:
    return rules.decide(D(amount), takes=takes, counts=counts, author=author, policy=policy(**fields))


@pytest.mark.parametrize(
    ("amount", "threshold", "outcome"),
    [
        ("499.99", "500", EXECUTE),
        ("500", "500", EXECUTE),
        ("500.00", "500", EXECUTE),
        ("500.01", "500", WAIT),
        ("0.01", "0", WAIT),
        ("0", "0", EXECUTE),
        ("99999999999999", None, EXECUTE),
    ],
)
@pytest.mark.parametrize("approvals", [1, 2])
def test_what_is_at_the_threshold_executes_and_what_is_above_it_waits(amount, threshold, outcome, approvals):
    assert decide(amount, OTHER, threshold=threshold, approvals=approvals) is outcome


@pytest.mark.parametrize(
    ("amount", "approvals", "outcome"),
    [("500", 1, EXECUTE), ("500.01", 1, EXECUTE), ("500", 2, EXECUTE), ("500.01", 2, WAIT)],
)
def test_an_owners_own_executes_unless_two_have_to_agree(amount, approvals, outcome):
    assert decide(amount, OWNER, approvals=approvals) is outcome


@pytest.mark.parametrize("author", [OWNER, OTHER, Spender(is_owner=False, limit=D(0))])
@pytest.mark.parametrize("approvals", [1, 2])
def test_what_takes_nothing_from_anybody_never_waits(author, approvals):
    assert decide("10000", author, takes=False, approvals=approvals) is EXECUTE


@pytest.mark.parametrize(
    ("spent", "amount", "limit", "outcome"),
    [
        ("0", "50", "50", EXECUTE),
        ("0", "50.01", "50", WAIT),
        ("49.99", "0.01", "50", EXECUTE),
        ("49.99", "0.02", "50", WAIT),
        ("50", "0.01", "50", WAIT),
        ("60", "0.01", "50", WAIT),
        ("0", "0.01", "0", WAIT),
        ("10000", "50", None, EXECUTE),
    ],
)
def test_a_spending_limit_may_be_spent_to_the_last_cent(spent, amount, limit, outcome):
    author = Spender(is_owner=False, limit=None if limit is None else D(limit), spent=D(spent))
    assert decide(amount, author) is outcome


def test_a_spending_limit_binds_though_there_is_no_threshold_and_only_what_counts():
    author = Spender(is_owner=False, limit=D(50), spent=D(50))
    assert decide("1", author, threshold=None) is WAIT
    assert decide("1", author, threshold=None, counts=False) is EXECUTE
    assert decide("500.01", author, counts=False) is WAIT


@quick
@given(parts=st.lists(st.integers(1, 10**6).map(from_units), min_size=1, max_size=8), limit=st.integers(0, 4 * 10**6))
def test_a_limit_is_kept_however_the_amount_is_split(parts, limit):
    """What executes of many is never more than the limit in all, if what waits counts like what executes."""
    author = Spender(is_owner=False, limit=from_units(limit))
    executed = D(0)
    for part in parts:
        found = rules.decide(part, takes=True, counts=True, author=author, policy=policy(threshold=None))
        executed += part if found is EXECUTE else 0
        author = author.having_spent(part)
    assert executed <= author.limit
    assert author.spent == sum(parts)


@pytest.mark.parametrize(
    ("amount", "limit", "large"),
    [("1000", LIMIT, False), ("1000.01", LIMIT, True), ("0.01", "0", True), ("10000000", None, False)],
)
def test_what_is_above_the_adults_limit_wants_another_permission(amount, limit, large):
    given_policy = policy(limit=limit)
    assert rules.is_large(D(amount), given_policy) is large
    permission = P.APPROVE_LARGE_TRANSACTION if large else P.APPROVE_TRANSACTION
    assert rules.permission_to_approve(D(amount), given_policy) is permission


@pytest.mark.parametrize(
    ("approvals", "made_by_owner", "needed"),
    [(1, False, 1), (1, True, 1), (2, False, 2), (2, True, 1)],
)
def test_an_owners_recording_counts_as_one_of_two(approvals, made_by_owner, needed):
    assert rules.approvals_needed(policy(approvals=approvals), made_by_owner=made_by_owner) == needed


@pytest.mark.parametrize(
    ("amount", "approvals", "made_by_owner", "limit", "owner_alone"),
    [
        ("1000", 1, False, LIMIT, False),
        ("1000.01", 1, False, LIMIT, True),
        ("1000.01", 1, False, None, False),
        ("1000.01", 1, True, LIMIT, False),
        ("1000.01", 2, False, LIMIT, False),
        ("1000.01", 2, True, LIMIT, False),
    ],
)
def test_one_approval_above_the_adults_limit_is_an_owners(amount, approvals, made_by_owner, limit, owner_alone):
    given_policy = policy(approvals=approvals, limit=limit)
    assert rules.needs_an_owner(D(amount), given_policy, made_by_owner=made_by_owner) is owner_alone


A1, A2, O1, O2 = Vote(1, is_owner=False), Vote(2, is_owner=False), Vote(3, is_owner=True), Vote(4, is_owner=True)
SMALL, LARGE = "1000", "1000.01"


@pytest.mark.parametrize(
    ("amount", "approvals", "made_by_owner", "votes", "approved"),
    [
        (SMALL, 1, False, [], False),
        (SMALL, 1, True, [], False),
        (SMALL, 1, False, [A1], True),
        (SMALL, 1, False, [O1], True),
        (SMALL, 2, False, [A1], False),
        (SMALL, 2, False, [O1], False),
        (SMALL, 2, False, [A1, A1], False),
        (SMALL, 2, False, [A1, A2], True),
        (SMALL, 2, False, [A1, O1], True),
        (SMALL, 2, True, [], False),
        (SMALL, 2, True, [A1], True),
        (LARGE, 1, False, [A1], False),
        (LARGE, 1, False, [A1, A2], False),
        (LARGE, 1, False, [O1], True),
        (LARGE, 1, False, [A1, O1], True),
        (LARGE, 1, True, [A1], True),
        (LARGE, 2, False, [A1, A2], False),
        (LARGE, 2, False, [O1], False),
        (LARGE, 2, False, [A1, O1], True),
        (LARGE, 2, False, [O1, O2], True),
        (LARGE, 2, False, [A1, A2, O1], True),
        (LARGE, 2, True, [], False),
        (LARGE, 2, True, [A1], True),
        (LARGE, 2, True, [O1], True),
    ],
)
def test_enough_have_agreed_an_owner_among_them_above_the_adults_limit(
    amount, approvals, made_by_owner, votes, approved
):
    given_policy = policy(approvals=approvals, limit=LIMIT)
    for order in permutations(votes):
        assert rules.is_approved(D(amount), order, given_policy, made_by_owner=made_by_owner) is approved


votes = st.lists(st.builds(Vote, member=st.integers(1, 4), is_owner=st.booleans()), max_size=5)


@quick
@given(
    amount=st.integers(1, 3 * 10**7).map(from_units),
    approvals=st.sampled_from([1, 2]),
    limit=st.sampled_from([None, "0", LIMIT]),
    made_by_owner=st.booleans(),
    said=votes,
    more=votes,
)
def test_one_more_approval_never_undoes_what_is_approved(amount, approvals, limit, made_by_owner, said, more):
    given_policy = policy(approvals=approvals, limit=limit)

    def approved(found: list[Vote]) -> bool:
        return rules.is_approved(amount, found, given_policy, made_by_owner=made_by_owner)

    assert not approved([])
    assert approved([*said, *more]) or not approved(said)


@quick
@given(amount=st.integers(1, 3 * 10**7).map(from_units), made_by_owner=st.booleans(), approvals=st.sampled_from([1, 2]))
def test_where_no_owner_is_needed_alone_an_adult_never_approves_in_vain(amount, made_by_owner, approvals):
    """Their approval decides, or is one of two of which the other may be an owner's."""
    given_policy = policy(approvals=approvals, limit=LIMIT)
    alone = rules.needs_an_owner(amount, given_policy, made_by_owner=made_by_owner)
    decides = rules.is_approved(amount, [A1], given_policy, made_by_owner=made_by_owner)
    beside = rules.is_approved(amount, [A1, O1], given_policy, made_by_owner=made_by_owner)
    assert beside
    assert decides is (not alone and rules.approvals_needed(given_policy, made_by_owner=made_by_owner) == 1)


@pytest.mark.parametrize(
    ("lines", "original", "held"),
    [
        ([(1, "-10")], [], {1: "10"}),
        ([(1, "10")], [], {}),
        ([(1, "-10"), (2, "10")], [], {1: "10"}),
        ([(1, "-15")], [(1, "-10")], {1: "5"}),
        ([(1, "-10")], [(1, "-10")], {}),
        ([(1, "-5")], [(1, "-10")], {}),
        ([(2, "-5")], [(1, "-10")], {2: "5"}),
        ([(1, "-5")], [(1, "10")], {1: "15"}),
        ([(1, "4")], [(1, "10")], {1: "6"}),
        ([(2, "-5")], [(1, "10")], {1: "10", 2: "5"}),
        ([(1, "-10"), (2, "10")], [(1, "10"), (2, "-10")], {1: "20"}),
        ([(1, "-10"), (2, "9")], [(1, "-10"), (3, "10")], {3: "10"}),
    ],
)
def test_what_waits_holds_what_it_takes_more_than_what_it_would_replace(lines, original, held):
    found = rules.held_amounts(*([(wallet, D(a)) for wallet, a in side] for side in (lines, original)))
    assert found == {wallet: D(amount) for wallet, amount in held.items()}


sides = st.lists(st.tuples(st.integers(1, 3), st.integers(-1000, 1000).map(D)), max_size=4)


@quick
@given(lines=sides, original=sides)
def test_held_is_positive_and_enough_for_the_replacement_to_go_through(lines, original):
    held = rules.held_amounts(lines, original)
    for wallet in (1, 2, 3):
        net = sum(a for w, a in lines if w == wallet) - sum(a for w, a in original if w == wallet)
        assert held.get(wallet, 0) == max(D(0), -net)
    assert all(amount > 0 for amount in held.values())
