from threading import Lock

from celery import shared_task

from delivery.outbox import deliver_once

delivering = Lock()


@shared_task(name="delivery.deliver")
def deliver() -> None:
    """Deliver what is due. One thread of a process does: a mail server that hangs leaves the others to other tasks."""
    if not delivering.acquire(blocking=False):
        return
    try:
        while deliver_once():
            pass
    finally:
        delivering.release()
