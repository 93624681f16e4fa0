from celery import shared_task
from django.core.management import call_command


@shared_task(name="audit.purge_access_log")
def purge_access_log() -> None:
    call_command("purge_access_log")
