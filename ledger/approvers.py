"""Reads on who may approve, and who has."""

from django.db.models import Exists, OuterRef, QuerySet

from families.access import policy_of
from families.models import FamilyUserPermission, Membership
from families.roles import Policy, Role
from ledger import rules
from ledger.kinds import Decision
from ledger.models import Transaction
from ledger.rules import Vote


def eligible(entry: Transaction) -> list[Membership]:
    """Who else could approve a pending entry: neither its author nor its last editor, with their users."""
    policy = policy_of(entry.family)
    others = _able(entry, policy).exclude(pk__in={entry.author_id, entry.maker_id})
    if rules.needs_an_owner(entry.base_amount, policy, made_by_owner=made_by_owner(entry)):
        others = others.filter(role=Role.OWNER)
    return list(others.select_related("user").order_by("pk"))


def votes(entry: Transaction, policy: Policy) -> list[Vote]:
    """Approvals of the version at hand, of those who may still give them."""
    said = entry.approvals.filter(version=entry.version, decision=Decision.APPROVED).values("approver")
    return [Vote(member.pk, member.role == Role.OWNER) for member in _able(entry, policy).filter(pk__in=said)]


def made_by_owner(entry: Transaction) -> bool:
    """Whether an owner is behind what the entry says now."""
    return Membership.objects.in_family(entry.family_id).active().filter(pk=entry.maker_id, role=Role.OWNER).exists()


def _able(entry: Transaction, policy: Policy) -> QuerySet[Membership]:
    permission = rules.permission_to_approve(entry.base_amount, policy)
    rows = FamilyUserPermission.objects.filter(
        user_id=OuterRef("user_id"), content_object_id=entry.family_id, permission__codename=permission
    )
    return Membership.objects.in_family(entry.family_id).active().filter(Exists(rows))
