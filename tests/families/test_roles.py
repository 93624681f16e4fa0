"""The table of permissions, as the design gives it, and what a scope means."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from families import rules
from families.roles import TABLE, Access, P, Policy, Role, Scope, preset, scope_of
from financebot.common.errors import PermissionDenied, StepUpRequired

# owner, adult, member, child, read_only; S wants a fresh proof, T also with a token that speaks for a chat
ROWS = """
view_family                all all    all   all    all T
edit_family                all -      -     -      -   S
delete_family              all -      -     -      -   S
transfer_ownership         all -      -     -      -   S
close_period               all -      -     -      -   S
view_members               all all    all   all    all T
invite_member              all capped -     -      -   S
revoke_invitation          all own    -     -      -   -
manage_members             all -      -     -      -   S
leave_family               own own    own   -      own S
link_telegram              own own    own   own    own S
view_wallets               all all    joint own    -   T
view_wallet_summary        all all    joint own    -   T
create_wallet              all all    -     -      -   -
edit_wallet                all joint  -     -      -   -
set_wallet_visibility      own own    own   -      -   -
archive_wallet             all -      -     -      -   S
reconcile_wallet           all capped -     -      -   -
view_categories            all all    all   all    -   T
manage_categories          all all    -     -      -   -
create_transaction         all all    joint capped -   T
transfer_between_wallets   all all    own   -      -   T
bulk_transactions          all all    -     -      -   -
view_transactions          all all    joint own    -   T
edit_own_transaction       own own    own   -      -   T
edit_any_transaction       all -      -     -      -   -
cancel_own_pending         own own    own   own    -   T
approve_transaction        all capped -     -      -   T
approve_large_transaction  all all    -     -      -   S
reject_transaction         all all    -     -      -   T
delete_transaction         all -      -     -      -   S
undo_own_transaction       own own    own   -      -   T
manage_exchange_rates      all all    -     -      -   -
view_audit_log             all all    all   -      all -
verify_audit               all -      -     -      all -
view_access_log            all own    own   -      -   -
receive_events             all all    joint own    all T
"""
DESIGN = {row.split()[0]: row.split()[1:] for row in ROWS.strip().splitlines()}
POLICY = Policy("EUR", "UTC", None, 1, None, timedelta(minutes=15), None)
ME, OTHER = 7, 8
THINGS = {(OTHER,), (None,), (ME,), (ME, OTHER), (ME, None), (OTHER, None)}


@dataclass(frozen=True)
class Thing:
    holders: tuple[int | None, ...]


def access(role: Role, *, granted: set[P] = frozenset(), fresh: bool = True, token_scope: str = "") -> Access:
    held = rules.permissions_of(role, granted=set(granted), withdrawn=set())
    return Access(1, ME, 1, role, held, POLICY, fresh, token_scope)


def test_every_permission_stands_in_the_table_once():
    assert set(TABLE) == set(P)
    assert {name.value for name in P} == set(DESIGN)


@pytest.mark.parametrize("name", P)
def test_the_table_is_that_of_the_design(name):
    *scopes, flags = DESIGN[name]
    grant = TABLE[name]
    assert [grant.scopes.get(role, "-") for role in Role] == scopes
    assert grant.step_up is ("S" in flags)
    assert grant.telegram is ("T" in flags)


@pytest.mark.parametrize("role", Role)
def test_a_preset_is_the_column_of_its_role(role):
    column = list(Role).index(role)
    assert preset(role) == {name for name, row in DESIGN.items() if row[column] != "-"}


@pytest.mark.parametrize(
    ("name", "role", "reached"),
    [
        pytest.param(P.VIEW_WALLETS, Role.ADULT, THINGS, id="all"),
        pytest.param(P.VIEW_WALLETS, Role.MEMBER, {(None,), (ME,), (ME, None)}, id="joint"),
        pytest.param(P.VIEW_WALLETS, Role.CHILD, {(ME,)}, id="own"),
        pytest.param(P.CREATE_TRANSACTION, Role.CHILD, {(ME,)}, id="capped for a child"),
        pytest.param(P.INVITE_MEMBER, Role.ADULT, THINGS, id="capped for others"),
        pytest.param(P.EDIT_WALLET, Role.CHILD, set(), id="none"),
    ],
)
def test_a_scope_reaches_what_all_its_holders_allow(name, role, reached):
    assert {holders for holders in THINGS if access(role).reaches(name, Thing(holders))} == reached


@pytest.mark.parametrize(
    ("name", "role", "scope"),
    [
        (P.VIEW_WALLETS, Role.READ_ONLY, Scope.OWN),
        (P.EDIT_WALLET, Role.CHILD, Scope.JOINT),
        (P.DELETE_TRANSACTION, Role.MEMBER, Scope.ALL),
        (P.TRANSFER_BETWEEN_WALLETS, Role.CHILD, Scope.OWN),
        (P.REVOKE_INVITATION, Role.MEMBER, Scope.OWN),
        (P.VIEW_ACCESS_LOG, Role.READ_ONLY, Scope.OWN),
        (P.INVITE_MEMBER, Role.MEMBER, Scope.ALL),
        (P.CREATE_TRANSACTION, Role.READ_ONLY, Scope.OWN),
    ],
)
def test_a_grant_outside_the_preset_reaches_as_far_as_for_the_lowest_role_that_has_it(name, role, scope):
    assert name not in preset(role)
    assert access(role, granted={name}).scope(name) is scope


@settings(max_examples=60, deadline=None)
@given(
    role=st.sampled_from(Role),
    granted=st.sets(st.sampled_from(P)),
    withdrawn=st.sets(st.sampled_from(P)),
)
def test_withdrawing_wins_over_preset_and_grant(role, granted, withdrawn):
    names = rules.permissions_of(role, granted=set(granted), withdrawn=set(withdrawn))
    assert not names & withdrawn
    assert names == (preset(role) | granted) - withdrawn


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(P), role=st.sampled_from(Role), holders=st.sets(st.sampled_from([ME, OTHER, None])))
def test_what_is_not_held_reaches_nothing(name, role, holders):
    empty = Access(1, ME, 1, role, frozenset(), POLICY, fresh=True)
    assert not empty.holds(name)
    assert not empty.reaches(name, Thing(tuple(holders)))
    with pytest.raises(PermissionDenied) as refused:
        empty.require(name)
    assert refused.value.facts == {"permission": name}


@pytest.mark.parametrize("name", P)
def test_a_token_that_speaks_for_a_chat_holds_only_what_the_table_lets_it(name):
    assert access(Role.OWNER, token_scope="telegram").holds(name) is ("T" in DESIGN[name][-1])


@pytest.mark.parametrize("name", P)
def test_an_old_proof_is_refused_where_the_table_wants_a_fresh_one(name):
    owner = access(Role.OWNER, fresh=False)
    if "S" in DESIGN[name][-1]:
        with pytest.raises(StepUpRequired):
            owner.require(name)
    else:
        owner.require(name)
    access(Role.OWNER).require(name)


def test_who_lacks_a_permission_is_told_that_and_not_asked_for_a_proof():
    with pytest.raises(PermissionDenied):
        access(Role.CHILD, fresh=False).require(P.EDIT_FAMILY)


def test_the_scope_of_a_role_is_its_own_even_where_a_lower_role_has_another():
    assert scope_of(P.VIEW_WALLETS, Role.OWNER) is Scope.ALL
    assert scope_of(P.VIEW_WALLETS, Role.MEMBER) is Scope.JOINT


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        (Role.OWNER, {"owner", "adult", "member", "child", "read_only"}),
        (Role.ADULT, {"member", "child", "read_only"}),
        (Role.MEMBER, {"child", "read_only"}),
        (Role.CHILD, {"read_only"}),
        (Role.READ_ONLY, set()),
    ],
)
def test_nobody_but_an_owner_invites_to_their_own_role_or_above(role, roles):
    assert set(rules.invitable(role)) == roles
