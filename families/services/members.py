"""Use cases on the members of a family."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts import binding
from accounts.errors import InvalidCode
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from families import membership
from families.access import enter
from families.errors import MembershipState
from families.models import Membership, MembershipOverride
from families.models import MembershipState as State
from families.roles import Access, P, Role
from financebot.common import money
from financebot.common.errors import PreconditionFailed
from financebot.common.usecase import use_case


@use_case
def edit_member(*, actor: Actor, membership_id: int, changes: Mapping[str, Any], version: int | None) -> Membership:
    """Change role, spending limit or single permissions (`grant`, `withdraw`: they replace earlier words on them).

    Locks the family alone, the user, the member. Raises NotFound, PermissionDenied, StepUpRequired,
    PreconditionFailed, LastOwner, the errors of amounts.
    """
    access = enter(actor, alone=True)
    access.require(P.MANAGE_MEMBERS)
    member = membership.lock_member(access.family, membership_id)
    if version is not None and version != member.version:
        raise PreconditionFailed
    found: list[Event] = []
    if "spending_limit" in changes:
        limit = changes["spending_limit"]
        money.check_limit(limit, access.policy.base_currency, field="spending_limit")
        change = {"spending_limit": (member.spending_limit, limit)}
        found.append(membership.about(EventName.MEMBER_EDITED, member, change))
        member.spending_limit = limit
    if "role" in changes and changes["role"] != member.role:
        change = {"role": (member.role, changes["role"])}
        found.append(membership.about(EventName.ROLE_CHANGED, member, change))
        member.role = changes["role"]
    for field, granted in (("grant", True), ("withdraw", False)):
        found += [_override(access, member, name, granted=granted) for name in changes.get(field, [])]
    membership.changed(member)
    if not found:
        found.append(membership.about(EventName.MEMBER_EDITED, member))
    trail.record(*found, actor=actor)
    return member


@use_case
def suspend_member(*, actor: Actor, membership_id: int) -> Membership:
    """Put a member outside the family for a while. Locks as `edit_member`; raises MembershipState, LastOwner."""
    return _set_state(actor, membership_id, State.ACTIVE, State.SUSPENDED, EventName.MEMBER_SUSPENDED)


@use_case
def resume_member(*, actor: Actor, membership_id: int) -> Membership:
    """Let a suspended member in again. Locks as `edit_member`; raises MembershipState."""
    return _set_state(actor, membership_id, State.SUSPENDED, State.ACTIVE, EventName.MEMBER_RESUMED)


@use_case
def remove_member(*, actor: Actor, membership_id: int) -> None:
    """End a membership: an owner another's, anybody who may their own. From the commit on they have no rights.

    Locks the family alone, the user, the member. Raises NotFound, PermissionDenied, StepUpRequired, LastOwner.
    """
    access = enter(actor, alone=True)
    member = membership.lock_member(access.family, membership_id)
    leaves = member.pk == access.membership
    access.require(P.LEAVE_FAMILY if leaves else P.MANAGE_MEMBERS, on=member)
    before = member.state
    ended = membership.end(member, actor)
    name = EventName.MEMBER_LEFT if leaves else EventName.MEMBER_REMOVED
    trail.record(*ended, membership.about(name, member, {"state": (before, member.state)}), actor=actor)


@use_case
def consent_to_telegram(*, actor: Actor, membership_id: int) -> Membership:
    """Let a child's chat speak for them, as they have asked.

    Locks the family (shared), the user, the member. Raises NotFound, PermissionDenied, StepUpRequired, AlreadyBound;
    MembershipState for who is no child here, or where nothing waits.
    """
    access = enter(actor)
    access.require(P.MANAGE_MEMBERS)
    member = membership.lock_member(access.family, membership_id)
    if member.role != Role.CHILD or member.state != State.ACTIVE or not member.user.is_active:
        raise MembershipState
    try:
        bound = binding.consent(member.user)
    except InvalidCode as error:
        raise MembershipState from error
    trail.record(bound, actor=replace(actor, family=None, membership=None))
    trail.record(membership.about(EventName.TELEGRAM_CONSENTED, member), actor=actor)
    return member


def _set_state(actor: Actor, membership_id: int, before: State, after: State, name: EventName) -> Membership:
    access = enter(actor, alone=True)
    access.require(P.MANAGE_MEMBERS)
    member = membership.lock_member(access.family, membership_id)
    if member.state != before:
        raise MembershipState
    member.state = after
    membership.changed(member)
    trail.record(membership.about(name, member, {"state": (before, after)}), actor=actor)
    return member


def _override(access: Access, member: Membership, name: str, *, granted: bool) -> Event:
    MembershipOverride.objects.update_or_create(
        membership=member, permission=name, defaults={"granted": granted, "by_id": access.membership}
    )
    event = EventName.PERMISSION_GRANTED if granted else EventName.PERMISSION_WITHDRAWN
    return membership.about(event, member, {"permission": (None, name)})
