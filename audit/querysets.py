from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from audit.models import AccessLog, EventLog  # noqa: F401 - what the querysets are of


class EventQuerySet(models.QuerySet["EventLog"]):
    def in_family(self, family_id: int) -> "EventQuerySet":
        return self.filter(family_id=family_id)

    def numbered(self) -> "EventQuerySet":
        return self.filter(position__isnull=False)


class AccessLogQuerySet(models.QuerySet["AccessLog"]):
    def in_family(self, family_id: int) -> "AccessLogQuerySet":
        return self.filter(family_id=family_id)
