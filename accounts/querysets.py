from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from financebot.common import clock

if TYPE_CHECKING:
    from accounts.models import (  # noqa: F401 - what the querysets are of
        ApiClient,
        BackupCode,
        LoginSession,
        OAuthLink,
        ServiceToken,
        TelegramIdentity,
        TotpDevice,
        User,
    )


class UserQuerySet(models.QuerySet["User"]):
    def lock(self) -> "UserQuerySet":
        """Rows locked in the order of ids; without blocking those who only refer to them."""
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")

    def holding(self, email: str) -> "UserQuerySet":
        """Whose a normalised address is, or was so short a while ago that it can still take the account back."""
        return self.filter(Q(email=email) | Q(former_email=email, former_until__gt=clock.now()))


class LoginSessionQuerySet(models.QuerySet["LoginSession"]):
    def alive(self) -> "LoginSessionQuerySet":
        """Neither revoked nor over nor idle, of an active user whose security epoch is still that of the log-in."""
        now = clock.now()
        return self.filter(
            revoked_at__isnull=True,
            expires_at__gt=now,
            rotated_at__gt=now - settings.SESSION_IDLE,
            user__is_active=True,
            epoch=F("user__security_epoch"),
        )

    def of(self, user_id: int) -> "LoginSessionQuerySet":
        return self.filter(user_id=user_id)

    def of_chats(self) -> "LoginSessionQuerySet":
        """Those whose tokens speak for a chat."""
        return self.filter(scope="telegram")

    def bound_to(self, client_id: str) -> "LoginSessionQuerySet":
        """Those whose tokens are worth nothing without this client's signature (`clients.bound_to`)."""
        by_scope = Q(signed_by="", scope="telegram") if client_id == "telegram_bot" else Q()
        return self.filter(Q(signed_by=client_id) | by_scope)


class TotpDeviceQuerySet(models.QuerySet["TotpDevice"]):
    def of(self, user_id: int) -> "TotpDeviceQuerySet":
        return self.filter(user_id=user_id)

    def confirmed(self) -> "TotpDeviceQuerySet":
        return self.filter(confirmed_at__isnull=False)


class BackupCodeQuerySet(models.QuerySet["BackupCode"]):
    def of(self, user_id: int) -> "BackupCodeQuerySet":
        return self.filter(user_id=user_id)

    def unused(self) -> "BackupCodeQuerySet":
        return self.filter(used_at__isnull=True)


class OAuthLinkQuerySet(models.QuerySet["OAuthLink"]):
    def of(self, user_id: int) -> "OAuthLinkQuerySet":
        return self.filter(user_id=user_id)


class TelegramIdentityQuerySet(models.QuerySet["TelegramIdentity"]):
    def of(self, user_id: int) -> "TelegramIdentityQuerySet":
        return self.filter(user_id=user_id)

    def taken(self, *, user_id: int, chat_id: int) -> bool:
        """Whether the person has a chat already, or the chat a person."""
        return self.filter(Q(user_id=user_id) | Q(chat_id=chat_id)).exists()


class ApiClientQuerySet(models.QuerySet["ApiClient"]):
    def lock(self) -> "ApiClientQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")


class ServiceTokenQuerySet(models.QuerySet["ServiceToken"]):
    def alive(self) -> "ServiceTokenQuerySet":
        """Neither revoked nor over."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=clock.now())

    def lock(self) -> "ServiceTokenQuerySet":
        return self.select_for_update(no_key=True, of=("self",)).order_by("pk")
