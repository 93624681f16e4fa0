"""The Celery app: what the worker and the clock run, and by which others poke them by name."""

import os
import signal
from typing import Any

from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financebot.settings")

app = Celery("financebot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def stop_when_told(**_: Any) -> None:
    """Stop at once: Celery would look only every two seconds whether it was told to. What is under way is finished."""

    def stop(*_: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise WorkerShutdown(os.EX_OK)

    signal.signal(signal.SIGTERM, stop)
