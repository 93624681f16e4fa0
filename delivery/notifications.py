"""Who is to hear of what: the approvers of a pending entry, each with a delivery of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.models import EventLog
from audit.names import EventName
from delivery.models import Delivery, Outlet, TargetKind
from families import access as families_access
from families.models import Membership
from families.roles import Access
from ledger.approvers import eligible
from ledger.kinds import Status
from ledger.models import Transaction

ASKS = (EventName.TRANSACTION_PENDING, EventName.TRANSACTION_EDITED)  # an edit makes a new version to ask about


@dataclass(frozen=True, slots=True)
class Question:
    """A pending entry as it stands now, somebody who may approve it, their address, what they see of the family."""

    entry: Transaction
    approver: Membership
    address: str
    access: Access


def ask_approvers(events: Sequence[EventLog]) -> None:
    """A sink: a delivery for each event that asks and each person with an address who may approve what it is about."""
    asking = [event for event in events if event.name in ASKS]
    about = Transaction.objects.filter(pk__in={event.entity_id for event in asking}, status=Status.PENDING_APPROVAL)
    approvers = {entry.pk: [m for m in eligible(entry) if m.user.email] for entry in about}
    Delivery.objects.bulk_create(
        Delivery(event=event, outlet=Outlet.EMAIL, target_kind=TargetKind.MEMBER, target=member.pk)
        for event in asking
        for member in approvers.get(event.entity_id, ())
    )


def question(delivery: Delivery) -> Question | None:
    """What is still to be asked, or None: decided, edited since, or not for this person to approve or see any more."""
    event = delivery.event
    pending = Transaction.objects.filter(status=Status.PENDING_APPROVAL, family__archived_at__isnull=True)
    parts = ("family", "author__user", "payee", "from_wallet__holder__user", "to_wallet__holder__user")
    entry = pending.select_related(*parts).filter(pk=event.entity_id).first()
    if entry is None or _is_overtaken(event):
        return None
    approver = next((m for m in eligible(entry) if m.pk == delivery.target), None)
    if approver is None or not approver.user.email:
        return None
    access = families_access.of(approver)
    if not Transaction.objects.seen_by(access).filter(pk=entry.pk).exists():
        return None
    return Question(entry, approver, approver.user.email, access)


def _is_overtaken(event: EventLog) -> bool:
    """Whether a later event asks about the same entry. Events of one entry have ids in the order of their commits:
    the entry is locked when they are written. Asked after the entry was read: a version read later has its event."""
    events = EventLog.objects.in_family(event.family_id or 0).filter(name__in=ASKS)
    return events.filter(entity_type=event.entity_type, entity_id=event.entity_id, pk__gt=event.pk).exists()
