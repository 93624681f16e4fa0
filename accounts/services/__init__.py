"""What people do with their accounts and sessions."""

from accounts.second_factor import Challenged, Factor, Shown
from accounts.services.address import ask_email_change, secure_account, verify_email
from accounts.services.clients import (
    Credentials,
    Issued,
    create_client,
    issue_service_token,
    revoke_client,
    revoke_service_token,
    rotate_client,
)
from accounts.services.completing import begin_completion, complete_account
from accounts.services.entering import answer_challenge, log_in, refresh, register, step_up
from accounts.services.lockout import reserve_try, unlock
from accounts.services.operators import end_log_in, set_active
from accounts.services.privacy import erase_account, note_export
from accounts.services.profile import change_password, edit_profile
from accounts.services.providers import enter_by_provider
from accounts.services.recovery import (
    ask_password_reset,
    ask_verification,
    reset_password,
)
from accounts.services.sessions import log_out, revoke_session
from accounts.services.telegram import (
    begin_by_person,
    begin_in_chat,
    check_chat_token,
    confirm_binding,
    confirm_in_chat,
    look_at_binding,
    register_chat,
    speak_for_chat,
    unlink_chat,
    unlink_own_chat,
)
from accounts.services.two_factor import (
    disable_two_factor,
    enable_two_factor,
    renew_backup_codes,
    take_two_factor_away,
    verify_two_factor,
)
from accounts.services.weeks import end_week
from accounts.sessions import Entered

__all__ = [
    "Challenged",
    "Credentials",
    "Entered",
    "Factor",
    "Issued",
    "Shown",
    "answer_challenge",
    "ask_email_change",
    "ask_password_reset",
    "ask_verification",
    "begin_by_person",
    "begin_completion",
    "begin_in_chat",
    "change_password",
    "check_chat_token",
    "complete_account",
    "confirm_binding",
    "confirm_in_chat",
    "create_client",
    "disable_two_factor",
    "edit_profile",
    "enable_two_factor",
    "end_log_in",
    "end_week",
    "enter_by_provider",
    "erase_account",
    "issue_service_token",
    "log_in",
    "log_out",
    "look_at_binding",
    "note_export",
    "refresh",
    "register",
    "register_chat",
    "renew_backup_codes",
    "reserve_try",
    "reset_password",
    "revoke_client",
    "revoke_service_token",
    "revoke_session",
    "rotate_client",
    "secure_account",
    "set_active",
    "speak_for_chat",
    "step_up",
    "take_two_factor_away",
    "unlink_chat",
    "unlink_own_chat",
    "unlock",
    "verify_email",
    "verify_two_factor",
]
