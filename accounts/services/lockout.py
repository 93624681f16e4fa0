"""Counting wrong passwords and codes, and letting in again."""

from collections.abc import Sequence

from accounts import lockout
from accounts.lockout import Key, Reservation
from accounts.models import LoginThrottle, User
from accounts.rules import normalise_email
from accounts.sessions import require_operator
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.errors import NotFound
from financebot.common.usecase import use_case


@use_case
def reserve_try(
    *, actor: Actor, keys: Sequence[Key], email: str = "", user_id: int | None = None
) -> Reservation | None:
    """Count a try before it is looked at; None while it is locked. Locks the rows that count; a lock that begins is
    an event about whose account it is: the actor's, or the one that `user_id` or `email` names."""
    reservation = lockout.reserve(keys)
    if reservation and reservation.locks:
        named = User.objects.filter(email=normalise_email(email)).values_list("pk", flat=True).first()
        kinds = LoginThrottle.objects.filter(pk__in=[pk for pk, until in reservation.rows.items() if until])
        changes = {"locked": (None, sorted(kinds.values_list("kind", flat=True)))}
        trail.record(Event(EventName.LOCKED_OUT, "user", actor.user or user_id or named or 0, changes), actor=actor)
    return reservation


@use_case
def unlock(*, actor: Actor, throttle_id: int) -> None:
    """Forget the wrong tries under one key: for operators. Raises PermissionDenied, NotFound; locks the row."""
    require_operator(actor)
    row = LoginThrottle.objects.select_for_update(no_key=True).filter(pk=throttle_id).first()
    if row is None:
        raise NotFound
    row.failures, row.until = 0, None
    row.save(update_fields=["failures", "until"])
    trail.record(Event(EventName.UNLOCKED, "lockout", row.pk, {"kind": (None, row.kind)}), actor=actor)
