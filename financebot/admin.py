from django.contrib import admin

from accounts.admin_site import OperatorOnlyAdmin
from financebot.api.models import IdempotencyKey


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(OperatorOnlyAdmin):
    """That a request came once; the answer that is kept for its repetition stays where it is."""

    list_display = ("id", "caller", "status", "created_at")
    ordering = ("-pk",)
    fields = ("caller", "status", "created_at")
