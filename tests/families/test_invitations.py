"""Offering a role, taking the offer back, taking it up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.errors import InvalidCode, InvalidToken
from accounts.models import OneTimeCode
from audit.models import EventLog
from audit.trail import Actor
from families.errors import AlreadyMember, FamilyArchived
from families.models import Invitation, Membership
from families.roles import Role, preset
from families.services import (
    accept_invitation,
    archive_family,
    remove_member,
    restore_family,
    revoke_invitation,
    suspend_member,
)
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.usecase import unit_of_work
from tests.conftest import founder_of, join, person
from tests.families.helpers import accept, age_proof, edit, held, invite, is_staff, last_events
from tests.http import Http

ROLES = [role.value for role in Role]


@pytest.fixture
def owner(db):
    return founder_of()


def url(someone, rest=""):
    return f"/families/{someone.membership.family_id}/invitations{rest}"


def test_the_token_is_shown_once_and_kept_as_a_digest_alone(owner):
    made = owner.http.post(url(owner), role="member", email="Ann@Example.org")
    assert made.status_code == 201
    token = made.json()["token"]
    assert len(token) >= 22  # 128 bits in base64
    assert made.json()["email"] == "ann@example.org"
    listed = owner.http.get(url(owner)).json()["results"]
    assert listed == [{key: value for key, value in made.json().items() if key != "token"}]
    assert token not in str(list(OneTimeCode.objects.values()))
    assert token not in str(list(EventLog.objects.values()))


def test_a_replay_key_never_stores_the_token(owner):
    headers = {"Idempotency-Key": "once"}
    first, second = (owner.http.post(url(owner), role="member", headers=headers) for _ in range(2))
    assert first.json()["token"] != second.json()["token"]
    assert "Idempotent-Replay" not in second


@pytest.mark.parametrize("role", ROLES)
def test_accepting_gives_the_role_its_permissions_and_an_event(owner, role):
    guest = person()
    answer = guest.http.post("/invitations/accept", token=invite(owner, role).token)
    member = Membership.objects.get(user=guest.user)
    assert answer.status_code == 200
    assert answer.json() == {
        "family_id": owner.membership.family_id,
        "role": role,
        "membership_id": member.pk,
    }
    shown = guest.http.get(f"/families/{member.family_id}/permissions").json()
    assert (shown["role"], set(shown["permissions"])) == (role, preset(Role(role)))
    assert is_staff(guest) is (role == "owner")
    event = EventLog.objects.order_by("pk").last()
    assert (event.name, event.actor_id, event.entity_id) == ("member.joined", guest.user.pk, member.pk)
    assert event.family_id == member.family_id
    assert event.changes == {"role": [None, role]}


@pytest.mark.parametrize("again", ["the same person", "another"])
def test_a_token_works_once(owner, again):
    token, guest = invite(owner, "member").token, person()
    accept(guest, token)
    with pytest.raises(InvalidCode):
        accept(guest if again == "the same person" else person(), token)


def test_a_used_invitation_is_no_longer_listed_nor_revocable(owner):
    invited = invite(owner, "member")
    accept(person(), invited.token)
    assert owner.http.get(url(owner)).json()["results"] == []
    assert owner.http.delete(url(owner, f"/{invited.invitation.pk}")).status_code == 404


@pytest.mark.parametrize(("seconds", "works"), [(-1, True), (0, False), (86_400, False)])
def test_a_token_lives_seven_days(db, seconds, works):
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as time:
        owner = founder_of()
        token = invite(owner, "member").token
        time.shift(timedelta(days=7, seconds=seconds))
        guest = person()
        answer = guest.http.post("/invitations/accept", token=token)
    assert answer.status_code == (200 if works else 400)
    assert works or answer.json()["code"] == "invalid_code"
    assert Membership.objects.filter(user=guest.user).exists() is works


def demote(owner, inviter):
    edit(owner, inviter, role="member")


def remove(owner, inviter):
    with unit_of_work():
        remove_member(actor=owner.actor, membership_id=inviter.membership.pk)


def leave(owner, inviter):
    with unit_of_work():
        remove_member(actor=inviter.actor, membership_id=inviter.membership.pk)


def suspend(owner, inviter):
    with unit_of_work():
        suspend_member(actor=owner.actor, membership_id=inviter.membership.pk)


def withdraw(owner, inviter):
    edit(owner, inviter, withdraw=["invite_member"])


def deactivate(owner, inviter):
    inviter.user.is_active = False
    inviter.user.save(update_fields=["is_active"])


@pytest.mark.parametrize("loss", [demote, remove, leave, suspend, withdraw, deactivate])
def test_an_invitation_is_worth_nothing_once_its_inviter_may_not_invite(owner, loss):
    inviter = join(owner, "adult")
    token, guest = invite(inviter, "child").token, person()
    loss(owner, inviter)
    with pytest.raises(InvalidCode):
        accept(guest, token)
    assert not Membership.objects.filter(user=guest.user).exists()


def test_an_owner_who_became_an_adult_still_invites_children_but_no_longer_adults(owner):
    inviter = join(owner, "owner")
    adult, child = invite(inviter, "adult").token, invite(inviter, "child").token
    edit(owner, inviter, role="adult")
    with pytest.raises(InvalidCode):
        accept(person(), adult)
    assert accept(person(), child).role == "child"


def test_an_invitation_works_again_when_its_inviter_may_invite_again(owner):
    inviter = join(owner, "adult")
    token = invite(inviter, "child").token
    edit(owner, inviter, withdraw=["invite_member"])
    with pytest.raises(InvalidCode):
        accept(person(), token)
    edit(owner, inviter, grant=["invite_member"])
    assert accept(person(), token).role == "child"


def test_who_returns_does_not_find_their_old_invitations_alive(owner):
    inviter = join(owner, "adult")
    token = invite(inviter, "child").token
    remove(owner, inviter)
    accept(inviter, invite(owner, "adult").token)
    with pytest.raises(InvalidCode):
        accept(person(), token)
    assert Invitation.objects.get(invited_by=inviter.membership).state == "revoked"


@pytest.mark.parametrize(
    ("by", "roles"),
    [
        ("owner", set(ROLES)),
        ("adult", {"member", "child", "read_only"}),
        ("member", set()),
        ("child", set()),
        ("reader", set()),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_nobody_invites_above_what_their_own_role_allows(house, by, role, roles):
    answer = house.people[by].http.post(url(house.owner), role=role)
    assert answer.status_code == (201 if role in roles else 403)
    if role not in roles:
        assert answer.json()["code"] == "permission_denied"
        assert "invite_member" in answer.json()["detail"]
        assert not Invitation.objects.filter(invited_by=house.people[by].membership).exists()


@pytest.mark.parametrize(("by", "role"), [("member", "member"), ("member", "adult"), ("child", "child")])
def test_a_granted_right_to_invite_does_not_lift_anybody(house, by, role):
    edit(house.owner, house.people[by], grant=["invite_member"])
    with pytest.raises(PermissionDenied):
        invite(house.people[by], role)
    assert invite(house.people[by], "read_only").token


@pytest.mark.parametrize("body", [{}, {"role": "king"}, {"role": "member", "email": "no"}, {"role": None}])
def test_an_invitation_of_the_wrong_shape_is_refused(owner, body):
    assert owner.http.post(url(owner), **body).status_code == 400
    assert not Invitation.objects.filter(family_id=owner.membership.family_id).exists()


def test_inviting_wants_a_fresh_proof(owner):
    age_proof(owner)
    for answer in (owner.http.post(url(owner), role="child"), owner.http.get(url(owner))):
        assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")


def test_an_adult_sees_invitations_to_roles_below_adult_only(house):
    for role in ROLES:
        invite(house.owner, role)
    seen = [row["role"] for row in house.adult.http.get(url(house.owner)).json()["results"]]
    assert seen == ["read_only", "child", "member"]
    assert [row["role"] for row in house.owner.http.get(url(house.owner)).json()["results"]] == ROLES[::-1]


@pytest.mark.parametrize("who", ["member", "child", "reader"])
def test_who_may_not_invite_sees_no_invitations(house, who):
    invite(house.owner, "child")
    assert house.people[who].http.get(url(house.owner)).status_code == 403


@pytest.mark.parametrize("who", ["stranger", "suspended", "removed"])
def test_outsiders_find_no_invitations(house, who):
    made = invite(house.owner, "child")
    outside = house.people[who].http
    assert outside.get(url(house.owner)).status_code == 404
    assert outside.post(url(house.owner), role="child").status_code == 404
    assert outside.delete(url(house.owner, f"/{made.invitation.pk}")).status_code == 404


def test_a_revoked_token_is_worth_nothing_and_the_invitation_is_gone_from_the_list(owner):
    invited = invite(owner, "member")
    answer = owner.http.delete(url(owner, f"/{invited.invitation.pk}"))
    assert (answer.status_code, answer.content) == (204, b"")
    with pytest.raises(InvalidCode):
        accept(person(), invited.token)
    assert owner.http.get(url(owner)).json()["results"] == []
    assert owner.http.delete(url(owner, f"/{invited.invitation.pk}")).status_code == 404
    assert last_events(owner.membership.family_id, 2) == ["invitation.created", "invitation.revoked"]


def test_an_adult_revokes_their_own_invitation_and_an_owner_anybodys(house):
    mine, other = invite(house.adult, "child"), invite(house.adult, "child")
    with unit_of_work():
        revoke_invitation(actor=house.adult.actor, invitation_id=mine.invitation.pk)
    with unit_of_work():
        revoke_invitation(actor=house.owner.actor, invitation_id=other.invitation.pk)
    assert not Invitation.objects.open().exists()


@pytest.mark.parametrize(("role", "refusal"), [("child", PermissionDenied), ("adult", NotFound)])
def test_an_adult_does_not_revoke_what_an_owner_offered(house, role, refusal):
    invited = invite(house.owner, role)
    with pytest.raises(refusal), unit_of_work():
        revoke_invitation(actor=house.adult.actor, invitation_id=invited.invitation.pk)
    assert accept(person(), invited.token).role == role


def test_an_owner_of_another_family_does_not_reach_an_invitation(owner):
    invited, other = invite(owner, "child"), founder_of()
    with pytest.raises(NotFound), unit_of_work():
        revoke_invitation(actor=other.actor, invitation_id=invited.invitation.pk)
    assert other.http.delete(url(other, f"/{invited.invitation.pk}")).status_code == 404


def test_who_returns_gets_the_same_membership_with_the_new_role_and_none_of_the_old_extras(owner):
    member = join(owner, "adult")
    edit(owner, member, spending_limit=Decimal(10), grant=["delete_transaction"], withdraw=["view_wallets"])
    remove(owner, member)
    returned = accept(member, invite(owner, "child").token)
    assert returned.pk == member.membership.pk
    returned.refresh_from_db()
    assert (returned.role, returned.state, returned.spending_limit) == ("child", "active", None)
    assert held(member) == preset(Role.CHILD)
    assert not returned.overrides.exists()


@pytest.mark.parametrize("who", ["owner", "child", "suspended"])
def test_who_is_a_member_already_is_told_and_the_token_stays_usable(house, who):
    token = invite(house.owner, "adult").token
    answer = house.people[who].http.post("/invitations/accept", token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")
    with pytest.raises(AlreadyMember):
        accept(house.people[who], token)
    house.people[who].membership.refresh_from_db()
    assert house.people[who].membership.role == ("adult" if who == "suspended" else who)
    assert accept(person(), token).role == "adult"


def test_nobody_joins_an_archived_family_and_the_token_works_after_its_restoration(owner):
    token, guest = invite(owner, "adult").token, person()
    with unit_of_work():
        archive_family(actor=owner.actor)
    answer = guest.http.post("/invitations/accept", token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")
    with pytest.raises(FamilyArchived):
        accept(guest, token)
    with unit_of_work():
        restore_family(actor=owner.actor)
    assert accept(guest, token).role == "adult"


@pytest.mark.parametrize("token", ["x", "A" * 32, "' OR 1=1 --", "é" * 10, "A" * 200])
def test_a_token_that_was_never_given_out_is_refused_like_a_used_one(owner, token):
    invited = invite(owner, "member")
    accept(person(), invited.token)
    used, unknown = (person().http.post("/invitations/accept", token=t) for t in (invited.token, token))
    assert used.status_code == unknown.status_code == 400
    assert used.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": "A" * 201}, {"token": None}, {"code": "x"}])
def test_a_body_without_a_token_is_of_the_wrong_shape(db, body):
    assert person().http.post("/invitations/accept", **body).json()["code"] == "invalid"


def test_nobody_joins_without_logging_in(owner):
    token = invite(owner, "adult").token
    assert Http().post("/invitations/accept", token=token).status_code == 401
    with pytest.raises(InvalidToken), unit_of_work():
        accept_invitation(actor=Actor(), token=token)
    assert accept(person(), token).role == "adult"


def test_who_joins_sees_the_family_with_the_token_they_have_already(owner):
    guest = person()
    client = guest.http
    assert client.get("/families").json()["results"] == []
    accept(guest, invite(owner, "adult").token)
    assert [row["id"] for row in client.get("/families").json()["results"]] == [owner.membership.family_id]


@pytest.mark.postgres
def test_of_many_who_hold_one_token_exactly_one_joins(threads):
    owner = founder_of()
    token, guests = invite(owner, "member").token, [person() for _ in range(6)]
    outcomes = threads([lambda guest=guest: accept(guest, token) for guest in guests])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidCode"] * 5 + ["Membership"]
    assert Membership.objects.count() == 2


@pytest.mark.postgres
def test_one_person_with_many_tokens_joins_once(threads):
    owner, guest = founder_of(), person()
    tokens = [invite(owner, "member").token for _ in range(4)]
    outcomes = threads([lambda token=token: accept(guest, token) for token in tokens])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyMember"] * 3 + ["Membership"]
    assert Membership.objects.filter(user=guest.user).count() == 1
