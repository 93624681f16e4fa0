from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from financebot.api.models import IdempotencyKey
from financebot.common import clock


class Command(BaseCommand):
    help = f"Delete Idempotency-Keys and their answers after the {settings.IDEMPOTENCY_HOURS} hours that they count."

    def handle(self, *args: Any, **options: Any) -> None:
        old = IdempotencyKey.objects.filter(created_at__lt=clock.now() - timedelta(hours=settings.IDEMPOTENCY_HOURS))
        deleted, _ = old.delete()
        self.stdout.write(f"{deleted} keys deleted")
