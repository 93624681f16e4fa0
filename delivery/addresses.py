"""A change of address is told to both: the new one is asked to prove itself, the one before how to take it back."""

from collections.abc import Sequence

from accounts.models import User
from audit.models import EventLog
from audit.names import EventName
from delivery.alerts import STALE
from delivery.models import Delivery, Outlet, TargetKind
from financebot.common import clock

TOLD = {
    EventName.EMAIL_CHANGE_ASKED.value: TargetKind.NEW_ADDRESS,
    EventName.EMAIL_CHANGED.value: TargetKind.FORMER,
}


def tell_both(events: Sequence[EventLog]) -> None:
    """A sink: a delivery for each event to the address that is not the account's own, beside the alert to that."""
    since = clock.now() - STALE
    Delivery.objects.bulk_create(
        Delivery(event=event, outlet=Outlet.EMAIL, target_kind=TOLD[event.name], target=event.entity_id)
        for event in events
        if event.name in TOLD and event.created_at > since
    )


def wanting(user_id: int) -> User | None:
    """Who still wants to have an address that is nobody's; to whose it is no letter goes."""
    user = User.objects.filter(pk=user_id, is_active=True, new_email__isnull=False).first()
    return None if user and User.objects.holding(user.new_email).exists() else user


def regretting(user_id: int) -> User | None:
    """Who has an address before, which can still take the account back."""
    found: User | None = User.objects.filter(pk=user_id, is_active=True, former_until__gt=clock.now()).first()
    return found
