from celery import shared_task
from django.core.management import call_command


@shared_task(name="ledger.expire_pending")
def expire_pending() -> None:
    call_command("expire_pending", verbosity=0)
