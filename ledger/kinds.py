"""The words that the ledger's columns may hold."""

from datetime import timedelta
from enum import StrEnum


class WalletType(StrEnum):
    CASH = "cash"
    BANK = "bank"
    CARD = "card"
    SAVINGS = "savings"
    CREDIT = "credit"
    EWALLET = "ewallet"
    ALLOWANCE = "allowance"


class Visibility(StrEnum):
    SHARED = "shared"
    BALANCE_ONLY = "balance_only"
    PRIVATE = "private"


class CategoryKind(StrEnum):
    INCOME = "income"
    EXPENSE = "expense"
    OPENING = "opening"
    EXCHANGE = "exchange"
    ADJUSTMENT = "adjustment"


SYSTEM_KINDS = (CategoryKind.OPENING, CategoryKind.EXCHANGE, CategoryKind.ADJUSTMENT)


class TransactionType(StrEnum):
    EXPENSE = "expense"
    INCOME = "income"
    TRANSFER = "transfer"
    EXCHANGE = "exchange"
    OPENING = "opening"
    ADJUSTMENT = "adjustment"


SHARED = (TransactionType.EXPENSE, TransactionType.INCOME)  # for somebody, and for something
FACTS = (TransactionType.OPENING, TransactionType.ADJUSTMENT)  # they state what is, and wait for nobody


class Status(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    EXECUTED = "executed"
    REVERSED = "reversed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


PENDING_LIFE = timedelta(days=30)
BOOKED = (Status.EXECUTED, Status.REVERSED)

NEXT: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.PENDING_APPROVAL, Status.EXECUTED, Status.CANCELLED),
    Status.PENDING_APPROVAL: (Status.EXECUTED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED),
    Status.EXECUTED: (Status.REVERSED,),
}


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


class Channel(StrEnum):
    API = "api"
    WEB = "web"
    ADMIN = "admin"
    BOT = "bot"
    IMPORT = "import"
    SCHEDULE = "schedule"


def choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """A column's choices; the CHECK beside it holds the same values."""
    return [(item.value, item.value) for item in kind]
