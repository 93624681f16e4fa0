from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from audit.models import AccessLog, AuditSeal, EventLog  # noqa: F401 - what the querysets are of


class EventQuerySet(models.QuerySet["EventLog"]):
    def in_family(self, family_id: int) -> "EventQuerySet":
        return self.filter(family_id=family_id)

    def open_to(self, membership: int) -> "EventQuerySet":
        """Without what is for other members alone."""
        return self.filter(Q(only_for_id=None) | Q(only_for_id=membership))

    def numbered(self) -> "EventQuerySet":
        return self.filter(position__isnull=False)

    def unsealed(self, sealed: int) -> "EventQuerySet":
        """Those after position `sealed`, and those that have none yet."""
        return self.filter(Q(position__isnull=True) | Q(position__gt=sealed))


class SealQuerySet(models.QuerySet["AuditSeal"]):
    def latest_one(self) -> "AuditSeal | None":
        return self.order_by("-last").first()


class AccessLogQuerySet(models.QuerySet["AccessLog"]):
    def in_family(self, family_id: int) -> "AccessLogQuerySet":
        return self.filter(family_id=family_id)
