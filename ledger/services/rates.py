"""Use cases on exchange rates."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from audit import trail
from audit.trail import Actor
from families.access import enter
from families.roles import P
from financebot.common import clock
from financebot.common.errors import DateInFuture, DateTooEarly
from financebot.common.usecase import use_case
from ledger import events
from ledger.models import ExchangeRate

MANUAL = "manual"


@use_case
def set_rate(*, actor: Actor, fields: Mapping[str, Any]) -> ExchangeRate:
    """What one unit of `base` costs in `quote` for the family from `day` on; without a day, from today in its zone.

    The one that the family had for that pair and day is set anew; one for all families is another, and stays. What is
    on record keeps the rate it used.
    Locks the family alone: two who set the same day's rate at once are one after the other.
    Raises PermissionDenied, DateTooEarly, DateInFuture (later than tomorrow).
    """
    access = enter(actor, alone=True)
    access.require(P.MANAGE_EXCHANGE_RATES)
    today = clock.today(access.policy.timezone)
    day = fields.get("day", today)
    if day < clock.FIRST_DAY:
        raise DateTooEarly(field="date")
    if day > today + timedelta(days=1):
        raise DateInFuture(field="date")
    own = ExchangeRate.objects.in_family(access.family)
    rate = own.filter(base=fields["base"], quote=fields["quote"], day=day).first()
    if rate is None:
        before = None
        rate = ExchangeRate.objects.create(family_id=access.family, **{**fields, "day": day}, source=MANUAL)
    else:
        before, rate.rate, rate.source = rate.rate, fields["rate"], MANUAL
        rate.save(update_fields=["rate", "source"])
    trail.record(events.rate_added(rate, before), actor=actor)
    return rate
