"""Use cases on wallets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from audit import trail
from audit.names import EventName
from audit.trail import Actor
from families.access import enter
from families.models import Membership
from families.roles import Access, P, Role, Scope
from financebot.common import clock, money
from financebot.common.errors import (
    Changed,
    DomainError,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    UnknownReference,
)
from financebot.common.usecase import use_case
from ledger import booking, events, rules
from ledger.booking import Entry
from ledger.errors import InsufficientFunds, WalletHasPending, WalletNotEmpty
from ledger.kinds import BOOKED, TransactionType, Visibility, WalletType
from ledger.models import Posting, Transaction, Wallet
from ledger.rules import Draft


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`adjustment_id`: the entry that made up the difference, if there was one."""

    wallet: Wallet
    adjustment_id: int | None


@use_case
def create_wallet(*, actor: Actor, fields: Mapping[str, Any]) -> Wallet:
    """A wallet. `fields`: name, type, and where given currency (else the family's), holder_id, visibility,
    overdraft_limit (else 0 for an allowance, none for others), opening_balance (negative for a debt).

    Locks the family (shared), and with an opening balance the wallet and the totals. Raises PermissionDenied,
    UnknownReference, AmountTooFine, AmountTooLarge, ExchangeRateMissing, InsufficientFunds, PeriodClosed.
    """
    access = enter(actor)
    access.require(P.CREATE_WALLET)
    fields = dict(fields)
    opening = fields.pop("opening_balance", None)
    limit = Decimal(0) if fields["type"] == WalletType.ALLOWANCE else None
    wallet = Wallet(
        family_id=access.family,
        **{"currency": access.policy.base_currency, "overdraft_limit": limit, **fields},
    )
    if wallet.visibility != Visibility.SHARED:
        _require_hiding(access, wallet)
    _check(access, wallet, changed=fields)
    wallet.save(force_insert=True)
    happened = [events.wallet_created(wallet)]
    if opening:
        fact = _fact(wallet, opening, TransactionType.OPENING)
        entry = _book(access, fact, {"amount": "opening_balance"}, channel=actor.channel)
        happened += events.recorded(entry.transaction)
        wallet.refresh_from_db(fields=["balance"])
    trail.record(*happened, actor=actor)
    return wallet


@use_case
def edit_wallet(*, actor: Actor, wallet_id: int, changes: Mapping[str, Any], version: int | None) -> Wallet:
    """Change name, type, holder, overdraft limit or visibility. Locks the family (shared) and the wallet.

    Raises NotFound, PermissionDenied, PreconditionFailed, UnknownReference, AmountTooFine, AmountTooLarge,
    InsufficientFunds where a new limit is already overstepped, WalletHasPending where rows would be hidden that wait.
    """
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, version)
    _require_edit(access, wallet, changes)
    before = {field: getattr(wallet, field) for field in changes}
    for field, value in changes.items():
        setattr(wallet, field, value)
    _check(access, wallet, changed=changes)
    if wallet.visibility != before.get("visibility", wallet.visibility):
        _check_hiding(wallet)
    wallet.version += 1
    wallet.save(update_fields=[*changes, "version"])
    after = {field: (before[field], getattr(wallet, field)) for field in changes}
    texts = {"name": after.pop("name")} if "name" in after else {}
    trail.record(events.of_wallet(EventName.WALLET_EDITED, wallet, after, texts), actor=actor)
    return wallet


@use_case
def reconcile_wallet(*, actor: Actor, wallet_id: int, statement_balance: Decimal, day: date | None) -> Reconciled:
    """Make the wallet say what the statement says at the end of a day (today), by an adjustment.

    Locks the family (shared), the wallet, the totals. Raises NotFound, PermissionDenied (an adult, beyond the
    adult_approval_limit, too), WalletArchived, the errors of amounts, days and rates, InsufficientFunds.
    """
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, None)
    access.require(P.RECONCILE_WALLET, on=wallet)
    if not wallet.shows_rows_to(access.membership):
        raise PermissionDenied(P.RECONCILE_WALLET)
    booking.check_open([wallet])
    unsigned = statement_balance.copy_abs()  # abs() rounds to 28 digits
    money.check_limit(unsigned, wallet.currency, field="statement_balance")
    later = Posting.objects.filter(wallet=wallet, category__isnull=True, transaction__status__in=BOOKED)
    moved = later.filter(transaction__occurred_on__gt=day or clock.today(access.policy.timezone)).total()
    difference = statement_balance - (wallet.balance - moved)
    if not difference:
        trail.record(events.of_wallet(EventName.WALLET_RECONCILED, wallet, {}), actor=actor)
        return Reconciled(wallet, None)
    fact = _fact(wallet, difference, TransactionType.ADJUSTMENT, day)
    entry = _book(access, fact, {"amount": "statement_balance", "occurred_on": "date"}, channel=actor.channel)
    head = entry.transaction
    if access.role is not Role.OWNER and rules.is_large(head.base_amount, access.policy):
        raise PermissionDenied(P.RECONCILE_WALLET)
    wallet.refresh_from_db(fields=["balance"])
    trail.record(
        *events.recorded(head),
        events.of_wallet(EventName.WALLET_RECONCILED, wallet, {}),
        actor=actor,
    )
    return Reconciled(wallet, head.pk)


@use_case
def archive_wallet(*, actor: Actor, wallet_id: int) -> Wallet:
    """Put an empty wallet away. Locks the family (shared) and the wallet. Raises NotFound, Changed,
    WalletNotEmpty, WalletHasPending."""
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, None)
    _require_putting_away(access, wallet)
    if wallet.balance or wallet.held:
        raise WalletNotEmpty
    if Transaction.objects.waiting().touching(wallet).exists():
        raise WalletHasPending
    return _set_archived(wallet, actor, archived=True)


@use_case
def restore_wallet(*, actor: Actor, wallet_id: int) -> Wallet:
    """Bring an archived wallet back. Locks the family (shared) and the wallet. Raises NotFound, Changed."""
    access = enter(actor)
    wallet = _lock_seen(access, wallet_id, None)
    _require_putting_away(access, wallet)
    return _set_archived(wallet, actor, archived=False)


def _lock_seen(access: Access, wallet_id: int, version: int | None) -> Wallet:
    wallet = Wallet.objects.seen_by(access).filter(pk=wallet_id).lock().first()
    if wallet is None:
        raise NotFound
    if version is not None and version != wallet.version:
        raise PreconditionFailed
    return wallet


def _fact(wallet: Wallet, amount: Decimal, kind: TransactionType, day: date | None = None) -> Draft:
    """What is so on one wallet: a positive amount enters it, a negative one leaves."""
    source, target = (None, wallet.pk) if amount > 0 else (wallet.pk, None)
    return Draft(amount.copy_abs(), source, target, occurred_on=day, fact=kind)


def _book(access: Access, fact: Draft, asked: Mapping[str, str], *, channel: str) -> Entry:
    """Record a fact. `asked`: how the call's own input names what an entry calls otherwise."""
    try:
        return booking.record_one(access, fact, channel=channel)
    except DomainError as error:
        error.field = asked.get(error.field or "")
        raise


def _require_edit(access: Access, wallet: Wallet, changes: Mapping[str, Any]) -> None:
    """Who may change what of a wallet: its holder alone hides it, and whose it is changes who may edit any, while
    nothing of it is hidden. Raises PermissionDenied."""
    if changes.keys() != {"visibility"}:
        access.require(P.EDIT_WALLET, on=wallet)
    if "visibility" in changes:
        _require_hiding(access, wallet)
    if changes.get("holder_id", wallet.holder_id) == wallet.holder_id:
        return
    hidden = {wallet.visibility, changes.get("visibility", wallet.visibility)} != {Visibility.SHARED}
    if hidden or access.scope(P.EDIT_WALLET) is not Scope.ALL:
        raise PermissionDenied(P.EDIT_WALLET)


def _require_putting_away(access: Access, wallet: Wallet) -> None:
    """Archiving and restoring are an owner's; what is hidden from owners is its holder's."""
    access.require(P.ARCHIVE_WALLET if wallet.visibility == Visibility.SHARED else P.SET_WALLET_VISIBILITY, on=wallet)


def _require_hiding(access: Access, wallet: Wallet) -> None:
    access.require(P.SET_WALLET_VISIBILITY, on=wallet)
    if access.role is Role.CHILD:
        raise PermissionDenied(P.SET_WALLET_VISIBILITY)


def _check(access: Access, wallet: Wallet, *, changed: Mapping[str, Any]) -> None:
    """What a wallet's fields must be: a holder of the family, a limit that fits the currency and the balance."""
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


def _check_hiding(wallet: Wallet) -> None:
    """Nobody could judge what waits and is hidden; an archived wallet is hidden as it was left."""
    booking.check_open([wallet])
    if wallet.visibility != Visibility.SHARED and Transaction.objects.waiting().touching(wallet).exists():
        raise WalletHasPending


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
