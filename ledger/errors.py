from financebot.common.errors import DomainError


class SameWallet(DomainError):
    code = "same_wallet"


class WalletArchived(DomainError):
    code = "wallet_archived"


class WalletNotEmpty(DomainError):
    code = "wallet_not_empty"


class WrongCategoryKind(DomainError):
    code = "wrong_category_kind"


class ExchangeRateMissing(DomainError):
    code = "exchange_rate_missing"


class InsufficientFunds(DomainError):
    code = "insufficient_funds"


class PeriodClosed(DomainError):
    code = "period_closed"


class DateInFuture(DomainError):
    code = "date_in_future"


class DateTooEarly(DomainError):
    code = "date_too_early"


class AlreadyReversed(DomainError):
    code = "already_reversed"


class NotReversible(DomainError):
    code = "not_reversible"


class UndoWindowOver(DomainError):
    code = "undo_window_over"


class CategoryTooDeep(DomainError):
    code = "category_too_deep"
