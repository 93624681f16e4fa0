from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.admin_acts import Act
from accounts.admin_site import Looking, OperatorOnlyAdmin, link
from families import services
from families.admin_scope import OwnerScopedAdmin
from families.models import Family, FamilyUserPermission, Invitation, Membership, MembershipOverride, choices_of
from families.roles import Access, Role
from financebot.common import money


def limit_of(amount: Decimal | None, family: Family) -> str:
    return "–" if amount is None else f"{money.wire(amount, family.base_currency)} {family.base_currency}"


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=choices_of(Role), initial=Role.MEMBER)


class InvitationForm(RoleForm):
    email = forms.EmailField(max_length=254, required=False)


def invite(actor: Any, family: Any, _version: int, said: dict[str, Any]) -> str:
    """The token, which is known now and never again."""
    role, email = Role(said["role"]), said["email"] or None
    return services.create_invitation(actor=actor, role=role, email=email).token


def change_role(actor: Any, member: Any, version: int, said: dict[str, Any]) -> None:
    changes = {"role": Role(said["role"])}
    services.edit_member(actor=actor, membership_id=member.pk, changes=changes, version=version)


def suspend(actor: Any, member: Any, _version: int, _said: dict[str, Any]) -> None:
    services.suspend_member(actor=actor, membership_id=member.pk)


def resume(actor: Any, member: Any, _version: int, _said: dict[str, Any]) -> None:
    services.resume_member(actor=actor, membership_id=member.pk)


def revoke(actor: Any, invitation: Any, _version: int, _said: dict[str, Any]) -> None:
    services.revoke_invitation(actor=actor, invitation_id=invitation.pk)


@admin.register(Family)
class FamilyAdmin(OwnerScopedAdmin):
    list_display = ("name", "base_currency", "timezone", "threshold", "closed_until", "archived_at")
    list_filter = ("base_currency", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = (
        ("name", "base_currency", "timezone"),
        ("threshold", "approvals_required", "adult_limit"),
        ("undo_window", "closed_until"),
        ("created_at", "archived_at"),
        "rooms",
    )
    acts = (Act("invite", lazy("Invite somebody"), lazy("somebody is invited"), invite, InvitationForm),)

    def seen(self, access: Access) -> QuerySet[Family]:
        return Family.objects.in_reach(access.user).filter(pk=access.family)

    def family_of(self, row: Any) -> int:
        family: int = row.pk
        return family

    @admin.display(description=lazy("Look at"))
    def rooms(self, row: Family) -> str:
        things = {
            "families_membership": _("Members"),
            "ledger_wallet": _("Wallets"),
            "ledger_category": _("Categories"),
            "ledger_transaction": _("Transactions"),
        }
        found = ((link(f"{name}_changelist", text, family__id__exact=row.pk),) for name, text in things.items())
        return format_html_join(" · ", "{}", found)

    @admin.display(description=lazy("Approval from"))
    def threshold(self, row: Family) -> str:
        return limit_of(row.approval_threshold, row)

    @admin.display(description=lazy("Adults approve up to"))
    def adult_limit(self, row: Family) -> str:
        return limit_of(row.adult_approval_limit, row)


class OverrideInline(Looking, admin.TabularInline):  # type: ignore[type-arg]
    model = MembershipOverride
    fk_name = "membership"
    fields = readonly_fields = ("permission", "granted", "by", "created_at")
    extra = 0

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return True  # who sees the member


@admin.register(Membership)
class MembershipAdmin(OwnerScopedAdmin):
    list_display = ("person", "family", "role", "state", "limit", "created_at")
    list_select_related = ("user", "family")
    list_filter = (("family", admin.RelatedOnlyFieldListFilter), "role", "state")
    search_fields = ("user__first_name", "user__last_name")
    ordering = ("family_id", "pk")
    fields = (("person", "family"), ("role", "state", "limit"), "created_at")
    inlines = (OverrideInline,)
    acts = (
        Act("change_role", lazy("Change the role"), lazy("the role is changed"), change_role, RoleForm),
        Act("suspend", lazy("Suspend"), lazy("suspended"), suspend),
        Act("resume", lazy("Resume"), lazy("let in again"), resume),
    )

    def seen(self, access: Access) -> QuerySet[Membership]:
        return Membership.objects.visible_to(access)

    def described(self, request: HttpRequest, rows: list[Any]) -> list[tuple[Any, str]]:
        return [(row, f"{self.person(row)} ({row.role})") for row in rows]

    @admin.display(description=lazy("Spending limit"))
    def limit(self, row: Membership) -> str:
        return limit_of(row.spending_limit, row.family)

    @admin.display(description=lazy("Person"))
    def person(self, row: Membership) -> str:
        return f"{row.user.first_name} {row.user.last_name}".strip() or str(row)


@admin.register(Invitation)
class InvitationAdmin(OwnerScopedAdmin):
    list_display = ("id", "family", "role", "email", "state", "created_at", "expires_at")
    list_select_related = ("family",)
    list_filter = (("family", admin.RelatedOnlyFieldListFilter), "role", "state")
    search_fields = ("email",)
    ordering = ("-pk",)
    fields = (("family", "role", "email"), ("state", "created_at", "expires_at"))
    acts = (Act("revoke", lazy("Take back"), lazy("taken back"), revoke),)

    def seen(self, access: Access) -> QuerySet[Invitation]:
        return Invitation.objects.visible_to(access)


@admin.register(MembershipOverride)
class MembershipOverrideAdmin(OperatorOnlyAdmin):
    list_display = ("id", "membership", "permission", "granted", "by", "created_at")
    list_select_related = ("membership", "by")
    ordering = ("-pk",)
    fields = (("membership", "permission", "granted"), ("by", "created_at"))


@admin.register(FamilyUserPermission)
class FamilyUserPermissionAdmin(OperatorOnlyAdmin):
    list_display = ("id", "user", "content_object", "permission")
    list_select_related = ("user", "content_object", "permission__content_type")
    list_filter = (("content_object", admin.RelatedOnlyFieldListFilter),)
    ordering = ("-pk",)
    fields = ("user", "content_object", "permission")
