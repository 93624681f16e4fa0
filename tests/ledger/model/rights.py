"""Who may do what, and how far: the table of the design, read anew."""

from collections.abc import Collection

from tests.ledger.model.facts import Household, Member, Refused, refuse_if

ROLES = ("owner", "adult", "member", "child", "read_only")
# fmt: off
TABLE = {
    "edit_family":              "all    -      -      -      -",
    "close_period":             "all    -      -      -      -",
    "manage_members":           "all    -      -      -      -",
    "leave_family":             "own    own    own    -      own",
    "view_wallets":             "all    all    joint  own    -",
    "view_wallet_summary":      "all    all    joint  own    -",
    "edit_wallet":              "all    joint  -      -      -",
    "set_wallet_visibility":    "own    own    own    -      -",
    "archive_wallet":           "all    -      -      -      -",
    "reconcile_wallet":         "all    capped -      -      -",
    "view_categories":          "all    all    all    all    -",
    "manage_categories":        "all    all    -      -      -",
    "create_transaction":       "all    all    joint  capped -",
    "transfer_between_wallets": "all    all    own    -      -",
    "bulk_transactions":        "all    all    -      -      -",
    "view_transactions":        "all    all    joint  own    -",
    "edit_own_transaction":     "own    own    own    -      -",
    "edit_any_transaction":     "all    -      -      -      -",
    "cancel_own_pending":       "own    own    own    own    -",
    "approve_transaction":      "all    capped -      -      -",
    "approve_large_transaction":"all    all    -      -      -",
    "reject_transaction":       "all    all    -      -      -",
    "delete_transaction":       "all    -      -      -      -",
    "undo_own_transaction":     "own    own    own    -      -",
    "manage_exchange_rates":    "all    all    -      -      -",
}
# fmt: on


def enter(home: Household, who: str) -> Member:
    """Who is not of the family, or suspended, finds nothing."""
    member = home.members[who]
    refuse_if(member.state != "active", "not_found")
    return member


def scope(member: Member, permission: str) -> str | None:
    """all, joint, own, or None; capped reaches as far as own for a child, as all for others."""
    scopes = {role: word for role, word in zip(ROLES, TABLE[permission].split(), strict=True) if word != "-"}
    holds = member.state == "active" and member.overrides.get(permission, member.role in scopes)
    if not holds:
        return None
    source = member.role if member.role in scopes else max(scopes, key=ROLES.index)
    if scopes[source] == "capped":
        return "own" if source == "child" else "all"
    return scopes[source]


def reaches(member: Member, permission: str, holders: Collection[str | None]) -> bool:
    within = scope(member, permission)
    if within in {None, "all"}:
        return within == "all"
    return set(holders) <= ({member.name, None} if within == "joint" else {member.name})


def require(member: Member, permission: str, holders: Collection[str | None] | None = None) -> None:
    allowed = scope(member, permission) if holders is None else reaches(member, permission, holders)
    if not allowed:
        raise Refused("permission_denied")
