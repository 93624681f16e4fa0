from celery import shared_task
from django.core.management import call_command

from audit.seals import seal_once


@shared_task(name="audit.purge_access_log")
def purge_access_log() -> None:
    call_command("purge_access_log")


@shared_task(name="audit.seal_events")
def seal_events() -> None:
    while seal_once():
        pass
