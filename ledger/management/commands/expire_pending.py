import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit.trail import Actor
from families.errors import FamilyArchived
from financebot.common.errors import NotFound
from financebot.common.usecase import unit_of_work
from ledger.models import Transaction
from ledger.services import expire_transaction


class Command(BaseCommand):
    help = "End the waiting of transactions that nobody decided in thirty days. Safe to run twice, or at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print how many as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        overdue = Transaction.objects.overdue().filter(family__archived_at__isnull=True)
        done = sum(_expire(family, pk) for family, pk in overdue.order_by("pk").values_list("family", "pk"))
        self.stdout.write(json.dumps({"expired": done}) if options["json"] else f"{done} transactions expired")


def _expire(family_id: int, transaction_id: int) -> bool:
    """Whether it was still there to expire."""
    try:
        with unit_of_work():
            expire_transaction(actor=Actor.clock(family_id), transaction_id=transaction_id)
    except (NotFound, FamilyArchived):
        return False
    return True
