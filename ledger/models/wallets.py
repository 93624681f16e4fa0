from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as lazy

from families.models import Family, Membership
from families.roles import Access, P
from financebot.common import clock, money
from financebot.common.fields import MoneyField
from ledger.kinds import SYSTEM_KINDS, CategoryKind, Visibility, WalletType, choices
from ledger.querysets import CategoryQuerySet, WalletQuerySet


def bounded(name: str, *fields: str) -> models.CheckConstraint:
    """No balance or total beyond ±900,000,000,000,000: a BIGINT then never overflows when two are added."""
    condition = Q()
    for field in fields:
        condition &= Q(**{f"{field}__gte": -money.LIMIT, f"{field}__lte": money.LIMIT})
    return models.CheckConstraint(condition=condition, name=name)


class Wallet(models.Model):
    """Where money is. `holder` null: the family's. `overdraft_limit` null: without bound, 0: never below zero.

    `balance` and `held` are changed by `ledger.booking` alone. `last_posting` is the database's witness: the balance
    only ever moves by exactly the amount of the posting that it names.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="wallets")
    name = models.CharField(max_length=100)
    type = models.CharField(max_length=10, choices=choices(WalletType))
    currency = models.CharField(max_length=3)
    holder = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="wallets")
    visibility = models.CharField(max_length=12, choices=choices(Visibility), default=Visibility.SHARED.value)
    balance = MoneyField(default=Decimal(0))
    held = MoneyField(default=Decimal(0))
    overdraft_limit = MoneyField(null=True)
    last_posting = models.ForeignKey(
        "ledger.Posting", on_delete=models.PROTECT, db_index=False, null=True, related_name="+"
    )
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    objects = WalletQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=list(WalletType)), name="ledger_wallet_type_known"),
            models.CheckConstraint(condition=Q(visibility__in=list(Visibility)), name="ledger_visibility_known"),
            models.CheckConstraint(
                condition=Q(visibility=Visibility.SHARED) | Q(holder__isnull=False),
                name="ledger_hidden_has_holder",
            ),
            models.CheckConstraint(condition=Q(held__gte=Decimal(0)), name="ledger_held_not_negative"),
            models.CheckConstraint(
                condition=Q(overdraft_limit__isnull=True) | Q(overdraft_limit__gte=Decimal(0)),
                name="ledger_overdraft_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(archived_at__isnull=True)
                | Q(balance=Decimal(0), held=Decimal(0))
                | (~Q(visibility=Visibility.SHARED) & Q(held=Decimal(0))),
                name="ledger_archived_is_empty",
            ),
            bounded("ledger_wallet_bounded", "balance", "held"),
        ]
        indexes = [models.Index(fields=["family", "id"], name="ledger_wallet_of_family")]

    def __str__(self) -> str:
        return self.name

    @property
    def holders(self) -> tuple[int | None]:
        return (self.holder_id,)

    def shows_rows_to(self, membership: int) -> bool:
        """Whether what moved on it is for this member to see, and so theirs to judge."""
        return self.visibility == Visibility.SHARED or self.holder_id == membership

    def shows_to(self, access: Access) -> bool:
        """Whether a member sees this wallet: the same answer as `WalletQuerySet.seen_by`, on a row in hand."""
        if self.visibility == Visibility.PRIVATE and self.holder_id != access.membership:
            return False
        return access.reaches(P.VIEW_WALLETS, self)

    def opens_to(self, access: Access) -> bool:
        """Whether a member sees this wallet and what moved on it: the answer of `WalletQuerySet.opened_to`."""
        return self.shows_rows_to(access.membership) and self.shows_to(access)

    @property
    def available(self) -> Decimal:
        available: Decimal = self.balance - self.held
        return available


class Category(models.Model):
    """What money is for or from. `fallback`: where an entry goes that names none; one for each kind.

    `merged_into`: the category that this archived one counts as, since facts on record never change.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="categories")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=choices(CategoryKind))
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    icon = models.CharField(max_length=30, blank=True, default="")
    colour = models.CharField(max_length=7, blank=True, default="")
    fallback = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = lazy("categories")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(CategoryKind)), name="ledger_category_kind_known"),
            models.UniqueConstraint(
                fields=["family", "kind"],
                condition=Q(kind__in=list(SYSTEM_KINDS)),
                name="ledger_one_system_category",
            ),
            models.UniqueConstraint(
                fields=["family", "kind"], condition=Q(fallback=True), name="ledger_one_fallback_category"
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(archived_at__isnull=False), name="ledger_merged_is_archived"
            ),
        ]
        indexes = [models.Index(fields=["family", "id"], name="ledger_category_of_family")]

    def __str__(self) -> str:
        return self.name
