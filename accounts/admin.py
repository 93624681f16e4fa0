from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as lazy

from accounts import services
from accounts.admin_acts import Act
from accounts.admin_site import OperatorOnlyAdmin
from accounts.models import (
    ApiClient,
    BackupCode,
    Device,
    LoginSession,
    LoginThrottle,
    OAuthLink,
    OneTimeCode,
    ServiceToken,
    TelegramIdentity,
    TotpDevice,
    User,
)
from audit.trail import Actor
from financebot.common.masking import mask_phone


def deactivate(actor: Actor, row: User, seen: int, said: dict[str, Any]) -> None:
    services.set_active(actor=actor, user_id=row.pk, active=False)


def reactivate(actor: Actor, row: User, seen: int, said: dict[str, Any]) -> None:
    services.set_active(actor=actor, user_id=row.pk, active=True)


@admin.register(User)
class UserAdmin(OperatorOnlyAdmin):
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("-pk",)
    fields = (
        ("email", "email_verified_at"),
        ("first_name", "last_name", "masked_phone"),
        ("language", "timezone"),
        ("is_active", "is_staff", "is_superuser"),
        ("created_at", "security_epoch", "erased_at"),
    )
    acts = (
        Act("deactivate", lazy("Deactivate"), lazy("logged out, and let in no more"), deactivate),
        Act("reactivate", lazy("Reactivate"), lazy("let in again"), reactivate),
    )

    @admin.display(description=lazy("Phone"))
    def masked_phone(self, user: User) -> str:
        return mask_phone(user.phone) if user.phone else "–"


def end_log_in(actor: Actor, row: LoginSession, seen: int, said: dict[str, Any]) -> None:
    services.end_log_in(actor=actor, session_id=row.pk)


@admin.register(LoginSession)
class LoginSessionAdmin(OperatorOnlyAdmin):
    list_display = ("id", "user", "client", "address", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "scope")
    search_fields = ("user__email", "address")
    ordering = ("-pk",)
    fields = (
        ("user", "client", "signed_by", "scope"),
        ("address", "user_agent"),
        ("created_at", "last_used_at", "expires_at", "revoked_at"),
        ("proof_at", "rotated_at", "refresh_counter", "epoch"),
    )
    acts = (Act("end", lazy("Log out"), lazy("logged out"), end_log_in),)


@admin.register(OneTimeCode)
class OneTimeCodeAdmin(OperatorOnlyAdmin):
    """That there is a code and what for; its digest stays where it is."""

    list_display = ("id", "purpose", "subject", "created_at", "expires_at", "used_at", "tries")
    list_filter = ("purpose", ("used_at", admin.EmptyFieldListFilter))
    ordering = ("-pk",)
    fields = (("purpose", "subject"), ("created_at", "expires_at", "used_at", "tries"))


@admin.register(Device)
class DeviceAdmin(OperatorOnlyAdmin):
    list_display = ("id", "user", "user_agent", "first_seen_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-pk",)
    fields = ("user", "user_agent", ("first_seen_at", "last_seen_at"))


def unlock(actor: Actor, row: LoginThrottle, seen: int, said: dict[str, Any]) -> None:
    services.unlock(actor=actor, throttle_id=row.pk)


@admin.register(LoginThrottle)
class LoginThrottleAdmin(OperatorOnlyAdmin):
    """Whose tries they are stands in the events; the key alone tells nobody."""

    list_display = ("id", "kind", "failures", "began_at", "until")
    list_filter = ("kind", ("until", admin.EmptyFieldListFilter))
    ordering = ("-pk",)
    fields = (("kind", "failures"), ("began_at", "until"))
    acts = (Act("unlock", lazy("Unlock"), lazy("tries are looked at again"), unlock),)


def take_two_factor_away(actor: Actor, row: TotpDevice, seen: int, said: dict[str, Any]) -> None:
    services.take_two_factor_away(actor=actor, user_id=row.user_id)


@admin.register(TotpDevice)
class TotpDeviceAdmin(OperatorOnlyAdmin):
    """Who has an app, and since when; its key stays where it is. Taking it away is for who has lost app and codes: be
    sure that it is they who ask."""

    list_display = ("id", "user", "created_at", "confirmed_at")
    list_select_related = ("user",)
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__email",)
    ordering = ("-pk",)
    fields = ("user", ("created_at", "confirmed_at"))
    acts = (
        Act(
            "take_away",
            lazy("Take the second factor away"),
            lazy("the account is opened without a second factor now"),
            take_two_factor_away,
        ),
    )


@admin.register(BackupCode)
class BackupCodeAdmin(OperatorOnlyAdmin):
    """How many are left; their digests stay where they are."""

    list_display = ("id", "user", "created_at", "used_at")
    list_select_related = ("user",)
    list_filter = (("used_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__email",)
    ordering = ("-pk",)
    fields = ("user", ("created_at", "used_at"))


@admin.register(OAuthLink)
class OAuthLinkAdmin(OperatorOnlyAdmin):
    list_display = ("id", "user", "provider", "created_at")
    list_select_related = ("user",)
    list_filter = ("provider",)
    search_fields = ("user__email", "subject")
    ordering = ("-pk",)
    fields = ("user", ("provider", "subject"), "created_at")


@admin.register(TelegramIdentity)
class TelegramIdentityAdmin(OperatorOnlyAdmin):
    """Which chat speaks for whom."""

    list_display = ("id", "user", "chat_id", "username", "verified_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "username")
    ordering = ("-pk",)
    fields = ("user", ("chat_id", "username"), ("first_name", "last_name"), "verified_at")


@admin.register(ApiClient)
class ApiClientAdmin(OperatorOnlyAdmin):
    """Which programs sign; their secrets were told once, by `manage.py create_api_client`."""

    list_display = ("client_id", "created_at", "previous_until", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("client_id",)
    ordering = ("client_id",)
    fields = ("client_id", ("created_at", "previous_until", "revoked_at"))


@admin.register(ServiceToken)
class ServiceTokenAdmin(OperatorOnlyAdmin):
    """Which tokens there are without a person; `manage.py issue_service_token --revoke ID` ends one."""

    list_display = ("id", "client", "scope", "issued_at", "expires_at", "revoked_at")
    list_filter = ("scope", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("client",)
    ordering = ("-pk",)
    fields = (("client", "scope"), "jti", ("issued_at", "expires_at", "revoked_at"))
