from ledger.models.movements import Payee, Posting, PostingShare, Tag, Transaction
from ledger.models.totals import MonthTotal, WalletMonth
from ledger.models.wallets import Category, Wallet

__all__ = [
    "Category",
    "MonthTotal",
    "Payee",
    "Posting",
    "PostingShare",
    "Tag",
    "Transaction",
    "Wallet",
    "WalletMonth",
]
