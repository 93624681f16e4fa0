"""The door to a family: `look` for reads, `enter` for use cases, `sync` for the rows that say who holds what."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from audit.trail import Actor
from families import rules
from families.errors import FamilyArchived
from families.models import Family, FamilyUserPermission, Membership, MembershipState
from families.roles import Access, P, Policy, Role
from financebot.common.errors import Invalid, NotFound
from financebot.common.fields import JsonList

LIMITED = (Role.MEMBER, Role.CHILD)  # whom a spending limit binds


def look(actor: Actor, *, family: int | Subquery | None) -> Access:
    """One query, no lock: the caller's access to a family, or to their only one. NotFound for strangers."""
    mine = _with_permissions(Membership.objects.of(actor.user or 0).active())
    found = list((mine if family is None else mine.filter(family_id=family))[:2])
    if family is None and len(found) != 1:
        raise Invalid({"family_id": [_("Say which family.")]})
    if not found:
        raise NotFound
    return _access(found[0], actor)


def enter(actor: Actor, *, alone: bool = False, archived: bool = False) -> Access:
    """The first statement of every use case on a family: lock it, then read who the caller is in it.

    Shared with other writers; `alone` waits for them and keeps them out (policy, roles, states, archiving).
    Raises NotFound for strangers and FamilyArchived unless `archived` says that this is the point.
    """
    lock(_family(actor), alone=alone)
    if actor.is_clock:
        return _clock(_family(actor))
    mine = _with_permissions(Membership.objects.of(actor.user or 0).active())
    membership = mine.filter(family_id=_family(actor)).first()
    if membership is None:
        raise NotFound
    if membership.family.archived_at and not archived:
        raise FamilyArchived
    return _access(membership, actor)


def owned(actor: Actor) -> list[Access]:
    """The caller's access to each family that they own; no lock."""
    mine = Membership.objects.of(actor.user or 0).active().filter(role=Role.OWNER)
    return [_access(membership, actor) for membership in _with_permissions(mine).order_by("family_id")]


def of(membership: Membership) -> Access:
    """A member's access now, for what is made for them in their absence: there is no proof and no token of theirs."""
    return _access(_with_permissions(Membership.objects.filter(pk=membership.pk)).get(), Actor())


def lock(family_id: int, *, alone: bool = False) -> None:
    """A fair queue on PostgreSQL (an advisory lock held to the end of the transaction); SQLite has one writer.

    What it protects is read by a later statement: this one's snapshot is older than the wait.
    """
    if connection.vendor == "postgresql":
        name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}(%s)", [family_id])


def holds(membership: Membership, name: P) -> bool:
    """Whether a member, not the caller, holds a permission now."""
    rows = FamilyUserPermission.objects.filter(
        user_id=membership.user_id, content_object_id=membership.family_id, permission__codename=name
    )
    return rows.exists()


def sync(membership: Membership) -> None:
    """Rewrite a member's permission rows from role, overrides and state: the only function that does."""
    overrides = list(membership.overrides.values_list("permission", "granted"))
    names: frozenset[P] = frozenset()
    if membership.state == MembershipState.ACTIVE:
        names = rules.permissions_of(
            Role(membership.role),
            granted={name for name, granted in overrides if granted},
            withdrawn={name for name, granted in overrides if not granted},
        )
    held = FamilyUserPermission.objects.filter(user_id=membership.user_id, content_object_id=membership.family_id)
    held.exclude(permission__codename__in=names).delete()
    present = set(held.values_list("permission__codename", flat=True))
    wanted = Permission.objects.filter(
        content_type__app_label="families", content_type__model="family", codename__in=names - present
    )
    FamilyUserPermission.objects.bulk_create(
        FamilyUserPermission(user_id=membership.user_id, content_object_id=membership.family_id, permission=permission)
        for permission in wanted
    )


def sync_all(**_: object) -> None:
    """After a migration: the table in `roles` may have changed."""
    for membership in Membership.objects.iterator():
        sync(membership)


def _clock(family_id: int) -> Access:
    """Nobody's access: it holds nothing and is only told the policy. Raises FamilyArchived."""
    family = Family.objects.get(pk=family_id)
    if family.archived_at:
        raise FamilyArchived
    return Access(0, 0, family_id, Role.READ_ONLY, frozenset(), policy_of(family), fresh=False)


def _family(actor: Actor) -> int:
    if actor.family is None:
        raise NotFound
    return actor.family


def _with_permissions(memberships: Any) -> Any:
    rows = FamilyUserPermission.objects.filter(
        user_id=OuterRef("user_id"), content_object_id=OuterRef("family_id")
    ).values(v=JSONObject(name=F("permission__codename")))
    return memberships.select_related("family").annotate(permissions=JsonList(rows))


def _access(membership: Any, actor: Actor) -> Access:
    known = {p.value for p in P}  # a row of a permission that has gone since means nothing
    return Access(
        user=membership.user_id,
        membership=membership.pk,
        family=membership.family_id,
        role=Role(membership.role),
        held=frozenset(P(row["name"]) for row in membership.permissions if row["name"] in known),
        policy=policy_of(membership.family),
        fresh=actor.proof_age is not None and actor.proof_age < settings.STEP_UP_LIFETIME,
        token_scope=actor.token_scope,
        spending_limit=membership.spending_limit if membership.role in LIMITED else None,
    )


def policy_of(family: Family) -> Policy:
    return Policy(
        base_currency=family.base_currency,
        timezone=family.timezone,
        approval_threshold=family.approval_threshold,
        approvals_required=family.approvals_required,
        adult_approval_limit=family.adult_approval_limit,
        undo_window=timedelta(seconds=family.undo_window),
        closed_until=family.closed_until,
    )
