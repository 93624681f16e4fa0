from accounts.views.auth import AuthViewSet
from accounts.views.common import PersonViewSet
from accounts.views.oauth import OAuthViewSet
from accounts.views.profile import ProfileViewSet
from accounts.views.recovery import RecoveryViewSet
from accounts.views.sessions import SessionViewSet
from accounts.views.telegram import TelegramViewSet
from accounts.views.two_factor import TwoFactorViewSet

__all__ = [
    "AuthViewSet",
    "OAuthViewSet",
    "PersonViewSet",
    "ProfileViewSet",
    "RecoveryViewSet",
    "SessionViewSet",
    "TelegramViewSet",
    "TwoFactorViewSet",
]
