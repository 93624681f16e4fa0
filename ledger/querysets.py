from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

from families.roles import Access, P, Scope
from ledger.kinds import SYSTEM_KINDS, Status, Visibility

if TYPE_CHECKING:
    from ledger.models import Category, Transaction, Wallet  # noqa: F401 - what the querysets are of


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

    def lock(self) -> "WalletQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_family(self, family_id: int) -> "CategoryQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "CategoryQuerySet":
        return self.in_family(access.family)

    def tree(self, root: int) -> "CategoryQuerySet":
        """A category with its children and theirs: they are at most three levels deep."""
        return self.filter(Q(pk=root) | Q(parent=root) | Q(parent__parent=root))

    def usable(self) -> "CategoryQuerySet":
        """Those that people choose from: not the system's own, not archived."""
        return self.filter(archived_at__isnull=True).exclude(kind__in=list(SYSTEM_KINDS))


def _side(name: str, **conditions: object) -> Q:
    return Q(**{f"{name}__isnull": False}, **{f"{name}__{key}": value for key, value in conditions.items()})


def _either_side(**conditions: object) -> Q:
    return _side("from_wallet", **conditions) | _side("to_wallet", **conditions)


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def in_family(self, family_id: int) -> "TransactionQuerySet":
        return self.filter(family_id=family_id)

    def visible_to(self, access: Access) -> "TransactionQuerySet":
        """The family's, without drafts of others and without what moved only on wallets whose rows are hidden."""
        me = access.membership
        shown = _either_side(visibility=Visibility.SHARED) | _either_side(holder_id=me)
        return self.in_family(access.family).filter(shown).exclude(Q(status=Status.DRAFT) & ~Q(author_id=me))

    def within(self, access: Access, permission: P) -> "TransactionQuerySet":
        """Rows with a wallet, an author or a for-whom in reach."""
        scope = access.scope(permission)
        if scope is None:
            return self.none()
        if scope is Scope.ALL:
            return self
        me = access.membership
        mine = (
            Q(author_id=me)
            | _either_side(holder_id=me)
            | Exists(self.model.objects.filter(pk=OuterRef("pk"), postings__shares__member_id=me))
        )
        return self.filter(mine | _either_side(holder__isnull=True) if scope is Scope.JOINT else mine)

    def seen_by(self, access: Access) -> "TransactionQuerySet":
        return self.visible_to(access).within(access, P.VIEW_TRANSACTIONS)

    def lock(self) -> "TransactionQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")
