from django.urls import path

from ledger.views import CategoryViewSet, RateViewSet, TransactionViewSet, WalletViewSet

urlpatterns = [
    path("wallets", WalletViewSet.as_view({"get": "list", "post": "create"}), name="wallets"),
    path("wallets/summary", WalletViewSet.as_view({"get": "summary"}), name="wallet-summary"),
    path(
        "wallets/<id:pk>",
        WalletViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update"}),
        name="wallet",
    ),
    path("wallets/<id:pk>/archive", WalletViewSet.as_view({"post": "archive"}), name="wallet-archive"),
    path("wallets/<id:pk>/reconcile", WalletViewSet.as_view({"post": "reconcile"}), name="wallet-reconcile"),
    path("wallets/<id:pk>/restore", WalletViewSet.as_view({"post": "restore"}), name="wallet-restore"),
    path("categories", CategoryViewSet.as_view({"get": "list", "post": "create"}), name="categories"),
    path("transactions/bulk", TransactionViewSet.as_view({"post": "bulk"}), name="transactions-bulk"),
    path(
        "categories/<id:pk>",
        CategoryViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="category",
    ),
    path("categories/<id:pk>/archive", CategoryViewSet.as_view({"post": "archive"}), name="category-archive"),
    path("categories/<id:pk>/restore", CategoryViewSet.as_view({"post": "restore"}), name="category-restore"),
    path("categories/<id:pk>/merge", CategoryViewSet.as_view({"post": "merge"}), name="category-merge"),
    path("exchange-rates", RateViewSet.as_view({"get": "list", "post": "create"}), name="exchange-rates"),
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
    path("transactions/<id:pk>/submit", TransactionViewSet.as_view({"post": "submit"}), name="transaction-submit"),
    path("transactions/<id:pk>/confirm", TransactionViewSet.as_view({"post": "confirm"}), name="transaction-confirm"),
    path("transactions/<id:pk>/reject", TransactionViewSet.as_view({"post": "reject"}), name="transaction-reject"),
    path("transactions/<id:pk>/cancel", TransactionViewSet.as_view({"post": "cancel"}), name="transaction-cancel"),
]
