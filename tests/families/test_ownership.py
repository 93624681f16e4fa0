"""Handing a family over."""

from dataclasses import replace

import pytest

from audit.models import EventLog
from families.errors import MembershipState
from families.models import Membership
from families.roles import Role, preset
from families.services import transfer_ownership
from financebot.common.errors import NotFound, PermissionDenied, UnknownReference
from financebot.common.usecase import unit_of_work
from tests.conftest import join
from tests.families.helpers import accept, age_proof, edit, held, invite, is_staff

pytestmark = pytest.mark.django_db


def transfer(by, to):
    with unit_of_work():
        return transfer_ownership(actor=by.actor, membership_id=to.membership.pk)


def role_of(someone):
    someone.membership.refresh_from_db()
    return someone.membership.role


@pytest.mark.parametrize("heir", ["adult", "member", "child", "reader"])
def test_the_heir_becomes_owner_and_the_former_owner_an_adult(house, heir):
    answer = house.owner.http.post(
        f"/families/{house.family.pk}/transfer-ownership", membership_id=house.people[heir].membership.pk
    )
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["id"], answer.json()["role"]) == (house.people[heir].membership.pk, "owner")
    assert (role_of(house.people[heir]), role_of(house.owner)) == ("owner", "adult")
    assert held(house.people[heir]) == preset(Role.OWNER)
    assert held(house.owner) == preset(Role.ADULT)
    assert (is_staff(house.people[heir]), is_staff(house.owner)) == (True, False)


def test_a_former_owner_who_owns_another_family_stays_staff(house):
    accept(house.stranger, invite(house.owner, "owner").token)
    mine = Membership.objects.get(family=house.family, user=house.stranger.user)
    transfer(replace(house.stranger, membership=mine), house.adult)
    mine.refresh_from_db()
    assert mine.role == "adult"
    assert is_staff(house.stranger)


def test_other_owners_stay_owners(house):
    second = join(house.owner, "owner")
    transfer(house.owner, house.adult)
    assert (role_of(second), role_of(house.adult), role_of(house.owner)) == ("owner", "owner", "adult")


def test_the_former_owner_has_no_owners_right_left(house):
    transfer(house.owner, house.adult)
    with pytest.raises(PermissionDenied):
        transfer(house.owner, house.member)
    transfer(house.adult, house.owner)
    assert (role_of(house.owner), role_of(house.adult)) == ("owner", "adult")


def test_overrides_of_both_stay_as_the_owner_meant_them(house):
    edit(house.owner, house.adult, withdraw=["create_wallet"])
    transfer(house.owner, house.adult)
    assert held(house.adult) == preset(Role.OWNER) - {"create_wallet"}


@pytest.mark.parametrize(
    ("heir", "refusal", "status", "code"),
    [
        ("owner", MembershipState, 409, "membership_state"),
        ("suspended", MembershipState, 409, "membership_state"),
        ("removed", UnknownReference, 422, "unknown_reference"),
        ("stranger", UnknownReference, 422, "unknown_reference"),
    ],
)
def test_only_another_active_member_inherits(house, heir, refusal, status, code):
    with pytest.raises(refusal):
        transfer(house.owner, house.people[heir])
    answer = house.owner.http.post(
        f"/families/{house.family.pk}/transfer-ownership", membership_id=house.people[heir].membership.pk
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()["errors"]) == {"membership_id"}
    assert role_of(house.owner) == "owner"


def test_an_id_that_does_not_exist_is_answered_like_one_of_another_family(house):
    path = f"/families/{house.family.pk}/transfer-ownership"
    foreign = house.owner.http.post(path, membership_id=house.stranger.membership.pk).json()
    unknown = house.owner.http.post(path, membership_id=2**63 - 1).json()
    assert foreign | {"request_id": ""} == unknown | {"request_id": ""}


@pytest.mark.parametrize("who", ["adult", "member", "child", "reader"])
def test_nobody_but_an_owner_hands_the_family_over(house, who):
    answer = house.people[who].http.post(
        f"/families/{house.family.pk}/transfer-ownership", membership_id=house.people[who].membership.pk
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    with pytest.raises(PermissionDenied):
        transfer(house.people[who], house.adult)


@pytest.mark.parametrize("who", ["suspended", "removed", "stranger"])
def test_who_is_outside_finds_no_family(house, who):
    outsider = replace(house.people[who], membership=replace_family(house.people[who].membership, house.family.pk))
    with pytest.raises(NotFound):
        transfer(outsider, house.adult)


def replace_family(membership, family_id):
    return Membership(pk=membership.pk, family_id=family_id, user_id=membership.user_id)


def test_handing_over_wants_a_fresh_proof(house):
    age_proof(house.owner)
    answer = house.owner.http.post(
        f"/families/{house.family.pk}/transfer-ownership", membership_id=house.adult.membership.pk
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert role_of(house.owner) == "owner"


def test_three_events_say_what_happened_to_whom(house):
    transfer(house.owner, house.adult)
    owner, heir = house.owner.membership.pk, house.adult.membership.pk
    events = EventLog.objects.filter(family_id=house.family.pk).order_by("-pk")[:3]
    assert [(e.name, e.entity_type, e.entity_id, e.changes) for e in reversed(events)] == [
        ("family.ownership_transferred", "family", house.family.pk, {"owner_id": [owner, heir]}),
        ("role.changed", "membership", heir, {"role": ["adult", "owner"]}),
        ("role.changed", "membership", owner, {"role": ["owner", "adult"]}),
    ]
