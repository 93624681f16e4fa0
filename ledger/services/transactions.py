"""Use cases that record: one entry, many at once, and a draft that is ready."""

from collections.abc import Sequence
from dataclasses import replace

from audit import trail
from audit.trail import Actor
from families.access import enter
from families.roles import P
from financebot.common import clock
from financebot.common.usecase import use_case
from ledger import booking, events
from ledger.booking import Books, Entry
from ledger.errors import AlreadyDecided
from ledger.kinds import Status
from ledger.rules import Draft


@use_case
def create_transaction(*, actor: Actor, draft: Draft) -> Entry:
    """Record what happened: executed at once, pending approval with its amount held, or kept as a draft.

    Locks the family (shared), the author's membership if limited, what is refunded, the wallets in id order, the
    totals. Raises SameWallet, UnknownReference, PermissionDenied, WalletArchived, the errors of amount, day, category,
    split, refund and rate, AlreadyRecorded, InsufficientFunds; then nothing is written.
    """
    access = enter(actor)
    access.require(booking.permission_for(draft))
    entry = booking.record_one(access, draft, channel=actor.channel)
    trail.record(*events.recorded(entry.transaction), actor=actor)
    return entry


@use_case
def create_transactions(*, actor: Actor, drafts: Sequence[Draft]) -> list[Entry]:
    """Record many, all or nothing; each is decided as if it came alone, in their order.

    Locks and raises as one creation does; Several names every row that is wrong.
    """
    access = enter(actor)
    access.require(P.BULK_TRANSACTIONS)
    entries = booking.record(access, drafts, channel=actor.channel)
    trail.record(*(event for entry in entries for event in events.recorded(entry.transaction)), actor=actor)
    return entries


@use_case
def submit_transaction(*, actor: Actor, transaction_id: int) -> Entry:
    """A draft becomes an entry, decided as a new one of its author. Locks and raises as a creation does, and
    NotFound, AlreadyDecided for what is no draft."""
    access = enter(actor)
    author = booking.lock_spender(access)
    head = booking.lock_seen(access, transaction_id)
    if head.status != Status.DRAFT:
        raise AlreadyDecided
    books, draft = Books(access), booking.draft_of(booking.entry_of(head))
    access.require(booking.permission_for(draft))
    books.lock_original(draft.refund_of)
    wallets = booking.lock_wallets(access, booking.wallet_fields(draft))
    planned = booking.plan_within(books, draft, wallets)
    books.claim_source_ref(draft, head.source_ref)
    head.counted_from = clock.now() if planned.counts else None
    entry = booking.rewrite(head, planned.fields, planned.lines, "counted_from")
    with booking.alone():
        booking.settle(access, {0: (planned, entry)}, wallets, author)
    if head.executed_at:
        booking.total(entry)
    trail.record(events.submitted(head), actor=actor)
    return replace(entry, tags=[tag.name for tag in head.tags.all()])
