from financebot.common.errors import DateInFuture as DateInFuture  # noqa: PLC0414 - the ledger's dates are refused alike
from financebot.common.errors import DateTooEarly as DateTooEarly  # noqa: PLC0414
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


class AlreadyReversed(DomainError):
    code = "already_reversed"


class NotReversible(DomainError):
    code = "not_reversible"


class UndoWindowOver(DomainError):
    code = "undo_window_over"


class CategoryTooDeep(DomainError):
    code = "category_too_deep"


class SplitMismatch(DomainError):
    code = "split_mismatch"


class RefundTooLarge(DomainError):
    code = "refund_too_large"


class NotRefundable(DomainError):
    code = "not_refundable"


class NotEditable(DomainError):
    code = "not_editable"


class AlreadyRecorded(DomainError):
    code = "already_recorded"


class AlreadyDecided(DomainError):
    code = "already_decided"


class OwnTransaction(DomainError):
    code = "own_transaction"


class WalletHasPending(DomainError):
    code = "wallet_has_pending"


class CategoryLoop(DomainError):
    """It would come to lie below itself, or be merged into itself or one of its own."""

    code = "category_loop"


class FallbackCategory(DomainError):
    """Where entries go that name no category: always there to be chosen."""

    code = "fallback_category"
