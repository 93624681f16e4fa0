"""Use cases that correct: edit, reverse, undo."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from families.access import enter
from families.roles import Access, P
from financebot.common import clock
from financebot.common.errors import Changed, Invalid, NotFound, PermissionDenied, PreconditionFailed
from financebot.common.usecase import use_case
from ledger import booking, events, rules
from ledger.booking import Books, Entry
from ledger.errors import (
    AlreadyDecided,
    AlreadyReversed,
    NotEditable,
    NotReversible,
    PeriodClosed,
    WalletHasPending,
)
from ledger.kinds import FACTS, Status, Visibility
from ledger.models import Transaction, Wallet
from ledger.rules import Draft, Outcome, Spender

WORDS = ("description", "notes", "payee", "tags")
UNBOOKED = (Status.DRAFT, Status.PENDING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Reversal:
    original_transaction_id: int
    reversal_transaction_id: int
    reversed_at: datetime


@use_case
def edit_transaction(
    *, actor: Actor, transaction_id: int, changes: Mapping[str, Any], version: int | None
) -> Transaction:
    """Change an entry; what says it then, the entry itself or its replacement.

    Words change in place, and for whom an executed one was; anything else of it makes a replacement, decided like a
    new entry of its editor. A draft and a pending one are rewritten; a pending one loses its approvals. `changes` maps
    fields of a Draft to values. Locks the family (shared), the editor's membership if limited, the transaction, the
    wallets, the totals. Raises what a creation raises, and NotFound, PermissionDenied, PreconditionFailed, Changed,
    AlreadyReversed, AlreadyDecided, NotEditable, NotReversible, WalletHasPending.
    """
    access = enter(actor)
    seen = Transaction.objects.seen_by(access).filter(pk=transaction_id).first()
    if seen is None:
        raise NotFound
    author = booking.lock_spender(access, less=seen)
    head = booking.lock_seen(access, transaction_id)
    if not access.holds(P.EDIT_ANY_TRANSACTION):
        access.require(P.EDIT_OWN_TRANSACTION, on=head)
    if version is not None and version != head.version:
        raise PreconditionFailed
    if changes.keys() - set(WORDS):
        _require_both_sides(access, head)
    entry = booking.entry_of(head)
    before = booking.draft_of(entry)
    after = rules.edited(before, {name: value for name, value in changes.items() if name not in WORDS})
    words = {name: changes[name] for name in WORDS if name in changes}
    if "rate" in changes:
        booking.require_worth(access, after)
    if after != before:
        _check_editable(head, after)
    if head.status in UNBOOKED:
        happened = _rewrite(access, entry, before, after, words)
    elif after == replace(before, for_members=after.for_members):
        happened = _edit_in_place(access, entry, before, after, words)
    else:
        head, happened = _replace(access, entry, after, words, author, channel=actor.channel)
    trail.record(*happened, actor=actor)
    return head


@use_case
def reverse_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """Take an executed transaction back by its opposite. Locks family, transaction, wallets, totals.

    Raises NotFound, PermissionDenied, StepUpRequired, AlreadyReversed, NotReversible, InsufficientFunds.
    """
    access = enter(actor)
    head = booking.lock_seen(access, transaction_id)
    access.require(P.DELETE_TRANSACTION)
    return _reverse(access, head, P.DELETE_TRANSACTION, actor=actor, reason=reason)


@use_case
def undo_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """Take one's own transaction back within the family's undo window. Locks and raises as a reversal does,
    and UndoWindowOver."""
    access = enter(actor)
    return _undo(access, booking.lock_seen(access, transaction_id), actor=actor, reason=reason)


@use_case
def remove_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Reversal:
    """What DELETE means: a reversal for who may reverse, an undo for others. Locks and raises as they do."""
    access = enter(actor)
    head = booking.lock_seen(access, transaction_id)
    if not access.holds(P.DELETE_TRANSACTION):
        return _undo(access, head, actor=actor, reason=reason)
    access.require(P.DELETE_TRANSACTION)
    return _reverse(access, head, P.DELETE_TRANSACTION, actor=actor, reason=reason)


def _require_both_sides(access: Access, head: Transaction) -> None:
    """Who changes more than words sees what moves on both wallets, or is about to move there by their own word: else
    the answer would tell of the hidden one. Raises PermissionDenied."""
    if head.status in UNBOOKED and head.author_id == access.membership:
        return
    wallets = Wallet.objects.in_family(access.family).filter(pk__in=head.wallet_ids)
    if not all(wallet.shows_rows_to(access.membership) for wallet in wallets):
        raise PermissionDenied(P.EDIT_OWN_TRANSACTION)


def _check_editable(head: Transaction, after: Draft) -> None:
    """More than the words changes of what is not over only. Raises AlreadyReversed, AlreadyDecided, NotEditable."""
    if not after.main_wallet:
        raise Invalid({"from_wallet_id": [_("Name the wallet that money leaves, the one it enters, or both.")]})
    if head.status == Status.REVERSED:
        raise AlreadyReversed
    if head.status not in {*UNBOOKED, Status.EXECUTED}:
        raise AlreadyDecided
    if head.type in FACTS or head.reverses_id:
        raise NotEditable


def _edit_in_place(access: Access, entry: Entry, before: Draft, after: Draft, words: Mapping[str, Any]) -> list[Event]:
    """Words and for whom: the money stays where it is."""
    head, fields, facts = entry.transaction, ["version"], {}
    texts = _say(access, head, words)
    if after.for_members != before.for_members:
        if before.has_two_wallets:
            raise NotEditable(field="for_members")
        if access.policy.closed_until and head.occurred_on <= access.policy.closed_until:
            raise PeriodClosed(field="for_members")
        Books(access, keeping=entry).check_members([member for member, _weight in after.for_members])
        for_whom = after.for_members or ((head.author_id, Decimal(1)),)
        lines = booking.shared_anew(entry, for_whom, access.policy.base_currency)
        booking.write_shares(entry, lines)
        booking.share_anew(entry, entry.lines, lines)
        facts["for_members"] = (_weights(before), _weights(after))
        fields.append("shares_version")
    head.version += 1
    head.save(update_fields=[*fields, "description", "notes", "payee", "search"])
    return [events.of_entry(EventName.TRANSACTION_EDITED, head, facts, texts)]


def _rewrite(access: Access, entry: Entry, before: Draft, after: Draft, words: Mapping[str, Any]) -> list[Event]:
    """A draft is the author's own; a pending one waits on, as a new version that nobody has approved."""
    head, original = entry.transaction, entry.transaction.replaces
    pending = head.status == Status.PENDING_APPROVAL
    facts: dict[str, Any] = {}
    if after != before:
        rules.check_wallets(after)
        books = Books(access, author=head.author_id, keeping=entry)
        books.lock_original(after.refund_of)
        also = [head, *filter(None, [original])]
        wallets = booking.lock_wallets(access, booking.wallet_fields(after), also=also)
        planned = booking.plan_within(books, after, wallets, but=original.pk if original else None)
        if pending and after.main_wallet != before.main_wallet:
            books.claim_source_ref(after, head.source_ref)
        facts = events.differences(head, planned.fields)
        if pending:
            _require_sight(after, wallets)
            head.counted_from = (head.counted_from or head.created_at) if planned.counts else None
        rewritten = booking.rewrite(head, planned.fields, planned.lines, "counted_from")
        if pending:
            replaces = booking.entry_of(original) if original else None
            booking.rehold(entry, rewritten, wallets, original=replaces)
    texts = _say(access, head, words)
    head.version += 1
    if pending:
        head.last_editor_id, head.pending_since = access.membership, clock.now()
    head.save(update_fields=["version", "last_editor", "pending_since", "description", "notes", "payee", "search"])
    return [events.of_entry(EventName.TRANSACTION_EDITED, head, facts, texts)]


def _require_sight(after: Draft, wallets: Mapping[int, Wallet]) -> None:
    """What waits is not moved where nobody could judge it any more. Raises WalletHasPending."""
    if all(wallets[pk].visibility != Visibility.SHARED for pk in (after.from_wallet, after.to_wallet) if pk):
        raise WalletHasPending(field="from_wallet_id" if after.from_wallet else "to_wallet_id")


def _replace(
    access: Access, entry: Entry, after: Draft, words: Mapping[str, Any], author: Spender, *, channel: str
) -> tuple[Transaction, list[Event]]:
    """Reversal and replacement together, or a replacement that waits while the original stays."""
    original = entry.transaction
    if original.replaced_by.waiting().exists():
        raise Changed
    rules.check_wallets(after)
    books = Books(access, keeping=entry)
    books.lock_original(after.refund_of)
    wallets = booking.lock_wallets(access, booking.wallet_fields(after), also=[original])
    booking.check_open(wallets.values())
    planned = booking.plan_within(books, after, wallets, but=original.pk)
    outcome = rules.decide(
        planned.base_amount, takes=planned.takes, counts=planned.counts, author=author, policy=access.policy
    )
    takes_no_more = planned.base_amount <= original.base_amount
    counted = (original.counted_from if takes_no_more else None) or clock.now()  # what did not count counts from now on
    head = planned.to_transaction(access, channel=channel, replaces=original, source_ref="")
    head.counted_from = counted if planned.counts else None
    head.description, head.notes, head.payee, head.search = (
        original.description,
        original.notes,
        original.payee,
        original.search,
    )
    [replacement] = booking.insert((head, planned.lines))
    head.tags.set(original.tags.all())
    texts = _say(access, head, words)
    if texts:
        head.save(update_fields=["description", "notes", "payee", "search"])
    if outcome is Outcome.WAIT:
        booking.hold(replacement, wallets, original=entry)
        return head, events.recorded(head)
    reversal = booking.take_back(access, entry, author=access.membership, channel=channel)
    booking.post_replacement(replacement, wallets, reversal=reversal)
    return head, [*events.recorded(head), events.replaced(original, head)]


def _say(access: Access, head: Transaction, words: Mapping[str, Any]) -> dict[str, Any]:
    """Set the words on the row, which the caller saves; what they were and are."""
    if not words:
        return {}
    before = _words(head)
    for field in ("description", "notes"):
        setattr(head, field, words.get(field, before[field]))
    if "payee" in words:
        head.payee = booking.payee_of(access.family, words["payee"])
    if "tags" in words:
        head.tags.set(booking.tags_of(access.family, booking.once_each(words["tags"])).values())
    after = _words(head)
    head.search = rules.search_text(head.description, head.notes, after["payee"], tags=after["tags"])
    return {field: (before[field], after[field]) for field in before}


def _words(head: Transaction) -> dict[str, Any]:
    return {
        "description": head.description,
        "notes": head.notes,
        "payee": head.payee.name if head.payee else "",
        "tags": sorted(tag.name for tag in head.tags.all()),
    }


def _weights(draft: Draft) -> list[list[Any]]:
    return [[member, f"{weight.normalize():f}"] for member, weight in draft.for_members]


def _undo(access: Access, head: Transaction, *, actor: Actor, reason: str) -> Reversal:
    access.require(P.UNDO_OWN_TRANSACTION, on=head)
    if head.executed_at and head.status == Status.EXECUTED:
        rules.check_undo(executed_at=head.executed_at, now=clock.now(), window=access.policy.undo_window)
    return _reverse(access, head, P.UNDO_OWN_TRANSACTION, actor=actor, reason=reason)


def _reverse(access: Access, head: Transaction, permission: P, *, actor: Actor, reason: str) -> Reversal:
    if head.status == Status.REVERSED:
        raise AlreadyReversed
    if head.status != Status.EXECUTED or head.reverses_id:
        raise NotReversible
    waiting = head.replaced_by.waiting().lock().first()
    wallets = booking.lock_all(*filter(None, (head, waiting)))
    _require_taking_back(access, head, wallets, permission)
    booking.check_open(wallets[pk] for pk in head.wallet_ids)
    happened: list[Event] = []
    if waiting:
        booking.release(booking.entry_of(waiting), wallets, Status.CANCELLED)
        happened.append(events.ended(EventName.TRANSACTION_CANCELLED, waiting))
    original = booking.entry_of(head)
    reversal = booking.take_back(access, original, author=access.membership, channel=actor.channel)
    booking.reverse(reversal, wallets)
    trail.record(*happened, events.reversed_by(head, reversal.transaction, reason), actor=actor)
    return Reversal(head.pk, reversal.transaction.pk, clock.now())


def _require_taking_back(access: Access, head: Transaction, wallets: Mapping[int, Any], permission: P) -> None:
    """Money leaves the wallet it had entered: nobody takes it from one whose rows are hidden from them, nor puts it
    into such a one that is archived: the answer would tell of it."""
    hidden = [wallets[pk] for pk in head.wallet_ids if not wallets[pk].shows_rows_to(access.membership)]
    if any(wallet.pk == head.to_wallet_id or wallet.archived_at for wallet in hidden):
        raise PermissionDenied(permission)
