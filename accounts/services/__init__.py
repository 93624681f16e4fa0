"""What people do with their accounts and sessions."""

from accounts.services.clients import (
    Credentials,
    Issued,
    create_client,
    issue_service_token,
    revoke_client,
    revoke_service_token,
    rotate_client,
)
from accounts.services.entering import log_in, refresh, register, step_up
from accounts.services.lockout import reserve_try, unlock
from accounts.services.profile import change_password, edit_profile
from accounts.services.sessions import log_out, revoke_session
from accounts.sessions import Entered

__all__ = [
    "Credentials",
    "Entered",
    "Issued",
    "change_password",
    "create_client",
    "edit_profile",
    "issue_service_token",
    "log_in",
    "log_out",
    "refresh",
    "register",
    "reserve_try",
    "revoke_client",
    "revoke_service_token",
    "revoke_session",
    "rotate_client",
    "step_up",
    "unlock",
]
