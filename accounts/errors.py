from financebot.common.errors import DomainError


class EmailTaken(DomainError):
    code = "email_taken"


class InvalidCredentials(DomainError):
    """Unknown, wrong, inactive: one answer."""

    code = "invalid_credentials"


class InvalidToken(DomainError):
    code = "invalid_token"


class NotAuthenticated(DomainError):
    code = "not_authenticated"


class WrongPassword(DomainError):
    code = "wrong_password"


class InvalidCode(DomainError):
    """Wrong, used, late, revoked or out of tries: one answer."""

    code = "invalid_code"


class TwoFactorOn(DomainError):
    code = "two_factor_on"
