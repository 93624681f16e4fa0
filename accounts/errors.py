from financebot.common.errors import DomainError


class EmailTaken(DomainError):
    code = "email_taken"


class EmailChangedLately(DomainError):
    """The address before can still take the account back; a second change would end that."""

    code = "email_changed_lately"


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


class LoginNotBegun(DomainError):
    """Somebody comes back from a provider whom this browser did not send there just now, or for the second time."""

    code = "login_not_begun"


class ProviderRefused(DomainError):
    """The person said no there, or the provider knows nothing of the code that they bring."""

    code = "provider_refused"


class ProviderAway(DomainError):
    """No answer in time, or none that makes sense."""

    code = "provider_away"


class ProviderAddressMissing(DomainError):
    code = "provider_address_missing"


class AccountNotLinked(DomainError):
    """There is an account that a provider's word does not open: its address is not proven, or it is closed."""

    code = "account_not_linked"


class AlreadyBound(DomainError):
    """The chat speaks for somebody, or the person has a chat: the one there is has to be unlinked first."""

    code = "already_bound"


class AccountComplete(DomainError):
    """It has an address or a password, which are changed by other ways."""

    code = "account_complete"
