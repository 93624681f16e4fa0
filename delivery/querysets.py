from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from delivery.models import Delivery  # noqa: F401 - what the querysets are of


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> "DeliveryQuerySet":
        """What is to be tried, that which has waited longest first."""
        return self.filter(state="waiting", next_try_at__lte=now).order_by("next_try_at", "pk")

    def to_people(self, users: Iterable[int]) -> "DeliveryQuerySet":
        return self.filter(target_kind="person", target__in=users)

    def lock_free(self) -> "DeliveryQuerySet":
        """Rows locked, without those that somebody else has locked."""
        return self.select_for_update(no_key=True, of=("self",), skip_locked=True)
