"""The ledger in the back office: facts to look at, and what people decide about them."""

from ledger.admin import rows, transactions, wallets

__all__ = ["rows", "transactions", "wallets"]
