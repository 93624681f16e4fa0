from celery import shared_task

from delivery.outbox import deliver_once


@shared_task(name="delivery.deliver")
def deliver() -> None:
    """Deliver what is due."""
    while deliver_once():
        pass
