"""Use cases on transactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit import trail
from audit.names import EventName
from audit.trail import Actor
from families.access import enter
from families.roles import Access, P
from financebot.common import clock
from financebot.common.errors import NotFound, PreconditionFailed
from financebot.common.usecase import use_case
from ledger import booking, events, rules
from ledger.booking import Entry
from ledger.errors import AlreadyReversed, NotReversible
from ledger.kinds import Status, TransactionType
from ledger.models import Transaction, Wallet
from ledger.rules import Draft


@dataclass(frozen=True, slots=True)
class Movement:
    """The wallets that a movement must have in reach: of a transfer both, else the one it leaves or enters."""

    holders: list[int | None]


@dataclass(frozen=True, slots=True)
class Reversal:
    original_transaction_id: int
    reversal_transaction_id: int
    reversed_at: datetime


@use_case
def create_transaction(*, actor: Actor, draft: Draft) -> Entry:
    """Record what happened, executed at once.

    Locks the family (shared), the wallets in id order, the totals. Raises SameWallet, UnknownReference,
    PermissionDenied, WalletArchived, the errors of amount, day, category and rate, InsufficientFunds; then nothing
    is written.
    """
    access = enter(actor)
    permission = P.TRANSFER_BETWEEN_WALLETS if draft.type is TransactionType.TRANSFER else P.CREATE_TRANSACTION
    access.require(permission)
    rules.check_wallets(draft)
    wallets = booking.lock_wallets(access, {"from_wallet_id": draft.from_wallet, "to_wallet_id": draft.to_wallet})
    access.require(permission, on=Movement([w.holder_id for w in wallets.values()]))
    booking.check_open(wallets.values())
    today = clock.today(access.policy.timezone)
    day = draft.occurred_on or today
    rules.check_day(day, today=today, closed_until=access.policy.closed_until)
    entry = booking.write(access, draft, wallets, channel=actor.channel, day=day)
    booking.post(entry, wallets)
    trail.record(events.created(entry.transaction), events.executed(entry.transaction), actor=actor)
    return entry


@use_case
def edit_words(*, actor: Actor, transaction_id: int, changes: Mapping[str, Any], version: int | None) -> Transaction:
    """Change description, notes, payee or tags in place. Locks the family (shared) and the transaction.

    Raises NotFound, PermissionDenied, PreconditionFailed.
    """
    access = enter(actor)
    entry = _lock_seen(access, transaction_id)
    _require_edit(access, entry)
    if version is not None and version != entry.version:
        raise PreconditionFailed
    before = _words(entry)
    for field in ("description", "notes"):
        setattr(entry, field, changes.get(field, before[field]))
    if "payee" in changes:
        entry.payee = booking.payee_of(access.family, changes["payee"])
    if "tags" in changes:
        entry.tags.set(booking.tags_of(access.family, changes["tags"]))
    after = _words(entry)
    entry.search = rules.search_text(entry.description, entry.notes, after["payee"], tags=after["tags"])
    entry.version += 1
    entry.save(update_fields=["description", "notes", "payee", "search", "version"])
    texts = {field: (before[field], after[field]) for field in before}
    trail.record(events.of_entry(EventName.TRANSACTION_EDITED, entry, {}, texts), actor=actor)
    return entry


@use_case
def reverse_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """Take an executed transaction back by its opposite. Locks family, transaction, wallets, totals.

    Raises NotFound, PermissionDenied, StepUpRequired, AlreadyReversed, NotReversible, InsufficientFunds.
    """
    access = enter(actor)
    entry = _lock_seen(access, transaction_id)
    access.require(P.DELETE_TRANSACTION)
    return _reverse(access, entry, actor=actor, reason=reason)


@use_case
def undo_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """Take one's own transaction back within the family's undo window. Locks and raises as a reversal does,
    and UndoWindowOver."""
    access = enter(actor)
    return _undo(access, _lock_seen(access, transaction_id), actor=actor, reason=reason)


@use_case
def remove_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """What DELETE means: a reversal for who may reverse, an undo for others. Locks and raises as they do."""
    access = enter(actor)
    entry = _lock_seen(access, transaction_id)
    if not access.holds(P.DELETE_TRANSACTION):
        return _undo(access, entry, actor=actor, reason=reason)
    access.require(P.DELETE_TRANSACTION)
    return _reverse(access, entry, actor=actor, reason=reason)


def _lock_seen(access: Access, transaction_id: int) -> Transaction:
    """The transaction, locked; a later statement sees what others committed while we waited."""
    if not Transaction.objects.seen_by(access).filter(pk=transaction_id).exists():
        raise NotFound
    return Transaction.objects.in_family(access.family).lock().get(pk=transaction_id)


def _require_edit(access: Access, entry: Transaction) -> None:
    if not access.holds(P.EDIT_ANY_TRANSACTION):
        access.require(P.EDIT_OWN_TRANSACTION, on=entry)


def _words(entry: Transaction) -> dict[str, Any]:
    return {
        "description": entry.description,
        "notes": entry.notes,
        "payee": entry.payee.name if entry.payee else "",
        "tags": sorted(tag.name for tag in entry.tags.all()),
    }


def _undo(access: Access, entry: Transaction, *, actor: Actor, reason: str) -> Reversal:
    access.require(P.UNDO_OWN_TRANSACTION, on=entry)
    if entry.executed_at and entry.status == Status.EXECUTED:
        rules.check_undo(executed_at=entry.executed_at, now=clock.now(), window=access.policy.undo_window)
    return _reverse(access, entry, actor=actor, reason=reason)


def _reverse(access: Access, head: Transaction, *, actor: Actor, reason: str) -> Reversal:
    if head.status == Status.REVERSED:
        raise AlreadyReversed
    if head.status != Status.EXECUTED or head.reverses_id:
        raise NotReversible
    ids = {pk for pk in (head.from_wallet_id, head.to_wallet_id) if pk}
    wallets = {w.pk: w for w in Wallet.objects.in_family(access.family).filter(pk__in=ids).lock()}
    booking.check_open(wallets.values())
    today = clock.today(access.policy.timezone)
    day = rules.reversal_day(head.occurred_on, today=today, closed_until=access.policy.closed_until)
    rules.check_day(day, today=today, closed_until=access.policy.closed_until)
    original = booking.entry_of(head)
    reversal = booking.reverse(access, original, wallets, channel=actor.channel, day=day)
    trail.record(events.reversed_by(head, reversal.transaction, reason), actor=actor)
    return Reversal(head.pk, reversal.transaction.pk, clock.now())
