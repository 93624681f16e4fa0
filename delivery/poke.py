"""Telling a worker that something is due, so that it need not wait for the clock."""

import logging
from typing import Any

from celery import current_app

from delivery.models import Delivery
from financebot.common import clock

log = logging.getLogger("financebot.outbox")

SECONDS = 0.5
DELIVER = "delivery.deliver"
UNHEARD = 60  # seconds after which nobody needs it any more: the clock has come by itself


def poke() -> None:
    """Ask for the outbox to be looked at, if anything in it is due. Never raises: a broker that is away delays only."""
    if not Delivery.objects.due(clock.now()).exists():
        return
    try:
        with broker() as connection:
            current_app.send_task(DELIVER, connection=connection, retry=False, expires=UNHEARD)
    except Exception as error:  # noqa: BLE001 - whatever a broker's library may raise
        log.warning("no worker could be told of what is due: %s", type(error).__name__)


def broker() -> Any:
    """A connection to where tasks travel that gives up soon; to be closed."""
    patience = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS, "max_retries": 0}
    return current_app.connection_for_write(connect_timeout=SECONDS, transport_options=patience)
