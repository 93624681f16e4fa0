from ledger.services.transactions import (
    create_transaction,
    edit_words,
    remove_transaction,
    reverse_transaction,
    undo_transaction,
)
from ledger.services.wallets import (
    archive_wallet,
    create_category,
    create_wallet,
    edit_wallet,
    restore_wallet,
)

__all__ = [
    "archive_wallet",
    "create_category",
    "create_transaction",
    "create_wallet",
    "edit_wallet",
    "edit_words",
    "remove_transaction",
    "restore_wallet",
    "reverse_transaction",
    "undo_transaction",
]
