"""What happened, as one member may see it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from audit.models import AccessLog, EventLog, EventSubject, SubjectKind
from families.roles import Access, P, Role, Scope
from families.rules import invitable
from financebot.common.fields import JsonList
from ledger.kinds import TransactionType, Visibility
from ledger.models import Wallet

SIGHT = {
    "transaction": P.VIEW_TRANSACTIONS,
    "wallet": P.VIEW_WALLETS,
    "category": P.VIEW_CATEGORIES,
    "rate": P.VIEW_FAMILY,
    "membership": P.VIEW_MEMBERS,
    "invitation": P.INVITE_MEMBER,
    "family": P.VIEW_FAMILY,
}
SIDE_OF = {"amount": "from_wallet_id", "currency": "from_wallet_id", "to_amount": "to_wallet_id"}
BRIEF_MEMBER = {"role", "state"}  # what a child or a reader learns of another member


@dataclass(frozen=True, slots=True)
class WalletsSeen:
    """The family's wallets by what they are to this viewer. `opaque`: their rows are hidden, if not they themselves;
    `named`: seen with their rows."""

    hidden: set[int] = field(default_factory=set)
    opaque: set[int] = field(default_factory=set)
    named: set[int] = field(default_factory=set)
    mine: set[int] = field(default_factory=set)
    joint: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class EventView:
    id: int
    family_id: int
    action: str
    actor_id: int | None
    entity_type: str
    entity_id: int
    changes: dict[str, Any] | None
    request_id: str
    client_id: str
    ip: str | None
    created_at: datetime


def wallets_seen(access: Access) -> WalletsSeen:
    found = WalletsSeen()
    for wallet in Wallet.objects.in_family(access.family).only("visibility", "holder_id", "family_id"):
        foreign = wallet.holder_id != access.membership
        if foreign and wallet.visibility == Visibility.PRIVATE:
            found.hidden.add(wallet.pk)
        if foreign and wallet.visibility != Visibility.SHARED:
            found.opaque.add(wallet.pk)
        if wallet.opens_to(access):
            found.named.add(wallet.pk)
        if not foreign:
            found.mine.add(wallet.pk)
        if wallet.holder_id is None:
            found.joint.add(wallet.pk)
    return found


def events(access: Access, wallets: WalletsSeen) -> QuerySet[EventLog]:
    """What `seen_events` gives, with what each is about."""
    return about(seen_events(access, wallets))


def about(found: QuerySet[EventLog]) -> QuerySet[EventLog]:
    subjects = EventSubject.objects.filter(event=OuterRef("pk"))
    return found.annotate(about=JsonList(subjects.values(v=JSONObject(kind="kind", id="subject"))))


def seen_events(access: Access, wallets: WalletsSeen) -> QuerySet[EventLog]:
    """Numbered events that concern no wallet, or at least one that is not hidden from this viewer now; and of drafts
    the viewer's own."""
    found = EventLog.objects.in_family(access.family).numbered().open_to(access.membership)
    if not wallets.opaque:
        return found
    of_wallets = EventSubject.objects.filter(event=OuterRef("pk"), kind=SubjectKind.WALLET)
    without = ~Exists(of_wallets)
    of_rows = Q(entity_type="transaction") & Exists(of_wallets.exclude(subject__in=wallets.opaque))
    of_others = ~Q(entity_type="transaction") & Exists(of_wallets.exclude(subject__in=wallets.hidden))
    return found.filter(without | of_rows | of_others)


def present(rows: Iterable[EventLog], access: Access, wallets: WalletsSeen) -> list[EventView]:
    return [_view(row, access, wallets) for row in rows]


def heard(rows: Iterable[EventLog], access: Access, wallets: WalletsSeen) -> list[EventView]:
    """Those that a viewer is told of as they happen: as far as that permission reaches."""
    scope = access.scope(P.RECEIVE_EVENTS)
    return [_view(row, access, wallets) for row in rows if scope and _within(scope, row, access, wallets)]


def access_log(access: Access) -> QuerySet[AccessLog]:
    """The family's requests: all of them for an owner, one's own for others."""
    found = AccessLog.objects.in_family(access.family)
    return found if access.scope(P.VIEW_ACCESS_LOG) is Scope.ALL else found.filter(user_id=access.user)


def _view(row: EventLog, access: Access, wallets: WalletsSeen) -> EventView:
    private = row.private or {}
    sees_address = access.role is Role.OWNER or row.actor_id == access.user
    changes = None
    if _reaches(row, access, wallets):
        changes = _without_hidden(row, {**row.changes, **private.get("texts", {})}, wallets)
        if row.entity_type == "membership" and access.role in {Role.CHILD, Role.READ_ONLY}:
            changes = {name: change for name, change in changes.items() if name in BRIEF_MEMBER}
    return EventView(
        id=row.position or 0,
        family_id=access.family,
        action=row.name,
        actor_id=row.actor_id,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        changes=changes,
        request_id=row.request_id,
        client_id=row.client,
        ip=private.get("address") if sees_address else None,
        created_at=row.created_at,
    )


def _reaches(row: Any, access: Access, wallets: WalletsSeen) -> bool:
    """Whether the viewer's scope for this kind of thing reaches this one."""
    permission = SIGHT.get(row.entity_type)
    scope = access.scope(permission) if permission else None
    if scope is None or _offers_too_much(row, access):
        return False
    return _within(scope, row, access, wallets)


def _within(scope: Scope, row: Any, access: Access, wallets: WalletsSeen) -> bool:
    """Whether an event is about a wallet in reach, or about the viewer."""
    if scope is Scope.ALL:
        return True
    about: dict[str, set[int]] = {SubjectKind.WALLET: set(), SubjectKind.MEMBER: set()}
    for subject in row.about:
        about[subject["kind"]].add(subject["id"])
    reach = wallets.mine | wallets.joint if scope is Scope.JOINT else wallets.mine
    return bool(about[SubjectKind.WALLET] & reach) or access.membership in about[SubjectKind.MEMBER]


def _offers_too_much(row: EventLog, access: Access) -> bool:
    """Whether it is about an invitation to a role that this viewer could not invite to, and so does not see."""
    _, role = row.changes.get("role", (None, None)) if row.entity_type == "invitation" else (None, None)
    return role is not None and role not in invitable(access.role)


def _without_hidden(row: Any, changes: dict[str, Any], wallets: WalletsSeen) -> dict[str, Any]:
    """Leave out of an entry's changes what names a wallet that this viewer does not see, and of an exchange (or what
    may be one: an edit names only what it changed) the amounts that are not of a wallet seen."""
    sides = {name: {pk for pk in changes[name] if pk} for name in SIDE_OF.values() if name in changes}
    moved = set().union(*sides.values(), (s["id"] for s in row.about if s["kind"] == SubjectKind.WALLET))
    if row.entity_type != "transaction" or moved <= wallets.named:
        return changes
    is_plain = "type" in changes and TransactionType.EXCHANGE not in changes["type"]
    seen = {name for name, named in sides.items() if named <= wallets.named}
    return {
        name: change
        for name, change in changes.items()
        if (name not in sides or name in seen) and (is_plain or name not in SIDE_OF or SIDE_OF[name] in seen)
    }
