"""What happened, in the back office; `audit`, which knows no families, leaves showing it to this app."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as lazy

from accounts.admin_site import OperatorOnlyAdmin
from accounts.models import User
from audit.models import AccessLog, AuditSeal, EventLog, EventSubject
from delivery import selectors
from delivery.models import Delivery
from families.admin_scope import OwnerScopedAdmin, viewers
from families.roles import Access

BRIEF = 120


@admin.register(EventLog)
class EventAdmin(OwnerScopedAdmin):
    list_display = ("number", "created_at", "name", "thing", "actor", "channel", "in_short")
    list_filter = ("name", "channel")
    also_allowed = ("entity_type", "entity_id", "family_id")
    ordering = ("-position",)
    fields = (("number", "created_at", "name"), ("thing", "actor"), ("channel", "client", "address"), "request_id",
              "changed")  # fmt: skip

    def seen(self, access: Access) -> QuerySet[EventLog]:
        return selectors.seen_events(access, selectors.wallets_seen(access))

    def present(self, request: HttpRequest, rows: list[EventLog]) -> None:
        """Give each row the `facts` of it that this request may have, and who did it."""
        names = dict(User._base_manager.filter(pk__in={row.actor_id for row in rows}).values_list("pk", "first_name"))
        facts: dict[int, tuple[dict[str, Any] | None, str | None]] = {}
        for access in viewers(request):
            facts |= self._facts(access, rows)
        for row in rows:
            row.facts, row.address_seen = facts[row.pk]  # type: ignore[attr-defined]
            row.who = names.get(row.actor_id or 0, "–")  # type: ignore[attr-defined]

    def _facts(self, access: Access | None, rows: list[EventLog]) -> dict[int, Any]:
        if access is None:
            private = {row.pk: row.private or {} for row in rows}
            return {
                row.pk: ({**row.changes, **private[row.pk].get("texts", {})}, private[row.pk].get("address"))
                for row in rows
            }
        wallets = selectors.wallets_seen(access)
        mine = list(selectors.about(self.seen(access).filter(pk__in=[row.pk for row in rows])))
        views = selectors.present(mine, access, wallets)
        return {row.pk: (view.changes, view.ip) for row, view in zip(mine, views, strict=True)}

    @admin.display(description="#", ordering="position")
    def number(self, row: Any) -> str:
        return str(row.position or "–")

    @admin.display(description=lazy("About"))
    def thing(self, row: Any) -> str:
        return f"{row.entity_type} {row.entity_id}"

    @admin.display(description=lazy("By"))
    def actor(self, row: Any) -> str:
        return str(row.who)

    @admin.display(description=lazy("Changes"))
    def in_short(self, row: Any) -> str:
        said = ", ".join(f"{name}: {_text(after)}" for name, (_before, after) in (row.facts or {}).items())
        return said if len(said) <= BRIEF else said[: BRIEF - 1] + "…"

    @admin.display(description=lazy("Address"))
    def address(self, row: Any) -> str:
        return row.address_seen or "–"

    @admin.display(description=lazy("Changes"))
    def changed(self, row: Any) -> str:
        lines = [(name, _text(before), _text(after)) for name, (before, after) in (row.facts or {}).items()]
        return format_html("<table>{}</table>", format_html_join("", "<tr><th>{}<td>{}<td>→ {}", lines))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@admin.register(AccessLog)
class AccessLogAdmin(OwnerScopedAdmin):
    list_display = ("created_at", "method", "route", "status", "duration_ms", "user_id", "address")
    list_filter = ("method", "status")
    ordering = ("-pk",)
    fields = (
        ("created_at", "method", "route"),
        ("status", "duration_ms"),
        ("user_id", "family_id"),
        ("address", "client", "user_agent"),
        "request_id",
    )

    def seen(self, access: Access) -> QuerySet[AccessLog]:
        return selectors.access_log(access)


@admin.register(EventSubject)
class EventSubjectAdmin(OperatorOnlyAdmin):
    list_display = ("id", "event", "kind", "subject")
    list_select_related = ("event",)
    ordering = ("-pk",)
    fields = ("event", "kind", "subject")


@admin.register(AuditSeal)
class AuditSealAdmin(OperatorOnlyAdmin):
    list_display = ("id", "first", "last", "created_at", "digest")
    ordering = ("-last",)
    fields = (("first", "last"), "created_at", "digest", "mac")


@admin.register(Delivery)
class DeliveryAdmin(OperatorOnlyAdmin):
    list_display = (
        "id",
        "event",
        "outlet",
        "target_kind",
        "target",
        "state",
        "attempts",
        "created_at",
        "next_try_at",
        "sent_at",
    )
    list_select_related = ("event",)
    list_filter = ("state", "outlet", "target_kind")
    ordering = ("-pk",)
    fields = (
        ("event", "outlet", "target_kind", "target"),
        ("state", "attempts", "gathers"),
        ("created_at", "next_try_at", "sent_at"),
    )
