"""What people hear of their own account: links that they asked for, and what happened that they should know of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from accounts.models import User
from audit.models import EventLog
from audit.names import EventName
from delivery import rules
from delivery.models import Delivery, DeliveryState, Outlet, TargetKind
from financebot.common import clock

RESETS = (EventName.PASSWORD_RESET_ASKED, EventName.REGISTRATION_REPEATED, EventName.ACCOUNT_SECURED)
VERIFICATIONS = (EventName.REGISTERED, EventName.VERIFICATION_ASKED)
ALERTS = (
    EventName.PASSWORD_CHANGED,
    EventName.PASSWORD_RESET,
    EventName.EMAIL_CHANGE_ASKED,
    EventName.EMAIL_CHANGED,
    EventName.DATA_EXPORTED,
    EventName.REFRESH_REUSED,
    EventName.LOCKED_OUT,
    EventName.DEVICE_ADDED,
    EventName.DEVICE_CHANGED,
    EventName.TWO_FACTOR_ENABLED,
    EventName.TWO_FACTOR_DISABLED,
    EventName.OAUTH_LINKED,
    EventName.TELEGRAM_BOUND,
)
TOLD = frozenset((*RESETS, *VERIFICATIONS, *ALERTS))
STALE = timedelta(days=7)


def tell_people(events: Sequence[EventLog]) -> None:
    """A sink: a delivery for each event and the person whose account it is about, if they have an address.

    An alert beyond the fifth of its kind in a day joins the digest of the next; a link beyond the fifth in an hour is
    not sent, since those that were still work.
    """
    now = clock.now()
    told = [event for event in events if event.name in TOLD and event.created_at > now - STALE]
    people = reachable({person_of(event) for event in told}) if told else {}
    if not people:
        return
    before = _told_before(people, now)
    for event in told:
        user = people.get(person_of(event))
        if user is None or not is_wanted(event, user):
            continue
        kind = (user.pk, event.name)
        before[kind] += 1
        if before[kind] <= rules.LETTERS_MAX:
            _write(event, user, due=now)
        elif event.name in ALERTS and not _join_digest(event, user):
            _write(event, user, due=rules.start_of_day(now) + timedelta(days=1), gathers=1)


def person_of(event: EventLog) -> int:
    """The user whose account an event is about: of a session its owner. 0 for nobody."""
    if event.entity_type == "user":
        return event.entity_id
    _, user = event.changes.get("user_id", (None, 0))
    return int(user or 0)


def is_wanted(event: EventLog, user: User) -> bool:
    """A link that proves an address has a point only while that is not proven."""
    return event.name not in VERIFICATIONS or (settings.EMAIL_VERIFICATION != "off" and user.email_verified_at is None)


def reachable(users: Iterable[int]) -> dict[int, User]:
    found: dict[int, User] = User.objects.filter(is_active=True, email__isnull=False).in_bulk(list(users))
    return found


def _told_before(people: Iterable[int], now: datetime) -> Counter[tuple[int, str]]:
    """How many letters of each kind each of them has had in the time that counts for it."""
    day, hour = rules.start_of_day(now), now - rules.LINK_WINDOW
    had = Delivery.objects.to_people(people).filter(created_at__gte=min(day, hour))
    return Counter(
        (user, name)
        for user, name, moment in had.values_list("target", "event__name", "created_at")
        if moment >= (day if name in ALERTS else hour)
    )


def _write(event: EventLog, user: User, *, due: datetime, gathers: int = 0) -> None:
    Delivery.objects.create(
        event=event,
        outlet=Outlet.EMAIL,
        target_kind=TargetKind.PERSON,
        target=user.pk,
        next_try_at=due,
        gathers=gathers,
    )


def _join_digest(event: EventLog, user: User) -> bool:
    """Count it in a digest that nobody has tried to send yet; whether there was one. Locks its row."""
    digests = Delivery.objects.to_people([user.pk]).filter(event__name=event.name, gathers__gt=0)
    waiting = digests.filter(state=DeliveryState.WAITING, attempts=0)
    return bool(waiting.update(gathers=F("gathers") + 1))
