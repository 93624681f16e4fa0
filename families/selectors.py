"""Reads that the family's doors need."""

from typing import Any

from families.models import Membership


def token_claims(user_id: int) -> dict[str, Any]:
    """The families that an access token names, for the client to read; the server never does."""
    families = Membership.objects.of(user_id).active().order_by("family_id")
    return {"family_ids": list(families.values_list("family_id", flat=True))}
