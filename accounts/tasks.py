from celery import shared_task

from accounts import codes


@shared_task(name="accounts.purge_codes")
def purge_codes() -> None:
    codes.purge()
