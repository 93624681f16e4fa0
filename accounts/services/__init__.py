"""What people do with their accounts and sessions."""

from accounts.second_factor import Challenged, Factor, Shown
from accounts.services.clients import (
    Credentials,
    Issued,
    create_client,
    issue_service_token,
    revoke_client,
    revoke_service_token,
    rotate_client,
)
from accounts.services.entering import answer_challenge, log_in, refresh, register, step_up
from accounts.services.lockout import reserve_try, unlock
from accounts.services.operators import end_log_in, set_active
from accounts.services.profile import change_password, edit_profile
from accounts.services.recovery import (
    ask_password_reset,
    ask_verification,
    reset_password,
    secure_account,
    verify_email,
)
from accounts.services.sessions import log_out, revoke_session
from accounts.services.two_factor import (
    disable_two_factor,
    enable_two_factor,
    renew_backup_codes,
    verify_two_factor,
)
from accounts.sessions import Entered

__all__ = [
    "Challenged",
    "Credentials",
    "Entered",
    "Factor",
    "Issued",
    "Shown",
    "answer_challenge",
    "ask_password_reset",
    "ask_verification",
    "change_password",
    "create_client",
    "disable_two_factor",
    "edit_profile",
    "enable_two_factor",
    "end_log_in",
    "issue_service_token",
    "log_in",
    "log_out",
    "refresh",
    "register",
    "renew_backup_codes",
    "reserve_try",
    "reset_password",
    "revoke_client",
    "revoke_service_token",
    "revoke_session",
    "rotate_client",
    "secure_account",
    "set_active",
    "step_up",
    "unlock",
    "verify_email",
    "verify_two_factor",
]
