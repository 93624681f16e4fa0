from ledger.views.categories import CategoryViewSet
from ledger.views.rates import RateViewSet
from ledger.views.transactions import TransactionViewSet
from ledger.views.wallets import WalletViewSet

__all__ = ["CategoryViewSet", "RateViewSet", "TransactionViewSet", "WalletViewSet"]
