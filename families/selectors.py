"""Reads that the family's doors need."""

from typing import Any

from families import access
from families.models import Membership, MembershipState
from families.roles import P, Role
from financebot.common.errors import PermissionDenied


def token_claims(user_id: int) -> dict[str, Any]:
    """The families that an access token names, for the client to read; the server never does."""
    families = Membership.objects.of(user_id).active().order_by("family_id")
    return {"family_ids": list(families.values_list("family_id", flat=True))}


def waits_for_consent(user_id: int) -> bool:
    """Whether a chat may speak for a person only once an owner agrees: for a child of any family. The user's row is
    locked, so that no role changes. Raises PermissionDenied where a family has taken `link_telegram` from them."""
    mine = list(Membership.objects.of(user_id).exclude(state=MembershipState.ENDED))
    if not all(access.holds(member, P.LINK_TELEGRAM) for member in mine if member.state == MembershipState.ACTIVE):
        raise PermissionDenied(P.LINK_TELEGRAM)
    return any(member.role == Role.CHILD for member in mine)
