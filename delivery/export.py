"""All that is on record about one person: their account, and of each family what they see of it, or left there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Device, LoginSession, OAuthLink, TelegramIdentity, User
from accounts.second_factor import device_of
from accounts.serializers import ProfileRead
from audit.models import AccessLog, EventLog
from delivery import selectors
from delivery.archive import Table
from families import access as families_access
from families.models import Invitation, Membership, MembershipState
from families.roles import Access, P, Role
from ledger import selectors as ledger_selectors
from ledger.kinds import Visibility
from ledger.models import Approval, Transaction, Wallet
from ledger.serializers.transactions import TransactionRead
from ledger.serializers.wallets import WalletRead

CHUNK = 500
OF_PROFILE = (*ProfileRead().fields, "former_email", "two_factor")
OF_SESSION = ("id", "client", "user_agent", "address", "created_at", "last_used_at", "expires_at", "revoked_at")
OF_DEVICE = ("id", "user_agent", "first_seen_at", "last_seen_at")
OF_PROVIDER = ("provider", "subject", "created_at")
OF_CHAT = ("chat_id", "username", "first_name", "last_name", "verified_at")
OF_MEMBERSHIP = ("id", "family_id", "family", "role", "state", "spending_limit", "created_at")
OF_INVITATION = ("id", "family_id", "role", "email", "state", "created_at", "expires_at")
OF_WALLET = ("family_id", *WalletRead().fields)
OF_APPROVAL = ("family_id", "transaction_id", "version", "decision", "note", "created_at")
OF_EVENT = (
    *("id", "family_id", "action", "actor_id", "entity_type", "entity_id", "changes"),
    *("ip", "request_id", "client_id", "created_at"),
)
OF_REQUEST = ("method", "route", "status", "family_id", "address", "user_agent", "client", "created_at")


def tables(user: User) -> Iterator[Table]:
    mine = list(Membership.objects.of(user.pk).select_related("family").order_by("family_id"))
    accesses = [(member, _access(member)) for member in mine]
    ids = [member.pk for member in mine]
    app = device_of(user)
    profile = {**ProfileRead(user).data, "former_email": user.former_email, "two_factor": app is not None}
    yield Table("profile", OF_PROFILE, [profile])
    yield _values("sessions", OF_SESSION, LoginSession.objects.of(user.pk))
    yield _values("devices", OF_DEVICE, Device.objects.filter(user=user))
    yield _values("providers", OF_PROVIDER, OAuthLink.objects.of(user.pk))
    yield _values("chats", OF_CHAT, TelegramIdentity.objects.of(user.pk))
    yield Table("memberships", OF_MEMBERSHIP, [_membership(member) for member in mine])
    yield _values("invitations", OF_INVITATION, Invitation.objects.filter(invited_by__in=ids))
    yield Table("wallets", OF_WALLET, _each(accesses, _wallets))
    yield Table("transactions", tuple(TransactionRead().fields), _each(accesses, _transactions))
    yield _values("approvals", OF_APPROVAL, Approval.objects.filter(approver__in=ids))
    yield Table("events", OF_EVENT, _events(user, accesses))
    yield _values("requests", OF_REQUEST, AccessLog.objects.filter(user_id=user.pk))


def _access(member: Membership) -> Access:
    """What a member sees; and who is no longer, or for now not, one: what they hold and wrote themselves."""
    if member.state == MembershipState.ACTIVE:
        return families_access.of(member)
    own = frozenset({P.VIEW_WALLETS, P.VIEW_TRANSACTIONS})
    return replace(families_access.of(member), role=Role.CHILD, held=own)


def _values(name: str, columns: tuple[str, ...], rows: QuerySet[Any]) -> Table:
    return Table(name, columns, rows.order_by("pk").values(*columns).iterator(chunk_size=CHUNK))


def _each(
    accesses: Iterable[tuple[Membership, Access]], read: Callable[[Membership, Access], Iterator[Mapping[str, Any]]]
) -> Iterator[Mapping[str, Any]]:
    for member, access in accesses:
        yield from read(member, access)


def _chunks(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _membership(member: Membership) -> dict[str, Any]:
    named = member.family.name if member.state == MembershipState.ACTIVE else None
    return {**{name: getattr(member, name) for name in OF_MEMBERSHIP if name != "family"}, "family": named}


def _wallets(member: Membership, access: Access) -> Iterator[Mapping[str, Any]]:
    """Those that they hold; of a family that they are not in, only what nobody else sees."""
    held = Wallet.objects.seen_by(access).filter(holder=member)
    if member.state != MembershipState.ACTIVE:
        held = held.exclude(visibility=Visibility.SHARED)
    for wallet in held.order_by("pk"):
        yield {"family_id": member.family_id, **WalletRead(wallet).data}


def _transactions(member: Membership, access: Access) -> Iterator[Mapping[str, Any]]:
    found = Transaction.objects.seen_by(access)
    if member.state != MembershipState.ACTIVE:
        hidden = Wallet.objects.filter(holder=member).exclude(visibility=Visibility.SHARED).values("pk")
        found = found.filter(Q(author=member) | Q(from_wallet__in=hidden) | Q(to_wallet__in=hidden))
    for rows in _chunks(ledger_selectors.shown(found, access).order_by("pk")):
        yield from TransactionRead(ledger_selectors.present(rows, access), many=True).data


def _events(user: User, accesses: Iterable[tuple[Membership, Access]]) -> Iterator[Mapping[str, Any]]:
    """Of their account, and what they did, or was done to their membership, in each family."""
    sessions = LoginSession.objects.of(user.pk).values("pk")
    of_account = Q(entity_type="user", entity_id=user.pk) | Q(entity_type="session", entity_id__in=sessions)
    account = EventLog.objects.filter(Q(actor_id=user.pk) | of_account, family_id=None).order_by("pk")
    for row in account.iterator(CHUNK):
        yield _event(row, {**row.changes, **_private(row).get("texts", {})}, reader=user.pk)
    for member, access in accesses:
        about_me = Q(actor_id=user.pk) | Q(entity_type="membership", entity_id=member.pk)
        if member.state == MembershipState.ACTIVE:
            wallets = selectors.wallets_seen(access)
            for rows in _chunks(selectors.events(access, wallets).filter(about_me).order_by("pk")):
                yield from (asdict(view) for view in selectors.present(rows, access, wallets))
        else:
            left = EventLog.objects.in_family(member.family_id).filter(about_me).order_by("pk")
            yield from (_event(row, None, reader=user.pk) for row in left.iterator(CHUNK))


def _event(row: EventLog, changes: dict[str, Any] | None, *, reader: int) -> dict[str, Any]:
    is_theirs = row.family_id is None or row.actor_id == reader
    return {
        "id": row.position,
        "family_id": row.family_id,
        "action": row.name,
        "actor_id": row.actor_id,
        "entity_type": row.entity_type,
        "entity_id": row.entity_id,
        "changes": changes,
        "ip": _private(row).get("address") if is_theirs else None,
        "request_id": row.request_id,
        "client_id": row.client,
        "created_at": row.created_at,
    }


def _private(row: EventLog) -> dict[str, Any]:
    return row.private or {}
