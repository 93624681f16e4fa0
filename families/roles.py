"""Who may do what, and how far: the table of permissions by role, and the `Access` that carries it. Pure Python.

A scope says how far a permission reaches. `ALL`: any object of the family that is visible. `JOINT`: one's own, and
wallets without a holder. `OWN`: made by, for or held by oneself. `CAPPED`: as far as `OWN` for a child and `ALL` for
others, within a limit that the use case applies.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from financebot.common.errors import PermissionDenied, StepUpRequired


class Role(StrEnum):
    OWNER = "owner"
    ADULT = "adult"
    MEMBER = "member"
    CHILD = "child"
    READ_ONLY = "read_only"


RANK = {role: rank for rank, role in enumerate(reversed(Role))}  # read_only lowest, owner highest


class Scope(StrEnum):
    ALL = "all"
    JOINT = "joint"
    OWN = "own"
    CAPPED = "capped"


class P(StrEnum):
    VIEW_FAMILY = "view_family"
    EDIT_FAMILY = "edit_family"
    DELETE_FAMILY = "delete_family"
    TRANSFER_OWNERSHIP = "transfer_ownership"
    CLOSE_PERIOD = "close_period"
    VIEW_MEMBERS = "view_members"
    INVITE_MEMBER = "invite_member"
    REVOKE_INVITATION = "revoke_invitation"
    MANAGE_MEMBERS = "manage_members"
    LEAVE_FAMILY = "leave_family"
    LINK_TELEGRAM = "link_telegram"
    VIEW_WALLETS = "view_wallets"
    VIEW_WALLET_SUMMARY = "view_wallet_summary"
    CREATE_WALLET = "create_wallet"
    EDIT_WALLET = "edit_wallet"
    SET_WALLET_VISIBILITY = "set_wallet_visibility"
    ARCHIVE_WALLET = "archive_wallet"
    RECONCILE_WALLET = "reconcile_wallet"
    VIEW_CATEGORIES = "view_categories"
    MANAGE_CATEGORIES = "manage_categories"
    CREATE_TRANSACTION = "create_transaction"
    TRANSFER_BETWEEN_WALLETS = "transfer_between_wallets"
    BULK_TRANSACTIONS = "bulk_transactions"
    VIEW_TRANSACTIONS = "view_transactions"
    EDIT_OWN_TRANSACTION = "edit_own_transaction"
    EDIT_ANY_TRANSACTION = "edit_any_transaction"
    CANCEL_OWN_PENDING = "cancel_own_pending"
    APPROVE_TRANSACTION = "approve_transaction"
    APPROVE_LARGE_TRANSACTION = "approve_large_transaction"
    REJECT_TRANSACTION = "reject_transaction"
    DELETE_TRANSACTION = "delete_transaction"
    UNDO_OWN_TRANSACTION = "undo_own_transaction"
    MANAGE_EXCHANGE_RATES = "manage_exchange_rates"
    VIEW_AUDIT_LOG = "view_audit_log"
    VERIFY_AUDIT = "verify_audit"
    VIEW_ACCESS_LOG = "view_access_log"
    RECEIVE_EVENTS = "receive_events"


@dataclass(frozen=True, slots=True)
class Grant:
    """A row of the table. `step_up`: wants a fresh proof. `telegram`: also by a token that speaks for a chat."""

    scopes: Mapping[Role, Scope]
    step_up: bool
    telegram: bool


def _grant(scopes: str, flags: str = "") -> Grant:
    """Five words for owner, adult, member, child, read_only; `-` for none. Flags: S step-up, T Telegram."""
    words = zip(Role, scopes.split(), strict=True)
    return Grant({role: Scope(word) for role, word in words if word != "-"}, "S" in flags, "T" in flags)


# fmt: off
TABLE: Mapping[P, Grant] = {
    #                                owner  adult  member child  read_only
    P.VIEW_FAMILY:              _grant("all    all    all    all    all", "T"),
    P.EDIT_FAMILY:              _grant("all    -      -      -      -", "S"),
    P.DELETE_FAMILY:            _grant("all    -      -      -      -", "S"),
    P.TRANSFER_OWNERSHIP:       _grant("all    -      -      -      -", "S"),
    P.CLOSE_PERIOD:             _grant("all    -      -      -      -", "S"),
    P.VIEW_MEMBERS:             _grant("all    all    all    all    all", "T"),
    P.INVITE_MEMBER:            _grant("all    capped -      -      -", "S"),
    P.REVOKE_INVITATION:        _grant("all    own    -      -      -"),
    P.MANAGE_MEMBERS:           _grant("all    -      -      -      -", "S"),
    P.LEAVE_FAMILY:             _grant("own    own    own    -      own", "S"),
    P.LINK_TELEGRAM:            _grant("own    own    own    own    own", "S"),
    P.VIEW_WALLETS:             _grant("all    all    joint  own    -", "T"),
    P.VIEW_WALLET_SUMMARY:      _grant("all    all    joint  own    -", "T"),
    P.CREATE_WALLET:            _grant("all    all    -      -      -"),
    P.EDIT_WALLET:              _grant("all    joint  -      -      -"),
    P.SET_WALLET_VISIBILITY:    _grant("own    own    own    -      -"),
    P.ARCHIVE_WALLET:           _grant("all    -      -      -      -", "S"),
    P.RECONCILE_WALLET:         _grant("all    capped -      -      -"),
    P.VIEW_CATEGORIES:          _grant("all    all    all    all    -", "T"),
    P.MANAGE_CATEGORIES:        _grant("all    all    -      -      -"),
    P.CREATE_TRANSACTION:       _grant("all    all    joint  capped -", "T"),
    P.TRANSFER_BETWEEN_WALLETS: _grant("all    all    own    -      -", "T"),
    P.BULK_TRANSACTIONS:        _grant("all    all    -      -      -"),
    P.VIEW_TRANSACTIONS:        _grant("all    all    joint  own    -", "T"),
    P.EDIT_OWN_TRANSACTION:     _grant("own    own    own    -      -", "T"),
    P.EDIT_ANY_TRANSACTION:     _grant("all    -      -      -      -"),
    P.CANCEL_OWN_PENDING:       _grant("own    own    own    own    -", "T"),
    P.APPROVE_TRANSACTION:      _grant("all    capped -      -      -", "T"),
    P.APPROVE_LARGE_TRANSACTION:_grant("all    all    -      -      -", "S"),
    P.REJECT_TRANSACTION:       _grant("all    all    -      -      -", "T"),
    P.DELETE_TRANSACTION:       _grant("all    -      -      -      -", "S"),
    P.UNDO_OWN_TRANSACTION:     _grant("own    own    own    -      -", "T"),
    P.MANAGE_EXCHANGE_RATES:    _grant("all    all    -      -      -"),
    P.VIEW_AUDIT_LOG:           _grant("all    all    all    -      all"),
    P.VERIFY_AUDIT:             _grant("all    -      -      -      all"),
    P.VIEW_ACCESS_LOG:          _grant("all    own    own    -      -"),
    P.RECEIVE_EVENTS:           _grant("all    all    joint  own    all", "T"),
}
# fmt: on


def preset(role: Role) -> frozenset[P]:
    """The permissions that a role brings."""
    return frozenset(name for name, grant in TABLE.items() if role in grant.scopes)


def scope_of(name: P, role: Role) -> Scope:
    """How far a held permission reaches: outside the preset, as far as for the lowest role that has it.

    `CAPPED` is resolved to what it means for the role that it is taken from.
    """
    scopes = TABLE[name].scopes
    source = role if role in scopes else min(scopes, key=RANK.__getitem__)
    if scopes[source] is Scope.CAPPED:
        return Scope.OWN if source is Role.CHILD else Scope.ALL
    return scopes[source]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a family has decided for itself. Amounts are in its base currency."""

    base_currency: str
    timezone: str
    approval_threshold: Decimal | None
    approvals_required: int
    adult_approval_limit: Decimal | None
    undo_window: timedelta
    closed_until: date | None


class Reachable(Protocol):
    """Something to act on: the memberships it belongs to, None among them for what is the family's own."""

    @property
    def holders(self) -> Collection[int | None]: ...


@dataclass(frozen=True, slots=True)
class Access:
    """One member's rights in one family, as they stood when they were read. `fresh`: their proof is young enough.

    `spending_limit` is in the base currency, for seven days; None for none.
    """

    user: int
    membership: int
    family: int
    role: Role
    held: frozenset[P]
    policy: Policy
    fresh: bool
    token_scope: str = ""
    spending_limit: Decimal | None = None

    def scope(self, name: P) -> Scope | None:
        """`ALL`, `JOINT`, `OWN`, or None for not at all; `CAPPED` is resolved to what it means for this role."""
        if name not in self.held or (self.token_scope and not TABLE[name].telegram):
            return None
        return scope_of(name, self.role)

    def proven(self) -> "Access":
        """The same with a proof of its own: a token made for this member and this one thing."""
        return replace(self, fresh=True, token_scope="")

    def holds(self, name: P) -> bool:
        return self.scope(name) is not None

    def reaches(self, name: P, on: Reachable) -> bool:
        scope = self.scope(name)
        if scope is None or scope is Scope.ALL:
            return scope is Scope.ALL
        within = {self.membership, None} if scope is Scope.JOINT else {self.membership}
        return set(on.holders) <= within

    def require(self, name: P, *, on: Reachable | None = None) -> None:
        """Raises PermissionDenied with the name, or StepUpRequired when the proof is not fresh enough."""
        if not (self.holds(name) if on is None else self.reaches(name, on)):
            raise PermissionDenied(name)
        if TABLE[name].step_up and not self.fresh:
            raise StepUpRequired
