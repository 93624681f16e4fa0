"""What operators hear of each week: how often what happened to accounts and clients, in figures alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count

from accounts.models import User
from accounts.querysets import UserQuerySet
from audit.models import EventLog
from audit.names import EventName
from audit.verify import Standing, standing
from delivery.alerts import STALE
from delivery.models import Delivery, Outlet, TargetKind
from financebot.common import clock

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """`first` to `last`: its days in UTC; `counts`: events by name; `seals`: how far they are sealed now."""

    first: date
    last: date
    counts: dict[str, int]
    seals: Standing


def tell_operators(events: Sequence[EventLog]) -> None:
    """A sink: a delivery for each week that has ended and each operator who was one before its end."""
    ended = [event for event in events if event.name == EventName.WEEK_ENDED]
    for event in ended:
        if event.created_at > clock.now() - STALE:
            until = _bounds(event)[1]
            Delivery.objects.bulk_create(
                Delivery(event=event, outlet=Outlet.EMAIL, target_kind=TargetKind.OPERATOR, target=operator)
                for operator in _operators().filter(created_at__lt=until).order_by("pk").values_list("pk", flat=True)
            )


def operator(user_id: int) -> User | None:
    """An operator who still is one and can be reached."""
    found: User | None = _operators().filter(pk=user_id).first()
    return found


def week(event: EventLog) -> Week:
    """What happened in the week that an event says has ended."""
    since, until = _bounds(event)
    rows = EventLog.objects.filter(family_id=None, created_at__gte=since, created_at__lt=until).order_by()
    counts = dict(rows.values_list("name").annotate(count=Count("pk")))
    return Week(since.date(), (until - timedelta(days=1)).date(), counts, standing())


def _operators() -> UserQuerySet:
    found: UserQuerySet = User.objects.filter(is_superuser=True, is_active=True, email__isnull=False)
    return found


def _bounds(event: EventLog) -> tuple[datetime, datetime]:
    since = datetime.combine(date.fromisoformat(event.changes["monday"][1]), time(), UTC)
    return since, since + WEEK
