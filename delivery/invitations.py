"""Invitations that name an address are mailed to it."""

from collections.abc import Sequence

from audit.models import EventLog
from audit.names import EventName
from delivery.models import Delivery, Outlet, TargetKind
from families.models import Invitation
from financebot.common import clock


def tell_invited(events: Sequence[EventLog]) -> None:
    """A sink: a delivery for each invitation that names an address and is still open."""
    made = {event.entity_id: event for event in events if event.name == EventName.INVITATION_CREATED}
    if not made:
        return
    mailed = Invitation.objects.open().filter(pk__in=made, email__isnull=False, expires_at__gt=clock.now())
    Delivery.objects.bulk_create(
        Delivery(event=made[pk], outlet=Outlet.EMAIL, target_kind=TargetKind.INVITATION, target=pk)
        for pk in mailed.order_by("pk").values_list("pk", flat=True)
    )


def lock_open(invitation_id: int) -> Invitation | None:
    """What there still is to accept, or None. Locked: it does not end before it has its code, which ends with it."""
    open_ones = Invitation.objects.open().filter(family__archived_at__isnull=True, expires_at__gt=clock.now())
    parts = ("family", "invited_by__user")
    locked = open_ones.select_related(*parts).select_for_update(no_key=True, of=("self",))
    return locked.filter(pk=invitation_id, email__isnull=False).first()
