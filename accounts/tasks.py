from celery import shared_task

from accounts import codes, erasing, lockout


@shared_task(name="accounts.purge")
def purge() -> None:
    codes.purge()
    lockout.purge()
    erasing.sweep()
