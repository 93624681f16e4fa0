from celery import shared_task
from django.core.management import call_command


@shared_task(name="api.purge_idempotency_keys")
def purge_idempotency_keys() -> None:
    call_command("purge_idempotency_keys")
