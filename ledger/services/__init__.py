from ledger.services.approvals import (
    cancel_transaction,
    confirm_transaction,
    expire_transaction,
    reject_transaction,
)
from ledger.services.categories import (
    archive_category,
    create_category,
    edit_category,
    merge_category,
    restore_category,
)
from ledger.services.corrections import (
    edit_transaction,
    remove_transaction,
    reverse_transaction,
    undo_transaction,
)
from ledger.services.rates import set_rate
from ledger.services.transactions import create_transaction, create_transactions, submit_transaction
from ledger.services.wallets import archive_wallet, create_wallet, edit_wallet, reconcile_wallet, restore_wallet

__all__ = [
    "archive_category",
    "archive_wallet",
    "cancel_transaction",
    "confirm_transaction",
    "create_category",
    "create_transaction",
    "create_transactions",
    "create_wallet",
    "edit_category",
    "edit_transaction",
    "edit_wallet",
    "expire_transaction",
    "merge_category",
    "reconcile_wallet",
    "reject_transaction",
    "remove_transaction",
    "restore_category",
    "restore_wallet",
    "reverse_transaction",
    "set_rate",
    "submit_transaction",
    "undo_transaction",
]
