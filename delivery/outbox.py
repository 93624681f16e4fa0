"""Delivering what waits: at least once, after the commit, from rows; a broken outlet delays and loses nothing."""

import logging

from delivery import rules, writing
from delivery.models import Delivery, DeliveryState
from financebot.common import clock
from financebot.common.usecase import unit_of_work

log = logging.getLogger("financebot.outbox")

BATCH = 20


def deliver_once() -> int:
    """Try at most a batch of what is due; how many. Safe to run anywhere, any number of times at once."""
    tried = 0
    while tried < BATCH and (delivery := _take()):
        _try(delivery)
        tried += 1
    return tried


def _take() -> Delivery | None:
    """Something that is due, put off until its next try before it is tried: so nobody else takes it meanwhile, and
    if we crash, it is tried again then. Locks the row, passing by those that others have locked."""
    if not Delivery.objects.due(clock.now()).exists():
        return None  # without a write lock: on SQLite there is one writer
    with unit_of_work():
        delivery = Delivery.objects.due(clock.now()).select_related("event").lock_free().first()
        if delivery:
            delivery.attempts += 1
            delivery.next_try_at = clock.now() + rules.pause_after(delivery.attempts)
            delivery.save(update_fields=["attempts", "next_try_at"])
    return delivery


def _try(delivery: Delivery) -> None:
    """Whatever goes wrong is of this delivery alone. Its words are not logged: they may hold what the letter holds."""
    try:
        _end(delivery, _send(delivery))
    except Exception as error:  # noqa: BLE001
        given_up = delivery.attempts >= rules.TRIES_MAX
        log.warning(
            "delivery %s, try %s: %s%s",
            delivery.pk,
            delivery.attempts,
            type(error).__name__,
            "; given up" if given_up else "",
        )
        if given_up:
            _end(delivery, DeliveryState.FAILED)


def _send(delivery: Delivery) -> DeliveryState:
    """Write the letter, and after the commit of its code send it. A letter whose sending is not noted is sent twice."""
    letter = writing.write(delivery)
    if letter is None:
        return DeliveryState.DROPPED
    letter.send()
    return DeliveryState.SENT


def _end(delivery: Delivery, state: DeliveryState) -> None:
    sent_at = clock.now() if state is DeliveryState.SENT else None
    waiting = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.WAITING)
    waiting.update(state=state, sent_at=sent_at)
