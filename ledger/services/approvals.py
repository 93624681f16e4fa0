"""Use cases on what waits: approving, rejecting, cancelling, letting expire."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode
from audit import trail
from audit.names import EventName
from audit.trail import Actor
from families.access import enter
from families.roles import Access, P, Role
from financebot.common import clock
from financebot.common.errors import Changed, NotFound, PermissionDenied, StepUpRequired
from financebot.common.usecase import use_case
from ledger import approvers, booking, events, rules
from ledger.errors import AlreadyDecided, OwnTransaction
from ledger.kinds import Decision, Status
from ledger.models import Approval, Transaction


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`approvals`: how many there are so far, of this version, by people who may still give one."""

    id: int
    status: str
    executed_at: datetime | None
    approvals: int


@use_case
def confirm_transaction(*, actor: Actor, transaction_id: int, token: str | None, version: int | None) -> Confirmation:
    """Approve a version of a pending transaction (the one at hand where none is named); the last approval executes it.

    `token`: a confirmation token, which names its version and counts as a fresh proof. Locks the family (shared), the
    transaction with what it replaces, the wallets, the totals. Raises NotFound, InvalidCode, PermissionDenied,
    StepUpRequired, OwnTransaction, AlreadyDecided, Changed, and what an execution may be refused for.
    """
    access = enter(actor)
    head = booking.lock_seen(access, transaction_id)
    code = _code_for(head, access, token) if token else None
    voter = access.proven() if code else access
    voter.require(rules.permission_to_approve(head.base_amount, access.policy))
    is_own = access.membership in {head.author_id, head.last_editor_id}
    if is_own:
        _require_marked_case(voter, head)
    if head.status != Status.PENDING_APPROVAL:
        raise AlreadyDecided
    if head.version != (code.payload["version"] if code else version or head.version):
        raise Changed
    made_by_owner = approvers.made_by_owner(head)
    if access.role is not Role.OWNER and rules.needs_an_owner(
        head.base_amount, access.policy, made_by_owner=made_by_owner
    ):
        raise PermissionDenied(P.APPROVE_LARGE_TRANSACTION)
    if code:
        codes.spend(code)
    if is_own:
        head.self_approved = True
        Transaction.objects.filter(pk=head.pk).update(self_approved=True)
    _decide(access, head, Decision.APPROVED)
    votes = approvers.votes(head, access.policy)
    if is_own or rules.is_approved(head.base_amount, votes, access.policy, made_by_owner=made_by_owner):
        happened = _execute(access, head, channel=actor.channel)
    else:
        happened = [events.approved(head, access.membership)]
    trail.record(*happened, actor=actor)
    return Confirmation(head.pk, head.status, head.executed_at, len(votes))


@use_case
def reject_transaction(*, actor: Actor, transaction_id: int, reason: str) -> Transaction:
    """Refuse a pending transaction; what it held is free again. Locks the family (shared), the transaction, its
    wallets. Raises NotFound, PermissionDenied, OwnTransaction, AlreadyDecided."""
    access = enter(actor)
    head = booking.lock_seen(access, transaction_id)
    access.require(P.REJECT_TRANSACTION)
    if head.author_id == access.membership:
        raise OwnTransaction
    if head.status != Status.PENDING_APPROVAL:
        raise AlreadyDecided
    _decide(access, head, Decision.REJECTED, note=reason)
    booking.stop_waiting(head, Status.REJECTED)
    trail.record(events.ended(EventName.TRANSACTION_REJECTED, head, reason), actor=actor)
    return head


@use_case
def cancel_transaction(*, actor: Actor, transaction_id: int) -> Transaction:
    """Take back one's own draft or pending transaction. Locks the family (shared), the transaction, its wallets.

    Raises NotFound, PermissionDenied, AlreadyDecided.
    """
    access = enter(actor)
    head = booking.lock_seen(access, transaction_id)
    access.require(P.CANCEL_OWN_PENDING, on=head)
    if head.status not in {Status.DRAFT, Status.PENDING_APPROVAL}:
        raise AlreadyDecided
    before = head.status
    booking.stop_waiting(head, Status.CANCELLED)
    trail.record(events.ended(EventName.TRANSACTION_CANCELLED, head, before=before), actor=actor)
    return head


@use_case
def expire_transaction(*, actor: Actor, transaction_id: int) -> None:
    """End the waiting of a transaction that nobody decided in thirty days; the clock does it. Locks the family
    (shared), the transaction, its wallets. Raises NotFound where there is none such any more."""
    access = enter(actor)
    head = Transaction.objects.in_family(access.family).overdue().lock().filter(pk=transaction_id).first()
    if head is None:
        raise NotFound
    booking.stop_waiting(head, Status.EXPIRED)
    trail.record(events.ended(EventName.TRANSACTION_EXPIRED, head), actor=actor)


def _code_for(head: Transaction, access: Access, token: str) -> OneTimeCode:
    code = codes.look_up(CodePurpose.CONFIRMATION, token)
    if code.subject != head.pk or code.payload["membership"] != access.membership:
        raise InvalidCode
    return code


def _require_marked_case(voter: Access, head: Transaction) -> None:
    """Only an owner approves their own, where nobody else could, and with a fresh proof."""
    if voter.role is not Role.OWNER or approvers.eligible(head):
        raise OwnTransaction
    if not voter.fresh:
        raise StepUpRequired


def _decide(access: Access, head: Transaction, decision: Decision, note: str = "") -> None:
    said = Approval.objects.filter(transaction=head, version=head.version, approver_id=access.membership)
    if said.exists():
        raise AlreadyDecided
    Approval.objects.create(
        family_id=access.family,
        transaction=head,
        version=head.version,
        approver_id=access.membership,
        decision=decision,
        note=note,
    )


def _execute(access: Access, head: Transaction, *, channel: str) -> list[Any]:
    """Everything is checked again: days, wallets, funds."""
    today = clock.today(access.policy.timezone)
    wallets = booking.lock_all(*filter(None, (head, head.replaces)))
    booking.check_open(wallets.values())
    rules.check_day(head.occurred_on, today=today, closed_until=access.policy.closed_until)
    happened = events.executed(head, before=Status.PENDING_APPROVAL)
    entry = booking.entry_of(head)
    if head.replaces is None:
        booking.post_held(entry, wallets, original=None, reversal=None)
        return [happened]
    original = booking.entry_of(head.replaces)
    reversal = booking.take_back(access, original, author=head.author_id, channel=channel)
    booking.post_held(entry, wallets, original=original, reversal=reversal)
    return [happened, events.replaced(head.replaces, head)]
