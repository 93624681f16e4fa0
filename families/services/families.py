"""Use cases on a family as a whole."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from accounts.errors import InvalidToken
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from families import membership, moments, rules
from families.access import enter, sync
from families.errors import CurrencyFixed, MembershipState, RestoreWindowOver
from families.models import Family, Membership
from families.models import MembershipState as State
from families.roles import P, Role
from financebot.common import clock, money
from financebot.common.errors import Changed, PreconditionFailed
from financebot.common.usecase import use_case


@use_case
def create_family(*, actor: Actor, name: str, base_currency: str, timezone: str) -> Family:
    """A family with its founder as owner and its default categories. Locks the founder."""
    if actor.user is None:
        raise InvalidToken
    membership.lock_newcomer(actor.user)
    family = Family.objects.create(
        name=name,
        base_currency=base_currency,
        timezone=timezone,
        approval_threshold=rules.default_threshold(money.exponent(base_currency)),
    )
    founder = Membership.objects.create(family=family, user_id=actor.user, role=Role.OWNER)
    sync(founder)
    membership.mark_staff(actor.user)
    actor = replace(actor, family=family.pk, membership=founder.pk)
    for begin in moments.founded:
        begin(family, actor)
    changes = {"base_currency": (None, base_currency), "timezone": (None, timezone)}
    trail.record(
        Event(EventName.FAMILY_CREATED, "family", family.pk, changes, {"name": ("", name)}),
        membership.about(EventName.MEMBER_JOINED, founder, {"role": (None, founder.role)}),
        actor=actor,
    )
    return family


@use_case
def edit_family(*, actor: Actor, changes: Mapping[str, Any], version: int | None) -> Family:
    """Name, zone, currency, thresholds. Locks the family alone: writers under way finish by the old policy.

    Raises NotFound, PermissionDenied, StepUpRequired, PreconditionFailed, CurrencyFixed, the errors of amounts.
    """
    access = enter(actor, alone=True)
    access.require(P.EDIT_FAMILY)
    family = Family.objects.get(pk=access.family)
    if version is not None and version != family.version:
        raise PreconditionFailed
    currency = changes.get("base_currency", family.base_currency)
    if currency != family.base_currency and any(used(family) for used in moments.currency_uses):
        raise CurrencyFixed(field="base_currency")
    before = {field: getattr(family, field) for field in changes}
    for field, value in changes.items():
        setattr(family, field, value)
    for field in ("approval_threshold", "adult_approval_limit"):
        money.check_limit(getattr(family, field), family.base_currency, field=field)
    if currency != before.get("base_currency", currency):
        for limit in Membership.objects.in_family(family.pk).values_list("spending_limit", flat=True):
            money.check_limit(limit, currency, field="base_currency")
    _save(family, *changes)
    after = {field: (before[field], getattr(family, field)) for field in changes}
    texts = {"name": after.pop("name")} if "name" in after else {}
    trail.record(Event(EventName.FAMILY_EDITED, "family", family.pk, after, texts), actor=actor)
    return family


@use_case
def archive_family(*, actor: Actor) -> None:
    """Close the family's books for writing; everything can still be read. Locks the family alone."""
    access = enter(actor, alone=True)
    access.require(P.DELETE_FAMILY)
    family = Family.objects.get(pk=access.family)
    family.archived_at = clock.now()
    _save(family, "archived_at")
    changes = {"archived_at": (None, family.archived_at)}
    trail.record(Event(EventName.FAMILY_ARCHIVED, "family", family.pk, changes), actor=actor)


@use_case
def restore_family(*, actor: Actor) -> Family:
    """Open an archived family again, within 30 days. Locks the family alone. Raises Changed, RestoreWindowOver."""
    access = enter(actor, alone=True, archived=True)
    access.require(P.DELETE_FAMILY)
    family = Family.objects.get(pk=access.family)
    if family.archived_at is None:
        raise Changed
    if not rules.may_be_restored(family.archived_at, clock.now()):
        raise RestoreWindowOver
    changes = {"archived_at": (family.archived_at, None)}
    family.archived_at = None
    _save(family, "archived_at")
    trail.record(Event(EventName.FAMILY_RESTORED, "family", family.pk, changes), actor=actor)
    return family


@use_case
def transfer_ownership(*, actor: Actor, membership_id: int) -> Membership:
    """Make another active member owner and oneself an adult. Locks the family alone, both users, both members.

    Raises NotFound, UnknownReference, MembershipState.
    """
    access = enter(actor, alone=True)
    access.require(P.TRANSFER_OWNERSHIP)
    heir, owner = membership.lock_pair(access.family, membership_id, access.membership)
    if heir.pk == owner.pk or heir.state != State.ACTIVE:
        raise MembershipState(field="membership_id")
    before = heir.role
    heir.role, owner.role = Role.OWNER, Role.ADULT
    membership.changed(heir)
    membership.changed(owner)
    trail.record(
        Event(
            EventName.FAMILY_TRANSFERRED,
            "family",
            access.family,
            {"owner_id": (owner.pk, heir.pk)},
            members=[heir.pk, owner.pk],
        ),
        *(
            [membership.about(EventName.ROLE_CHANGED, heir, {"role": (before, heir.role)})]
            if before != heir.role
            else []
        ),
        membership.about(EventName.ROLE_CHANGED, owner, {"role": (Role.OWNER, owner.role)}),
        actor=actor,
    )
    return heir


@use_case
def close_period(*, actor: Actor, through: date) -> Family:
    """Close the books up to and with a day, today in the family's zone at the latest: nothing is booked there any more.

    Locks the family alone: an entry under way is booked before, or refused. Raises PermissionDenied, StepUpRequired,
    DateTooEarly, DateInFuture, and Changed where they are closed as far already.
    """
    access = enter(actor, alone=True)
    access.require(P.CLOSE_PERIOD)
    family = Family.objects.get(pk=access.family)
    rules.check_close(through, closed_until=family.closed_until, today=clock.today(family.timezone))
    return _set_closed(family, through, EventName.FAMILY_CLOSED, actor)


@use_case
def reopen_period(*, actor: Actor, through: date | None) -> Family:
    """Leave the books closed up to an earlier day only, or, with None, to none. Locks the family alone.

    Raises PermissionDenied, StepUpRequired, DateTooEarly, and Changed where they are not closed as far.
    """
    access = enter(actor, alone=True)
    access.require(P.CLOSE_PERIOD)
    family = Family.objects.get(pk=access.family)
    rules.check_reopen(through, closed_until=family.closed_until)
    return _set_closed(family, through, EventName.FAMILY_REOPENED, actor)


def _set_closed(family: Family, through: date | None, name: EventName, actor: Actor) -> Family:
    changes = {"closed_until": (family.closed_until, through)}
    family.closed_until = through
    _save(family, "closed_until")
    trail.record(Event(name, "family", family.pk, changes), actor=actor)
    return family


def _save(family: Family, *fields: str) -> None:
    family.version += 1
    family.save(update_fields=[*fields, "version"])
