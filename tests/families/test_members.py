"""Changing, suspending, removing members; leaving; who sees what of whom."""

from decimal import Decimal

import pytest

from families.errors import MembershipState
from families.models import Membership
from families.roles import Role, preset
from families.services import remove_member, resume_member, suspend_member
from financebot.common.errors import LastOwner, NotFound, PermissionDenied
from financebot.common.usecase import unit_of_work
from tests.conftest import ROLE_NAMES, founder_of, join
from tests.conftest import ROLES as WHO
from tests.families.helpers import accept, age_proof, edit, held, invite, is_staff, last_events
from tests.families.test_roles import DESIGN

pytestmark = pytest.mark.django_db

ROLES = [role.value for role in Role]


def url(someone, rest=""):
    return f"/families/{someone.membership.family_id}/members{rest}"


def do(use_case, by, member):
    with unit_of_work():
        return use_case(actor=by.actor, membership_id=member.membership.pk)


def state_of(member):
    member.membership.refresh_from_db()
    return member.membership.state


@pytest.fixture
def owner(db):
    return founder_of()


@pytest.mark.parametrize("after", ROLES)
@pytest.mark.parametrize("before", ROLES)
def test_a_change_of_role_rewrites_permissions_and_the_staff_mark(owner, before, after):
    member = join(owner, before)
    edit(owner, member, role=after)
    assert held(member) == preset(Role(after))
    assert is_staff(member) is (after == "owner")
    shown = member.http.get(f"/families/{owner.membership.family_id}/permissions").json()
    assert (shown["role"], set(shown["permissions"])) == (after, preset(Role(after)))
    assert last_events(owner.membership.family_id, 1) == ["member.edited" if before == after else "role.changed"]


@pytest.mark.parametrize("who", WHO)
def test_a_member_is_told_how_far_each_permission_reaches(house, who):
    answer = house.people[who].http.get(f"/families/{house.family.pk}/permissions").json()
    role = ROLE_NAMES.get(who, who)
    column = ROLES.index(role)
    expected = {name: scopes[column] for name, scopes in DESIGN.items() if scopes[column] != "-"}
    assert (answer["role"], set(answer["permissions"])) == (role, set(expected))
    uncapped = {name for name, scope in expected.items() if scope != "capped"}
    assert {name: answer["permissions"][name] for name in uncapped} == {name: expected[name] for name in uncapped}


def test_a_change_of_role_is_in_force_on_the_next_request_of_the_same_token(house):
    client, family = house.adult.http, house.family.pk
    assert client.post("/wallets", family_id=family, name="Mine", type="cash").status_code == 201
    edit(house.owner, house.adult, role="child")
    assert client.post("/wallets", family_id=family, name="Mine", type="cash").status_code == 403


def test_an_owner_elsewhere_stays_staff_when_demoted_here(owner):
    other = founder_of()
    accept(other, invite(owner, "owner").token)
    membership = Membership.objects.get(family=owner.membership.family_id, user=other.user)
    owner.http.patch(url(owner, f"/{membership.pk}"), role="member")
    assert is_staff(other)


def test_an_operator_stays_staff_without_owning_anything(owner):
    member = join(owner, "owner", is_superuser=True, is_staff=True)
    edit(owner, member, role="child")
    assert is_staff(member)


@pytest.mark.parametrize("way", ["demotion", "suspension", "leaving"])
def test_the_last_owner_stays(owner, way):
    join(owner, "adult")
    mine = url(owner, f"/{owner.membership.pk}")
    answer = {
        "demotion": lambda: owner.http.patch(mine, role="adult"),
        "suspension": lambda: owner.http.post(f"{mine}/suspend"),
        "leaving": lambda: owner.http.delete(mine),
    }[way]()
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    owner.membership.refresh_from_db()
    assert (owner.membership.role, state_of(owner)) == ("owner", "active")
    assert held(owner) == preset(Role.OWNER)
    assert is_staff(owner)


def test_a_suspended_owner_and_one_whose_account_is_off_do_not_count_as_the_last_one(owner):
    suspended, off = join(owner, "owner"), join(owner, "owner")
    do(suspend_member, owner, suspended)
    off.user.is_active = False
    off.user.save(update_fields=["is_active"])
    with pytest.raises(LastOwner):
        edit(owner, owner, role="adult")
    assert not is_staff(suspended)
    do(resume_member, owner, suspended)
    assert is_staff(suspended)
    assert edit(owner, owner, role="adult").role == "adult"


@pytest.mark.parametrize(
    ("given", "kept", "shown"), [("50.5", "50.50", "50.50"), ("0", "0", "0.00"), (None, None, None)]
)
def test_a_spending_limit_is_set_shown_and_taken_away(owner, given, kept, shown):
    member = join(owner, "child")
    edit(owner, member, spending_limit=Decimal(7))
    answer = owner.http.patch(url(owner, f"/{member.membership.pk}"), spending_limit=given)
    assert (answer.status_code, answer.json()["spending_limit"]) == (200, shown)
    member.membership.refresh_from_db()
    assert member.membership.spending_limit == (None if kept is None else Decimal(kept))
    assert last_events(owner.membership.family_id, 1) == ["member.edited"]


@pytest.mark.parametrize(
    ("limit", "status", "code"),
    [
        ("0.001", 422, "amount_too_fine"),
        ("-5", 422, "amount_not_positive"),
        ("100000000000000", 422, "amount_too_large"),
        ("1e2", 400, "invalid"),
        ("NaN", 400, "invalid"),
    ],
)
def test_a_spending_limit_that_cannot_be_kept_is_refused(owner, limit, status, code):
    member = join(owner, "child")
    answer = owner.http.patch(url(owner, f"/{member.membership.pk}"), spending_limit=limit)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()["errors"]) == {"spending_limit"}


@pytest.mark.parametrize(
    ("role", "name", "scope"),
    [
        ("member", "delete_transaction", "all"),
        ("child", "edit_wallet", "joint"),
        ("child", "transfer_between_wallets", "own"),
        ("read_only", "view_wallets", "own"),
    ],
)
def test_a_grant_reaches_as_far_as_for_the_lowest_role_that_has_it(owner, role, name, scope):
    member = join(owner, role)
    edit(owner, member, grant=[name])
    assert held(member) == preset(Role(role)) | {name}
    shown = member.http.get(f"/families/{owner.membership.family_id}/permissions").json()["permissions"]
    assert shown[name] == scope
    assert last_events(owner.membership.family_id, 1) == ["permission.granted"]


def test_what_is_withdrawn_is_refused_from_then_on_and_named(house):
    edit(house.owner, house.adult, withdraw=["create_wallet", "view_members"])
    assert held(house.adult) == preset(Role.ADULT) - {"create_wallet", "view_members"}
    answer = house.adult.http.post("/wallets", family_id=house.family.pk, name="Mine", type="cash")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "create_wallet" in answer.json()["detail"]
    assert house.adult.http.get(url(house.owner)).status_code == 403


def test_the_last_word_on_a_permission_counts_and_survives_a_change_of_role(owner):
    member = join(owner, "member")
    edit(owner, member, grant=["delete_transaction"], withdraw=["view_wallets"])
    edit(owner, member, role="adult")
    assert held(member) == (preset(Role.ADULT) | {"delete_transaction"}) - {"view_wallets"}
    edit(owner, member, withdraw=["delete_transaction"], grant=["view_wallets"])
    assert held(member) == preset(Role.ADULT)
    edit(owner, member, role="owner")
    assert held(member) == preset(Role.OWNER) - {"delete_transaction"}


@pytest.mark.parametrize(
    "body",
    [
        {"grant": ["fly"]},
        {"grant": "view_wallets"},
        {"grant": ["view_wallets"], "withdraw": ["view_wallets"]},
        {"role": "king"},
        {"role": None},
        {"state": "ended"},
        {"user_id": 1},
    ],
)
def test_a_change_of_the_wrong_shape_is_refused(owner, body):
    member = join(owner, "member")
    answer = owner.http.patch(url(owner, f"/{member.membership.pk}"), **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert held(member) == preset(Role.MEMBER)


def test_a_member_is_edited_in_the_version_that_was_seen(owner):
    member = join(owner, "member")
    mine = url(owner, f"/{member.membership.pk}")
    version = owner.http.patch(mine, role="adult").json()["version"]
    assert owner.http.patch(mine, role="child", headers={"If-Match": f'"v{version - 1}"'}).status_code == 412
    answer = owner.http.patch(mine, role="child", headers={"If-Match": f'"v{version}"'})
    assert (answer.status_code, answer["ETag"]) == (200, f'"v{version + 1}"')


def test_a_suspended_member_is_outside_and_back_after_resumption(house):
    client, family = house.adult.http, house.family.pk
    edit(house.owner, house.adult, grant=["delete_transaction"])
    before = held(house.adult)
    answer = house.owner.http.post(url(house.owner, f"/{house.adult.membership.pk}/suspend"))
    assert (answer.status_code, answer.json()["state"]) == (200, "suspended")
    assert held(house.adult) == set()
    paths = [f"/families/{family}", f"/families/{family}/members", f"/wallets?family_id={family}"]
    assert [client.get(path).status_code for path in paths] == [404] * 3
    assert client.get("/families").json()["results"] == []
    answer = house.owner.http.post(url(house.owner, f"/{house.adult.membership.pk}/resume"))
    assert (answer.status_code, answer.json()["state"]) == (200, "active")
    assert held(house.adult) == before
    assert [client.get(path).status_code for path in paths] == [200] * 3
    assert last_events(family, 2) == ["member.suspended", "member.resumed"]


def test_states_follow_each_other_and_no_other_way(house):
    for use_case, who in ((suspend_member, house.suspended), (resume_member, house.adult)):
        with pytest.raises(MembershipState):
            do(use_case, house.owner, who)
    for use_case in (suspend_member, resume_member, remove_member):
        with pytest.raises(NotFound):
            do(use_case, house.owner, house.removed)


@pytest.mark.parametrize("before", ["active", "suspended"])
def test_a_removed_member_loses_everything_at_once(house, before):
    client, family = house.adult.http, house.family.pk
    edit(house.owner, house.adult, grant=["delete_transaction"])
    if before == "suspended":
        do(suspend_member, house.owner, house.adult)
    answer = house.owner.http.delete(url(house.owner, f"/{house.adult.membership.pk}"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert state_of(house.adult) == "ended"
    assert held(house.adult) == set()
    assert not house.adult.membership.overrides.exists()
    assert client.get(f"/families/{family}").status_code == 404
    assert client.get("/users/me").status_code == 200
    assert house.adult.membership.pk not in {
        row["id"] for row in house.owner.http.get(url(house.owner)).json()["results"]
    }
    assert last_events(family, 1) == ["member.removed"]


@pytest.mark.parametrize("who", ["adult", "member", "reader"])
def test_who_may_leave_leaves_and_is_outside(house, who):
    leaver = house.people[who]
    answer = leaver.http.delete(url(leaver, f"/{leaver.membership.pk}"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert leaver.http.get(f"/families/{house.family.pk}").status_code == 404
    assert last_events(house.family.pk, 1) == ["member.left"]


def test_one_of_two_owners_leaves_and_is_no_longer_staff(owner):
    second = join(owner, "owner")
    do(remove_member, second, second)
    assert not is_staff(second)
    with pytest.raises(LastOwner):
        do(remove_member, owner, owner)


def test_a_child_cannot_leave(house):
    answer = house.child.http.delete(url(house.owner, f"/{house.child.membership.pk}"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    with pytest.raises(PermissionDenied):
        do(remove_member, house.child, house.child)
    assert state_of(house.child) == "active"


@pytest.mark.parametrize("who", ["adult", "member", "reader"])
def test_the_right_to_leave_puts_out_nobody_else(house, who):
    other = "member" if who != "member" else "reader"
    target = house.people[other]
    answer = house.people[who].http.delete(url(house.owner, f"/{target.membership.pk}"))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "manage_members" in answer.json()["detail"]
    assert state_of(target) == "active"


@pytest.mark.parametrize("method", ["patch", "suspend", "resume", "delete"])
def test_managing_wants_a_fresh_proof(house, method):
    age_proof(house.owner)
    client, path = house.owner.http, url(house.owner, f"/{house.member.membership.pk}")
    if method == "patch":
        answer = client.patch(path, role="adult")
    elif method == "delete":
        answer = client.delete(path)
    else:
        answer = client.post(f"{path}/{method}")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")


def test_leaving_wants_a_fresh_proof(house):
    age_proof(house.adult)
    answer = house.adult.http.delete(url(house.owner, f"/{house.adult.membership.pk}"))
    assert answer.json()["code"] == "step_up_required"


def test_members_of_another_family_do_not_exist(house):
    theirs = f"/families/{house.family.pk}/members/{house.stranger.membership.pk}"
    assert house.owner.http.patch(theirs, role="child").status_code == 404
    assert house.owner.http.delete(theirs).status_code == 404
    with pytest.raises(NotFound):
        do(remove_member, house.owner, house.stranger)
    assert state_of(house.stranger) == "active"


@pytest.mark.parametrize("who", ["child", "reader"])
def test_a_child_and_a_reader_see_first_names_and_roles_only(house, who):
    rows = house.people[who].http.get(url(house.owner)).json()["results"]
    assert {tuple(row) for row in rows} == {("id", "first_name", "role")}
    assert ("Olga", "owner") in {(row["first_name"], row["role"]) for row in rows}


@pytest.mark.parametrize("who", ["owner", "adult", "member"])
def test_the_others_see_who_is_in_the_family_and_how(house, who):
    rows = house.people[who].http.get(url(house.owner)).json()["results"]
    by_id = {row["id"]: row for row in rows}
    assert set(by_id) == {
        house.people[name].membership.pk for name in ("owner", "adult", "member", "child", "reader", "suspended")
    }
    shown = by_id[house.adult.membership.pk]
    assert (shown["user_id"], shown["last_name"]) == (house.adult.user.pk, house.adult.user.last_name)
    assert by_id[house.suspended.membership.pk]["state"] == "suspended"
    assert not {"email", "password", "phone"} & set(shown)
