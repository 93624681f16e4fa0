from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from audit.models import AccessLog
from financebot.common import clock


class Command(BaseCommand):
    help = f"Delete rows of the access log that are older than {settings.ACCESS_LOG_DAYS} days."

    def handle(self, *args: Any, **options: Any) -> None:
        old = AccessLog.objects.filter(created_at__lt=clock.now() - timedelta(days=settings.ACCESS_LOG_DAYS))
        deleted, _ = old.delete()
        self.stdout.write(f"{deleted} rows deleted")
