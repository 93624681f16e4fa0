from django.urls import path

from ledger.views import CategoryViewSet, TransactionViewSet, WalletViewSet

urlpatterns = [
    path("wallets", WalletViewSet.as_view({"get": "list", "post": "create"}), name="wallets"),
    path(
        "wallets/<id:pk>",
        WalletViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update"}),
        name="wallet",
    ),
    path("wallets/<id:pk>/archive", WalletViewSet.as_view({"post": "archive"}), name="wallet-archive"),
    path("wallets/<id:pk>/restore", WalletViewSet.as_view({"post": "restore"}), name="wallet-restore"),
    path("categories", CategoryViewSet.as_view({"get": "list", "post": "create"}), name="categories"),
    path("transactions", TransactionViewSet.as_view({"get": "list", "post": "create"}), name="transactions"),
    path(
        "transactions/<id:pk>",
        TransactionViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="transaction",
    ),
    path(
        "transactions/<id:pk>/reverse",
        TransactionViewSet.as_view({"post": "reverse"}),
        name="transaction-reverse",
    ),
    path("transactions/<id:pk>/undo", TransactionViewSet.as_view({"post": "undo"}), name="transaction-undo"),
]
