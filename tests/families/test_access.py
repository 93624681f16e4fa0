"""The door to a family: who comes in, with what, and at what cost."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.signals import post_migrate

from families import access
from families.errors import FamilyArchived
from families.models import FamilyUserPermission, Membership, MembershipOverride
from families.roles import P, Role, Scope, preset
from families.services import archive_family, create_family
from financebot.common.errors import Invalid, NotFound
from financebot.common.usecase import unit_of_work
from tests.conftest import ROLE_NAMES, ROLES, founder_of, join, person
from tests.families.helpers import edit, held

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ROLES)
def test_a_look_tells_role_permissions_and_policy(house, name):
    found = access.look(house.people[name].actor, family=house.family.pk)
    role = Role(ROLE_NAMES.get(name, name))
    assert (found.role, found.held, found.family) == (role, preset(role), house.family.pk)
    assert (found.user, found.membership) == (house.people[name].user.pk, house.people[name].membership.pk)
    assert (found.policy.base_currency, found.policy.approval_threshold) == ("EUR", Decimal(500))
    assert found.policy.undo_window == timedelta(minutes=15)


@pytest.mark.parametrize("name", ["suspended", "removed", "stranger"])
def test_who_is_outside_neither_looks_nor_enters(house, name):
    actor = replace(house.people[name].actor, family=house.family.pk)
    with pytest.raises(NotFound):
        access.look(actor, family=house.family.pk)
    with pytest.raises(NotFound):
        access.enter(actor)


def test_an_inactive_account_is_outside(house):
    house.adult.user.is_active = False
    house.adult.user.save(update_fields=["is_active"])
    with pytest.raises(NotFound):
        access.enter(house.adult.actor)


def test_nobody_enters_without_a_user_or_a_family(house):
    for actor in (replace(house.owner.actor, user=None), replace(house.owner.actor, family=None)):
        with pytest.raises(NotFound):
            access.enter(actor)


def test_an_only_family_need_not_be_named_and_one_of_two_must_be(db):
    owner = founder_of()
    assert access.look(owner.actor, family=None).family == owner.membership.family_id
    with unit_of_work():
        create_family(actor=owner.actor, name="Two", base_currency="EUR", timezone="UTC")
    with pytest.raises(Invalid) as refused:
        access.look(owner.actor, family=None)
    assert set(refused.value.errors) == {"family_id"}


def test_who_has_no_family_must_name_one(db):
    with pytest.raises(Invalid):
        access.look(person().actor, family=None)


def test_an_archived_family_is_looked_at_and_entered_only_where_that_is_the_point(db):
    owner = founder_of()
    with unit_of_work():
        archive_family(actor=owner.actor)
    assert access.look(owner.actor, family=owner.membership.family_id).holds(P.VIEW_FAMILY)
    with pytest.raises(FamilyArchived):
        access.enter(owner.actor)
    assert access.enter(owner.actor, archived=True).family == owner.membership.family_id


def test_an_operator_holds_nothing_in_families_of_others(house):
    operator = person(is_superuser=True, is_staff=True)
    for path in (f"/families/{house.family.pk}", f"/wallets?family_id={house.family.pk}"):
        assert operator.http.get(path).status_code == 404
    assert operator.http.get("/families").json()["results"] == []
    assert operator.http.patch(f"/families/{house.family.pk}", name="Mine").status_code == 404


def test_an_operator_who_is_a_member_holds_what_the_role_gives(house):
    operator = join(house.owner, "read_only", is_superuser=True, is_staff=True)
    assert access.look(operator.actor, family=house.family.pk).held == preset(Role.READ_ONLY)
    assert operator.http.get(f"/wallets?family_id={house.family.pk}").status_code == 403


@pytest.mark.parametrize(("age", "fresh"), [(timedelta(0), True), (timedelta(minutes=10), False), (None, False)])
def test_a_proof_is_fresh_for_less_than_ten_minutes(house, age, fresh):
    actor = replace(house.owner.actor, proof_age=age)
    assert access.look(actor, family=house.family.pk).fresh is fresh


def test_the_rows_decide_and_not_the_role(house):
    rows = FamilyUserPermission.objects.filter(user_id=house.owner.user.pk)
    rows.filter(permission__codename="edit_family").delete()
    assert access.look(house.owner.actor, family=house.family.pk).held == preset(Role.OWNER) - {P.EDIT_FAMILY}


def test_rows_of_one_family_count_for_nothing_in_another(house):
    edit(house.owner, house.member, grant=["delete_transaction"])
    with unit_of_work():
        other = create_family(actor=house.owner.actor, name="Two", base_currency="EUR", timezone="UTC")
    Membership.objects.create(family=other, user=house.member.user, role=Role.CHILD)
    assert access.look(house.member.actor, family=other.pk).held == set()


def test_sync_adds_what_is_missing_and_takes_what_is_too_much(house):
    rows = FamilyUserPermission.objects.filter(user_id=house.child.user.pk)
    rows.filter(permission__codename="view_wallets").delete()
    extra = FamilyUserPermission.objects.filter(permission__codename="edit_family").first()
    FamilyUserPermission.objects.create(user=house.child.user, content_object=house.family, permission=extra.permission)
    access.sync(house.child.membership)
    assert held(house.child) == preset(Role.CHILD)


def test_sync_twice_changes_nothing(house):
    before = set(FamilyUserPermission.objects.values_list("pk", flat=True))
    for membership in Membership.objects.all():
        access.sync(membership)
    assert set(FamilyUserPermission.objects.values_list("pk", flat=True)) == before


def test_after_a_migration_everybody_has_the_rows_that_the_table_gives_them(house):
    edit(house.owner, house.member, grant=["create_wallet"])
    FamilyUserPermission.objects.all().delete()
    config = apps.get_app_config("families")
    post_migrate.send(sender=config, app_config=config, verbosity=0, interactive=False, using="default")
    for name in ("owner", "adult", "child", "reader", "stranger"):
        assert held(house.people[name]) == preset(Role(house.people[name].membership.role))
    assert held(house.member) == preset(Role.MEMBER) | {"create_wallet"}
    assert held(house.suspended) == held(house.removed) == set()


def test_an_override_of_a_permission_that_has_gone_since_stands_in_nobodys_way(house):
    MembershipOverride.objects.create(
        membership=house.child.membership, permission="fly", granted=True, by=house.owner.membership
    )
    access.sync_all()
    assert held(house.child) == preset(Role.CHILD)


def test_a_look_costs_one_query(house, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = access.look(house.adult.actor, family=house.family.pk)
    with django_assert_num_queries(0):
        assert found.scope(P.VIEW_WALLETS) is Scope.ALL


def test_an_entrance_costs_one_query_and_on_postgresql_its_lock(house, django_assert_num_queries):
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 1):
        access.enter(house.adult.actor)
