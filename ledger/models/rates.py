from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from families.models import Family
from financebot.common import clock
from ledger.querysets import ExchangeRateQuerySet


class ExchangeRate(models.Model):
    """What one unit of `base` costs in `quote` from `day` on; without a family it is for all of them.

    Transactions keep the rate they used: a rate that is set anew changes nothing that is on record.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, null=True, related_name="rates")
    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    day = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    source = models.CharField(max_length=30, default="manual")
    created_at = models.DateTimeField(default=clock.now)

    objects = ExchangeRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=Decimal(0)), name="ledger_rate_positive"),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="ledger_rate_of_two_currencies"),
            models.UniqueConstraint(fields=["family", "base", "quote", "day"], name="ledger_one_rate_a_day"),
            models.UniqueConstraint(
                fields=["base", "quote", "day"], condition=Q(family__isnull=True), name="ledger_one_global_rate_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.day}"
