from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from families.models import Family, Membership
from financebot.common import clock
from financebot.common.fields import MoneyField
from ledger.kinds import Channel, Status, TransactionType, choices
from ledger.models.wallets import Category, Wallet, bounded
from ledger.querysets import PostingQuerySet, TransactionQuerySet

ONE_WALLET = ("opening", "adjustment")
TWO_WALLETS = ("transfer", "exchange")
CLAIMING = ~Q(source_ref="") & (Q(pending_since__isnull=False) | Q(executed_at__isnull=False))  # what was submitted


class Payee(models.Model):
    """Whom money went to or came from, a row for each way of writing it; `folded` finds it in any case
    (`financebot.common.text.fold`).

    Were there one row for all, what somebody wrote first in a hidden entry would show in the entries of others.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="payees")
    name = models.CharField(max_length=200)
    folded = models.CharField(max_length=600)  # folding makes at most three of one

    class Meta:
        constraints = [models.UniqueConstraint(fields=["family", "name"], name="ledger_payee_once")]
        indexes = [models.Index(fields=["family", "folded"], name="ledger_payee_folded")]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A row for each way of writing it, as of a payee."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="tags")
    name = models.CharField(max_length=50)
    folded = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["family", "name"], name="ledger_tag_once")]
        indexes = [models.Index(fields=["family", "folded"], name="ledger_tag_folded")]

    def __str__(self) -> str:
        return self.name


class Transaction(models.Model):
    """A movement of money. Its type follows from the wallets given; its money is in its postings.

    `amount` is in `currency`, that of the wallet it leaves (of an income: enters). `base_amount`, in the family's base
    currency, is what it counts as where people have to agree: what its postings say, or of an exchange what leaves by
    the last known rate, where that is more. `rate` is base per unit. `occurred_on` is a date in the family's time zone.
    `search` holds the words, folded in Python, since SQLite folds ASCII only. `counted_from`: from when it counts
    towards its author's spending limit, null where it does not. `shares_version`: which of its postings' shares are in
    force.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="transactions")
    type = models.CharField(max_length=10, choices=choices(TransactionType))
    status = models.CharField(max_length=16, choices=choices(Status))
    from_wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, db_index=False, related_name="outgoing"
    )
    to_wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, db_index=False, related_name="incoming")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    to_amount = MoneyField(null=True)
    base_amount = MoneyField()
    rate = models.DecimalField(max_digits=24, decimal_places=12)
    occurred_on = models.DateField()
    created_at = models.DateTimeField(default=clock.now)
    executed_at = models.DateTimeField(null=True)
    author = models.ForeignKey(Membership, on_delete=models.PROTECT, db_index=False, related_name="transactions")
    last_editor = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    channel = models.CharField(max_length=10, choices=choices(Channel))
    label = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, db_index=False, related_name="labelled")
    description = models.CharField(max_length=500, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, null=True, db_index=False, related_name="transactions")
    tags = models.ManyToManyField(Tag, related_name="transactions")
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="replaced_by"
    )
    refund_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False, related_name="refunds")
    self_approved = models.BooleanField(default=False)
    source_ref = models.CharField(max_length=200, blank=True, default="")
    search = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    shares_version = models.PositiveIntegerField(default=1)
    counted_from = models.DateTimeField(null=True)
    pending_since = models.DateTimeField(null=True)

    objects = TransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=list(TransactionType)), name="ledger_transaction_type_known"),
            models.CheckConstraint(condition=Q(status__in=list(Status)), name="ledger_status_known"),
            models.CheckConstraint(condition=Q(channel__in=list(Channel)), name="ledger_channel_known"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="ledger_amount_positive"),
            models.CheckConstraint(
                condition=Q(type="expense", from_wallet__isnull=False, to_wallet__isnull=True)
                | Q(type="income", from_wallet__isnull=True, to_wallet__isnull=False)
                | (Q(type__in=TWO_WALLETS, from_wallet__isnull=False, to_wallet__isnull=False))
                | (Q(type__in=ONE_WALLET) & (Q(from_wallet__isnull=True) ^ Q(to_wallet__isnull=True))),
                name="ledger_wallets_fit_type",
            ),
            models.CheckConstraint(
                condition=Q(to_wallet__isnull=True) | Q(from_wallet__isnull=True) | ~Q(from_wallet=F("to_wallet")),
                name="ledger_two_different_wallets",
            ),
            models.CheckConstraint(
                condition=Q(type="exchange", to_amount__gt=Decimal(0))
                | (~Q(type="exchange") & Q(to_amount__isnull=True)),
                name="ledger_to_amount_of_exchange",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending_approval") | Q(pending_since__isnull=False),
                name="ledger_pending_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(executed_at__isnull=False) ^ ~Q(status__in=["executed", "reversed"]),
                name="ledger_executed_has_its_time",
            ),
            models.UniqueConstraint(
                fields=["from_wallet", "source_ref"],
                condition=CLAIMING,
                name="ledger_source_once_out",
            ),
            models.UniqueConstraint(
                fields=["to_wallet", "source_ref"],
                condition=CLAIMING & Q(from_wallet__isnull=True),
                name="ledger_source_once_in",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(status__in=["pending_approval", "executed", "reversed"]),
                name="ledger_one_replacement",
            ),
            bounded("ledger_transaction_bounded", "amount", "base_amount"),
        ]
        indexes = [
            models.Index(fields=["family", "-occurred_on", "-id"], name="ledger_by_day"),
            models.Index(fields=["family", "-created_at", "-id"], name="ledger_by_creation"),
            models.Index(fields=["family", "amount", "id"], name="ledger_by_amount"),
            models.Index(
                fields=["family", "to_amount", "id"], condition=Q(to_amount__isnull=False), name="ledger_by_to_amount"
            ),
            models.Index(fields=["family", "from_wallet", "-occurred_on", "-id"], name="ledger_out_of_wallet"),
            models.Index(
                fields=["family", "to_wallet", "-occurred_on", "-id"],
                condition=Q(to_wallet__isnull=False),
                name="ledger_into_wallet",
            ),
            models.Index(fields=["family", "author", "-occurred_on", "-id"], name="ledger_by_author"),
            models.Index(  # what a search by status is for; SQLite goes along the days all the same
                fields=["family", "status", "-occurred_on", "-id"],
                condition=~Q(status__in=["executed", "reversed"]),
                name="ledger_not_booked",
            ),
            *(
                models.Index(fields=[field], condition=Q(**{f"{field}__isnull": False}), name=f"ledger_of_{field}")
                for field in ("payee", "label", "replaces", "refund_of")  # null in most rows
            ),
            models.Index(
                fields=["family", "pending_since"], condition=Q(status="pending_approval"), name="ledger_pending"
            ),
            models.Index(
                fields=["author", "counted_from"], condition=Q(counted_from__isnull=False), name="ledger_counted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"

    @property
    def wallet_ids(self) -> list[int]:
        return [pk for pk in (self.from_wallet_id, self.to_wallet_id) if pk]

    @property
    def is_unsubmitted(self) -> bool:
        """Whether it is a draft or was cancelled as one: its author's alone, as `NEVER_SUBMITTED` says in SQL."""
        return self.status in {Status.DRAFT, Status.CANCELLED} and self.pending_since is None

    @property
    def maker_id(self) -> int:
        """Who is behind what it says now."""
        return self.last_editor_id or self.author_id

    @property
    def holders(self) -> tuple[int | None]:
        """Whom the entry belongs to, where a right is about one's own entries."""
        return (self.author_id,)


class Posting(models.Model):
    """One side of a movement: on a wallet, or on a category with the wallet that it moved. Signed, in `currency`."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="postings")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, related_name="postings")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, db_index=False, related_name="postings")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    base_amount = MoneyField()
    note = models.CharField(max_length=500, blank=True, default="")

    objects = PostingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount=Decimal(0)), name="ledger_posting_moves_something"),
            models.UniqueConstraint(
                fields=["transaction", "wallet"],
                condition=Q(category__isnull=True),
                name="ledger_one_posting_a_wallet",
            ),
            bounded("ledger_posting_bounded", "amount", "base_amount"),
        ]
        indexes = [
            models.Index(fields=["wallet"], condition=Q(category__isnull=True), name="ledger_on_wallet"),
            models.Index(
                fields=["category", "transaction"], condition=Q(category__isnull=False), name="ledger_on_category"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class PostingShare(models.Model):
    """For whom a category posting was: a positive weight, and what it comes to by largest remainder.

    Shares never change. A later word on for whom is a set of rows with the next `version`, and is in force once
    `Transaction.shares_version` names it.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, db_index=False, related_name="+")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, db_index=False, related_name="shares")
    member = models.ForeignKey(Membership, on_delete=models.PROTECT, db_index=False, related_name="shares")
    weight = MoneyField()
    amount = MoneyField()
    base_amount = MoneyField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weight__gt=Decimal(0)), name="ledger_weight_positive"),
            models.UniqueConstraint(fields=["posting", "version", "member"], name="ledger_one_share_each"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.member_id}"
