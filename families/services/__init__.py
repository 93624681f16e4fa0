from families.services.families import (
    archive_family,
    close_period,
    create_family,
    edit_family,
    reopen_period,
    restore_family,
    transfer_ownership,
)
from families.services.invitations import accept_invitation, create_invitation, revoke_invitation
from families.services.members import consent_to_telegram, edit_member, remove_member, resume_member, suspend_member

__all__ = [
    "accept_invitation",
    "archive_family",
    "close_period",
    "consent_to_telegram",
    "create_family",
    "create_invitation",
    "edit_family",
    "edit_member",
    "remove_member",
    "reopen_period",
    "restore_family",
    "resume_member",
    "revoke_invitation",
    "suspend_member",
    "transfer_ownership",
]
