from financebot.common.errors import DomainError


class EmailTaken(DomainError):
    code = "email_taken"


class InvalidCredentials(DomainError):
    """Unknown, wrong, inactive: one answer."""

    code = "invalid_credentials"


class InvalidToken(DomainError):
    code = "invalid_token"


class SignatureMissing(DomainError):
    """A part of a signature without the others, or none where the token is good only with one."""

    code = "signature_missing"


class SignatureInvalid(DomainError):
    """Unknown client, a header that is none, another secret, another request: one answer."""

    code = "signature_invalid"


class TimestampStale(DomainError):
    code = "timestamp_stale"


class SignatureReplayed(DomainError):
    code = "signature_replayed"


class NotAuthenticated(DomainError):
    code = "not_authenticated"


class WrongPassword(DomainError):
    code = "wrong_password"


class InvalidCode(DomainError):
    """Wrong, used, late, revoked or out of tries: one answer."""

    code = "invalid_code"


class TwoFactorOn(DomainError):
    code = "two_factor_on"


class AlreadyBound(DomainError):
    """The chat speaks for somebody, or the person has a chat: the one there is has to be unlinked first."""

    code = "already_bound"


class AccountComplete(DomainError):
    """It has an address or a password, which are changed by other ways."""

    code = "account_complete"
