"""What people do with their accounts and sessions."""

from accounts.services.entering import log_in, refresh, register, step_up
from accounts.services.lockout import reserve_try, unlock
from accounts.services.profile import change_password, edit_profile
from accounts.services.sessions import log_out, revoke_session
from accounts.sessions import Entered

__all__ = [
    "Entered",
    "change_password",
    "edit_profile",
    "log_in",
    "log_out",
    "refresh",
    "register",
    "reserve_try",
    "revoke_session",
    "step_up",
    "unlock",
]
