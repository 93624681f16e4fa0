from financebot.common.errors import DomainError


class FamilyArchived(DomainError):
    code = "family_archived"


class RestoreWindowOver(DomainError):
    code = "restore_window_over"


class MembershipState(DomainError):
    """The member is suspended, ended or active already, and this needs another state."""

    code = "membership_state"


class AlreadyMember(DomainError):
    code = "already_member"


class CurrencyFixed(DomainError):
    code = "currency_fixed"
