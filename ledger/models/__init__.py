from ledger.models.approvals import Approval
from ledger.models.movements import Payee, Posting, PostingShare, Tag, Transaction
from ledger.models.rates import ExchangeRate
from ledger.models.totals import MonthTotal, WalletMonth
from ledger.models.wallets import Category, Wallet

__all__ = [
    "Approval",
    "Category",
    "ExchangeRate",
    "MonthTotal",
    "Payee",
    "Posting",
    "PostingShare",
    "Tag",
    "Transaction",
    "Wallet",
    "WalletMonth",
]
