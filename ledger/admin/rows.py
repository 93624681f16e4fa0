"""Rows behind the facts, for operators: what an owner sees of them stands on the entries themselves."""

from django.contrib import admin

from accounts.admin_site import OperatorOnlyAdmin
from ledger.models import Approval, MonthTotal, Payee, Posting, PostingShare, Tag, WalletMonth


@admin.register(Payee, Tag)
class NameAdmin(OperatorOnlyAdmin):
    list_display = ("name", "family")
    list_select_related = ("family",)
    list_filter = (("family", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("folded",)
    ordering = ("-pk",)
    fields = ("name", "family")


@admin.register(Posting)
class PostingAdmin(OperatorOnlyAdmin):
    list_display = ("id", "transaction", "wallet", "category", "amount", "currency", "base_amount")
    list_select_related = ("transaction", "wallet", "category")
    ordering = ("-pk",)
    fields = (("transaction", "family"), ("wallet", "category"), ("amount", "currency", "base_amount"), "note")


@admin.register(PostingShare)
class PostingShareAdmin(OperatorOnlyAdmin):
    list_display = ("id", "posting", "member", "weight", "amount", "base_amount", "version")
    list_select_related = ("posting", "member")
    ordering = ("-pk",)
    fields = (("posting", "member", "version"), ("weight", "amount", "base_amount"))


@admin.register(Approval)
class ApprovalAdmin(OperatorOnlyAdmin):
    list_display = ("id", "transaction", "version", "approver", "decision", "created_at")
    list_select_related = ("transaction", "approver")
    list_filter = ("decision",)
    ordering = ("-pk",)
    fields = (("transaction", "version"), ("approver", "decision"), "note", "created_at")


@admin.register(MonthTotal)
class MonthTotalAdmin(OperatorOnlyAdmin):
    list_display = ("month", "wallet", "category", "member", "amount", "currency", "base_amount")
    list_select_related = ("wallet", "category", "member")
    ordering = ("-pk",)
    fields = (("month", "wallet"), ("category", "member"), ("amount", "currency", "base_amount"))


@admin.register(WalletMonth)
class WalletMonthAdmin(OperatorOnlyAdmin):
    list_display = ("month", "wallet", "amount", "base_amount")
    list_select_related = ("wallet",)
    ordering = ("-pk",)
    fields = ("month", "wallet", ("amount", "base_amount"))
