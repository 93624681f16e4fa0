"""Use cases on wallets and categories."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from audit import trail
from audit.names import EventName
from audit.trail import Actor
from families.access import enter
from families.models import Membership
from families.roles import Access, P
from financebot.common import clock, money
from financebot.common.errors import Changed, NotFound, PermissionDenied, PreconditionFailed, UnknownReference
from financebot.common.usecase import use_case
from ledger import events
from ledger.errors import CategoryTooDeep, InsufficientFunds, WalletNotEmpty, WrongCategoryKind
from ledger.kinds import Visibility, WalletType
from ledger.models import Category, Wallet


@use_case
def create_wallet(*, actor: Actor, fields: Mapping[str, Any]) -> Wallet:
    """A wallet, empty. `fields`: name, type, and where given currency (else the family's), holder_id,
    overdraft_limit (else 0 for an allowance, none for others).

    Locks the family (shared). Raises PermissionDenied, UnknownReference, AmountTooFine, AmountTooLarge.
    """
    access = enter(actor)
    access.require(P.CREATE_WALLET)
    limit = Decimal(0) if fields["type"] == WalletType.ALLOWANCE else None
    wallet = Wallet(
        family_id=access.family,
        **{"currency": access.policy.base_currency, "overdraft_limit": limit, **fields},
    )
    _check(access, wallet, changed=fields)
    wallet.save(force_insert=True)
    trail.record(events.wallet_created(wallet), actor=actor)
    return wallet


@use_case
def edit_wallet(*, actor: Actor, wallet_id: int, changes: Mapping[str, Any], version: int | None) -> Wallet:
    """Change name, type, holder or overdraft limit. Locks the family (shared) and the wallet.

    Raises NotFound, PermissionDenied, PreconditionFailed, UnknownReference, AmountTooFine, AmountTooLarge, and
    InsufficientFunds where a new limit is already overstepped.
    """
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, version)
    access.require(P.EDIT_WALLET, on=wallet)
    before = {field: getattr(wallet, field) for field in changes}
    for field, value in changes.items():
        setattr(wallet, field, value)
    _check(access, wallet, changed=changes)
    wallet.version += 1
    wallet.save(update_fields=[*changes, "version"])
    after = {field: (before[field], getattr(wallet, field)) for field in changes}
    texts = {"name": after.pop("name")} if "name" in after else {}
    trail.record(events.of_wallet(EventName.WALLET_EDITED, wallet, after, texts), actor=actor)
    return wallet


@use_case
def archive_wallet(*, actor: Actor, wallet_id: int) -> Wallet:
    """Put an empty wallet away. Locks the family (shared) and the wallet. Raises NotFound, Changed,
    WalletNotEmpty."""
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, None)
    access.require(P.ARCHIVE_WALLET)
    if wallet.balance or wallet.held:
        raise WalletNotEmpty
    return _set_archived(wallet, actor, archived=True)


@use_case
def restore_wallet(*, actor: Actor, wallet_id: int) -> Wallet:
    """Bring an archived wallet back. Locks the family (shared) and the wallet. Raises NotFound, Changed."""
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, None)
    access.require(P.ARCHIVE_WALLET)
    return _set_archived(wallet, actor, archived=False)


@use_case
def create_category(*, actor: Actor, fields: Mapping[str, Any]) -> Category:
    """A category of income or expense, under a parent of the same kind if one is given.

    Locks the family (shared). Raises PermissionDenied, UnknownReference, WrongCategoryKind, CategoryTooDeep.
    """
    access = enter(actor)
    access.require(P.MANAGE_CATEGORIES)
    parent_id = fields.get("parent_id")
    if parent_id is not None:
        _check_parent(access, parent_id, fields["kind"])
    category = Category.objects.create(family_id=access.family, **fields)
    trail.record(events.category_created(category), actor=actor)
    return category


def _lock_seen(access: Access, wallet_id: int, version: int | None) -> Wallet:
    wallet = Wallet.objects.seen_by(access).filter(pk=wallet_id).lock().first()
    if wallet is None:
        raise NotFound
    if version is not None and version != wallet.version:
        raise PreconditionFailed
    return wallet


def _check(access: Access, wallet: Wallet, *, changed: Mapping[str, Any]) -> None:
    """What a wallet's fields must be: a holder of the family, a limit that fits the currency and the balance."""
    if "holder_id" in changed and wallet.visibility != Visibility.SHARED:
        raise PermissionDenied(P.EDIT_WALLET)  # what is hidden stays its holder's
    if changed.get("holder_id") is not None:
        members = Membership.objects.visible_to(access)
        if not members.filter(pk=changed["holder_id"]).exists():
            raise UnknownReference(field="holder_id")
    limit = wallet.overdraft_limit
    if "overdraft_limit" not in changed or limit is None:
        return
    money.check_limit(limit, wallet.currency, field="overdraft_limit")
    if wallet.available < -limit:
        raise InsufficientFunds(field="overdraft_limit")


def _set_archived(wallet: Wallet, actor: Actor, *, archived: bool) -> Wallet:
    before = wallet.archived_at
    if archived is (before is not None):
        raise Changed
    wallet.archived_at = clock.now() if archived else None
    wallet.version += 1
    wallet.save(update_fields=["archived_at", "version"])
    name = EventName.WALLET_ARCHIVED if archived else EventName.WALLET_RESTORED
    trail.record(events.of_wallet(name, wallet, {"archived_at": (before, wallet.archived_at)}), actor=actor)
    return wallet


def _check_parent(access: Access, parent_id: int, kind: str) -> None:
    parent = Category.objects.visible_to(access).usable().filter(pk=parent_id).select_related("parent").first()
    if parent is None:
        raise UnknownReference(field="parent_id")
    if parent.kind != kind:
        raise WrongCategoryKind(field="parent_id")
    if parent.parent and parent.parent.parent_id:
        raise CategoryTooDeep(field="parent_id")
