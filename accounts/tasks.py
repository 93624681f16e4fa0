from celery import shared_task

from accounts import codes, erasing, lockout, services
from accounts.rules import last_monday
from audit.trail import SCHEDULE, Actor
from financebot.common import clock
from financebot.common.usecase import unit_of_work


@shared_task(name="accounts.purge")
def purge() -> None:
    codes.purge()
    lockout.purge()
    erasing.sweep()


@shared_task(name="accounts.end_week")
def end_week() -> None:
    """Asked every hour, and done once a week: a worker that was down on Monday catches up."""
    with unit_of_work():
        services.end_week(actor=Actor(channel=SCHEDULE), monday=last_monday(clock.today("UTC")))
