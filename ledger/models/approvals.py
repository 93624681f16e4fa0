from django.db import models
from django.db.models import Q

from families.models import Family, Membership
from financebot.common import clock
from ledger.kinds import Decision, choices
from ledger.models.movements import Transaction


class Approval(models.Model):
    """What one approver said of one version of a pending transaction; never changed."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, db_index=False, related_name="approvals")
    version = models.PositiveIntegerField()
    approver = models.ForeignKey(Membership, on_delete=models.PROTECT, db_index=False, related_name="approvals")
    decision = models.CharField(max_length=10, choices=choices(Decision))
    note = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=list(Decision)), name="ledger_decision_known"),
            models.UniqueConstraint(fields=["transaction", "version", "approver"], name="ledger_one_approval_each"),
        ]

    def __str__(self) -> str:
        return f"{self.decision} by {self.approver_id}"
