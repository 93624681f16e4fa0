from decimal import Decimal

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.admin_site import link
from families.admin_scope import OwnerScopedAdmin
from families.roles import Access
from financebot.common import money
from ledger.models import Category, ExchangeRate, Wallet

FAMILY = ("family", admin.RelatedOnlyFieldListFilter)


@admin.register(Wallet)
class WalletAdmin(OwnerScopedAdmin):
    list_display = ("name", "family", "type", "whose", "visibility", "balanced", "held_back", "currency", "archived_at")
    list_select_related = ("family", "holder__user")
    list_filter = (FAMILY, "type", "visibility", "currency", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("family_id", "pk")
    fields = (
        ("name", "family"),
        ("type", "currency", "visibility", "whose"),
        ("balanced", "held_back", "free"),
        ("overdraft_limit", "created_at", "archived_at"),
        ("entries", "events"),
    )

    def seen(self, access: Access) -> QuerySet[Wallet]:
        return Wallet.objects.seen_by(access)

    @admin.display(description=lazy("Entries"))
    def entries(self, row: Wallet) -> str:
        return link("ledger_transaction_changelist", _("What moved on it"), wallet=row.pk)

    @admin.display(description=lazy("Events"))
    def events(self, row: Wallet) -> str:
        said = _("What happened to it")
        return link("audit_eventlog_changelist", said, entity_type="wallet", entity_id=row.pk)

    @admin.display(description=lazy("Holder"))
    def whose(self, row: Wallet) -> str:
        return row.holder.user.first_name if row.holder else "–"

    @admin.display(description=lazy("Balance"))
    def balanced(self, row: Wallet) -> str:
        return money.wire(row.balance, row.currency)

    @admin.display(description=lazy("Held"))
    def held_back(self, row: Wallet) -> str:
        return money.wire(row.held, row.currency) if row.held != Decimal(0) else "–"

    @admin.display(description=lazy("Available"))
    def free(self, row: Wallet) -> str:
        return money.wire(row.available, row.currency)


@admin.register(Category)
class CategoryAdmin(OwnerScopedAdmin):
    list_display = ("name", "family", "kind", "parent", "fallback", "merged_into", "archived_at")
    list_select_related = ("family", "parent", "merged_into")
    list_filter = (FAMILY, "kind", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("family_id", "kind", "pk")
    fields = (
        ("name", "family"),
        ("kind", "parent", "fallback"),
        ("icon", "colour"),
        ("merged_into", "created_at", "archived_at"),
    )

    def seen(self, access: Access) -> QuerySet[Category]:
        return Category.objects.seen_by(access)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(OwnerScopedAdmin):
    list_display = ("day", "base", "quote", "costs", "family", "source")
    list_select_related = ("family",)
    list_filter = ("base", "quote", "source")
    ordering = ("-day", "-pk")
    fields = (("day", "base", "quote", "costs"), ("family", "source"))

    def seen(self, access: Access) -> QuerySet[ExchangeRate]:
        return ExchangeRate.objects.visible_to(access)

    @admin.display(description=lazy("Rate"))
    def costs(self, row: ExchangeRate) -> str:
        return money.wire_rate(row.rate)
