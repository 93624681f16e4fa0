from families.services.families import (
    archive_family,
    create_family,
    edit_family,
    restore_family,
    transfer_ownership,
)
from families.services.invitations import accept_invitation, create_invitation, revoke_invitation
from families.services.members import edit_member, remove_member, resume_member, suspend_member

__all__ = [
    "accept_invitation",
    "archive_family",
    "create_family",
    "create_invitation",
    "edit_family",
    "edit_member",
    "remove_member",
    "restore_family",
    "resume_member",
    "revoke_invitation",
    "suspend_member",
    "transfer_ownership",
]
