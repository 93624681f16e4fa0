from django.urls import path

from accounts.models import Provider
from accounts.views import (
    AuthViewSet,
    OAuthViewSet,
    ProfileViewSet,
    RecoveryViewSet,
    SessionViewSet,
    TelegramViewSet,
    TwoFactorViewSet,
)

TELEGRAM = "auth/telegram"

urlpatterns = [
    path("auth/register", AuthViewSet.as_view({"post": "register"}), name="register"),
    path("auth/login", AuthViewSet.as_view({"post": "login"}), name="login"),
    path("auth/login/2fa", TwoFactorViewSet.as_view({"post": "answer"}), name="login-2fa"),
    path("auth/2fa/backup-code", TwoFactorViewSet.as_view({"post": "answer_by_backup_code"}), name="login-backup-code"),
    path("auth/2fa/enable", TwoFactorViewSet.as_view({"post": "enable"}), name="2fa-enable"),
    path("auth/2fa/verify", TwoFactorViewSet.as_view({"post": "verify"}), name="2fa-verify"),
    path("auth/2fa/disable", TwoFactorViewSet.as_view({"post": "disable"}), name="2fa-disable"),
    path("auth/2fa/backup-codes", TwoFactorViewSet.as_view({"post": "backup_codes"}), name="2fa-backup-codes"),
    path("auth/refresh", AuthViewSet.as_view({"post": "refresh"}), name="refresh"),
    path("auth/logout", AuthViewSet.as_view({"post": "logout"}), name="logout"),
    path("auth/step-up", AuthViewSet.as_view({"post": "step_up"}), name="step-up"),
    path("auth/password/change", AuthViewSet.as_view({"post": "change_password"}), name="password-change"),
    path("auth/password/reset", RecoveryViewSet.as_view({"post": "ask_reset"}), name="password-reset"),
    path("auth/password/reset/confirm", RecoveryViewSet.as_view({"post": "reset"}), name="password-reset-confirm"),
    path("auth/email/change", ProfileViewSet.as_view({"post": "change_email"}), name="email-change"),
    path("auth/email/verify", RecoveryViewSet.as_view({"post": "verify"}), name="email-verify"),
    path("auth/email/verify/resend", RecoveryViewSet.as_view({"post": "ask_verification"}), name="email-verify-resend"),
    path("auth/not-me", RecoveryViewSet.as_view({"post": "not_me"}), name="not-me"),
    *(
        path(
            f"auth/oauth/{provider}/{step}",
            OAuthViewSet.as_view({"get": step}),
            {"provider": provider},
            name=f"oauth-{provider}-{step}",
        )
        for provider in Provider
        for step in ("start", "callback")
    ),
    path("auth/sessions", SessionViewSet.as_view({"get": "list"}), name="sessions"),
    path("auth/sessions/<id:pk>", SessionViewSet.as_view({"delete": "destroy"}), name="session"),
    path(f"{TELEGRAM}/start", TelegramViewSet.as_view({"post": "start"}), name="telegram-start"),
    path(f"{TELEGRAM}/confirm", TelegramViewSet.as_view({"post": "confirm"}), name="telegram-confirm"),
    path(f"{TELEGRAM}/link", TelegramViewSet.as_view({"post": "link"}), name="telegram-link"),
    path(f"{TELEGRAM}/store-token", TelegramViewSet.as_view({"post": "store_token"}), name="telegram-store-token"),
    path(f"{TELEGRAM}/authenticate", TelegramViewSet.as_view({"post": "authenticate"}), name="telegram-authenticate"),
    path(f"{TELEGRAM}/register", TelegramViewSet.as_view({"post": "register"}), name="telegram-register"),
    path(f"{TELEGRAM}/unlink", TelegramViewSet.as_view({"post": "unlink"}), name="telegram-unlink"),
    path(f"{TELEGRAM}/account", TelegramViewSet.as_view({"post": "account"}), name="telegram-account"),
    path("auth/token/get", TelegramViewSet.as_view({"post": "get_token"}), name="token-get"),
    path("auth/token/refresh-telegram", TelegramViewSet.as_view({"post": "refresh_token"}), name="token-refresh"),
    path(
        "users/me",
        ProfileViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="me",
    ),
]
