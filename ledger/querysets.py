from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from families.roles import Access, P, Scope
from financebot.common import clock
from financebot.common.fields import MoneyField
from ledger.kinds import PENDING_LIFE, SYSTEM_KINDS, Decision, Status, Visibility

if TYPE_CHECKING:
    from ledger.models import (  # noqa: F401 - what the querysets are of
        Category,
        ExchangeRate,
        Posting,
        PostingShare,
        Transaction,
        Wallet,
    )


class WalletQuerySet(models.QuerySet["Wallet"]):
    def in_family(self, family_id: int) -> "WalletQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "WalletQuerySet":
        """The family's wallets without others' private ones."""
        hidden = Q(visibility=Visibility.PRIVATE) & ~Q(holder_id=access.membership)
        return self.in_family(access.family).exclude(hidden)

    def within(self, access: Access, permission: P) -> "WalletQuerySet":
        match access.scope(permission):
            case Scope.ALL:
                return self
            case Scope.JOINT:
                return self.filter(Q(holder_id=access.membership) | Q(holder__isnull=True))
            case Scope.OWN:
                return self.filter(holder_id=access.membership)
        return self.none()

    def seen_by(self, access: Access) -> "WalletQuerySet":
        """What a member sees at all: others are to them as if they did not exist."""
        return self.visible_to(access).within(access, P.VIEW_WALLETS)

    def opened_to(self, access: Access) -> "WalletQuerySet":
        """What a member sees with what moved on it: of one whose balance alone is shown, there are no entries."""
        opened = Q(visibility=Visibility.SHARED) | Q(holder_id=access.membership)
        return self.seen_by(access).filter(opened)

    def lock(self) -> "WalletQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_family(self, family_id: int) -> "CategoryQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "CategoryQuerySet":
        return self.in_family(access.family)

    def seen_by(self, access: Access) -> "CategoryQuerySet":
        return self.visible_to(access) if access.holds(P.VIEW_CATEGORIES) else self.none()

    def tree(self, root: int) -> "CategoryQuerySet":
        """A category with its children and theirs (at most three levels), and whatever was merged into any of them."""
        below = Q(pk=root) | Q(parent=root) | Q(parent__parent=root)
        merged = Q(merged_into=root) | Q(merged_into__parent=root) | Q(merged_into__parent__parent=root)
        family = self.model._base_manager.filter(pk=root).values("family_id")
        return self.filter(below | merged, family_id__in=family)

    def usable(self) -> "CategoryQuerySet":
        """Those that people choose from: not the system's own, not archived."""
        return self.filter(archived_at__isnull=True).exclude(kind__in=list(SYSTEM_KINDS))


def each(condition: Exists | Q) -> Q:
    """A condition with a subquery, asked of each row that a list meets.

    As it stands PostgreSQL may join all rows that fit first, which costs a page of fifty as much as the whole list. It
    does not where the condition is one of two, and, in an EXISTS, compares with the row by more than `=`.
    """
    return Q(condition) | Q(pk__lt=1)


NEVER_SUBMITTED = Q(status__in=[Status.DRAFT, Status.CANCELLED], pending_since__isnull=True)


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def in_family(self, family_id: int) -> "TransactionQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "TransactionQuerySet":
        """The family's, without drafts of others and without what moved only on wallets whose rows are hidden."""
        me = access.membership
        shown = self._on_wallets(access, Q(visibility=Visibility.SHARED) | Q(holder_id=me))
        return self.in_family(access.family).filter(shown).exclude(NEVER_SUBMITTED & ~Q(author_id=me))

    def _on_wallets(self, access: Access, which: Q) -> Q:
        """What leaves or enters such a wallet of the family; by a list of these few, where a join would be planned and
        done for each row."""
        wallets = apps.get_model("ledger", "Wallet")._base_manager.filter(which, family_id=access.family)
        ids = wallets.values("pk")
        return Q(from_wallet__in=ids) | Q(to_wallet__in=ids)

    def within(self, access: Access, permission: P) -> "TransactionQuerySet":
        """Rows with a wallet, an author or a for-whom in reach."""
        scope = access.scope(permission)
        if scope is None:
            return self.none()
        if scope is Scope.ALL:
            return self
        me = access.membership
        holders = Q(holder_id=me) | Q(holder__isnull=True) if scope is Scope.JOINT else Q(holder_id=me)
        return self.filter(Q(author_id=me) | self._on_wallets(access, holders) | Exists(self._shares(me)))

    def _shares(self, member: int) -> "models.QuerySet[PostingShare]":
        """A member's shares in force of the transaction at hand."""
        in_force = {"version__gte": OuterRef("shares_version"), "version__lte": OuterRef("shares_version")}
        shares = apps.get_model("ledger", "PostingShare")
        return shares._base_manager.filter(posting__transaction=OuterRef("pk"), member_id=member, **in_force)

    def seen_by(self, access: Access) -> "TransactionQuerySet":
        return self.visible_to(access).within(access, P.VIEW_TRANSACTIONS)

    def submitted(self) -> "TransactionQuerySet":
        return self.exclude(NEVER_SUBMITTED)

    def waiting(self) -> "TransactionQuerySet":
        return self.filter(status=Status.PENDING_APPROVAL)

    def touching(self, wallet: "Wallet") -> "TransactionQuerySet":
        """What moves, or by what it replaces would move, money on a wallet."""
        sides = ("from_wallet", "to_wallet", "replaces__from_wallet", "replaces__to_wallet")
        return self.filter(reduce(or_, (Q(**{side: wallet}) for side in sides)))

    def overdue(self) -> "TransactionQuerySet":
        """What nobody has decided for so long that it expires."""
        return self.waiting().filter(pending_since__lte=clock.now() - PENDING_LIFE)

    def spent_by(self, member: int, *, since: datetime) -> "TransactionQuerySet":
        """What counts towards a member's spending limit: recorded since then, not approved by somebody else."""
        approved = Exists(self.model.objects.filter(pk=OuterRef("pk"), approvals__decision=Decision.APPROVED))
        return self.filter(author_id=member, counted_from__gt=since).filter(
            Q(status=Status.PENDING_APPROVAL) | (Q(status=Status.EXECUTED) & ~approved)
        )

    def base_sum(self) -> Decimal:
        """Of an entry and what waits to replace it, the greater."""
        more = ExpressionWrapper(F("base_amount") - F("replaces__base_amount"), output_field=MoneyField())
        beside = When(
            status=Status.PENDING_APPROVAL,
            replaces__in=self.values("pk"),
            then=Greatest(more, Value(Decimal(0), output_field=MoneyField())),
        )
        counted = Case(beside, default=F("base_amount"), output_field=MoneyField())
        total: Decimal = self.aggregate(sum=Coalesce(Sum(counted), Decimal(0), output_field=MoneyField()))["sum"]
        return total

    def lock(self) -> "TransactionQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")


class PostingQuerySet(models.QuerySet["Posting"]):
    def total(self) -> Decimal:
        total: Decimal = self.aggregate(sum=Coalesce(Sum("amount"), Decimal(0), output_field=MoneyField()))["sum"]
        return total


class ExchangeRateQuerySet(models.QuerySet["ExchangeRate"]):
    def in_family(self, family_id: int) -> "ExchangeRateQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "ExchangeRateQuerySet":
        """The family's own and those that are for all."""
        return self.filter(Q(family_id=access.family) | Q(family__isnull=True))
