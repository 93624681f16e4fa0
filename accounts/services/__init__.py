"""What people do with their accounts and sessions."""

from accounts.services.entering import log_in, refresh, register, step_up
from accounts.services.profile import change_password, edit_profile
from accounts.services.recovery import (
    ask_password_reset,
    ask_verification,
    reset_password,
    secure_account,
    verify_email,
)
from accounts.services.sessions import log_out, revoke_session
from accounts.sessions import Entered

__all__ = [
    "Entered",
    "ask_password_reset",
    "ask_verification",
    "change_password",
    "edit_profile",
    "log_in",
    "log_out",
    "refresh",
    "register",
    "reset_password",
    "revoke_session",
    "secure_account",
    "step_up",
    "verify_email",
]
