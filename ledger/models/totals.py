from django.db import models

from families.models import Family, Membership
from financebot.common.fields import MoneyField
from ledger.models.wallets import Category, Wallet, bounded


class MonthTotal(models.Model):
    """Category postings by share, summed for the month of `occurred_on` (its first day), wallet, category, member."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="+")
    month = models.DateField()
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="+")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, db_index=False, related_name="+")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, db_index=False, related_name="+")
    currency = models.CharField(max_length=3)
    amount = MoneyField()
    base_amount = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "month", "wallet", "category", "member", "currency"],
                name="ledger_month_total_once",
            ),
            bounded("ledger_month_total_bounded", "amount", "base_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.amount} {self.currency}"


class WalletMonth(models.Model):
    """All of a wallet's postings in a month, transfers too."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="+")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="months")
    month = models.DateField()
    amount = MoneyField()
    base_amount = MoneyField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "month"], name="ledger_wallet_month_once"),
            bounded("ledger_wallet_month_bounded", "amount", "base_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.amount}"
