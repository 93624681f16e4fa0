from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from families.errors import FamilyArchived
from families.roles import Access, P
from families.viewsets import FamilyViewSet
from financebot.api.views import Call, any_of
from financebot.common.errors import (
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    Changed,
    PreconditionFailed,
    UnknownReference,
)
from ledger import filters, selectors, services
from ledger.errors import (
    DateInFuture,
    DateTooEarly,
    ExchangeRateMissing,
    InsufficientFunds,
    PeriodClosed,
    WalletArchived,
    WalletHasPending,
    WalletNotEmpty,
)
from ledger.models import Wallet
from ledger.serializers import wallets as serializers

LIMIT_PROBLEMS = (FamilyArchived, UnknownReference, AmountNotPositive, AmountTooFine, AmountTooLarge)
FACT_PROBLEMS = (PeriodClosed, ExchangeRateMissing, InsufficientFunds)


class WalletViewSet(FamilyViewSet):
    model = Wallet
    calls = {
        "list": Call(needs=any_of(P.VIEW_WALLETS), query=filters.WalletListQuery, answer=serializers.WalletsRead),
        "create": Call(
            needs=any_of(P.CREATE_WALLET),
            body=serializers.WalletWrite,
            answer=serializers.WalletRead,
            status=201,
            problems=(*LIMIT_PROBLEMS, *FACT_PROBLEMS),
        ),
        "retrieve": Call(needs=any_of(P.VIEW_WALLETS), answer=serializers.WalletRead),
        "summary": Call(needs=any_of(P.VIEW_WALLET_SUMMARY), query=filters.FamilyQuery, answer=serializers.SummaryRead),
        "reconcile": Call(
            needs=any_of(P.RECONCILE_WALLET),
            body=serializers.ReconcileWrite,
            answer=serializers.ReconciledRead,
            problems=(
                FamilyArchived,
                AmountTooFine,
                AmountTooLarge,
                DateInFuture,
                DateTooEarly,
                *FACT_PROBLEMS,
                WalletArchived,
            ),
        ),
        "update": Call(
            needs=any_of(P.EDIT_WALLET, P.SET_WALLET_VISIBILITY),
            body=serializers.WalletEdit,
            answer=serializers.WalletRead,
            problems=(*LIMIT_PROBLEMS, InsufficientFunds, PreconditionFailed, WalletArchived, WalletHasPending),
        ),
        "archive": Call(
            needs=any_of(P.ARCHIVE_WALLET, P.SET_WALLET_VISIBILITY),
            answer=serializers.WalletRead,
            problems=(FamilyArchived, WalletNotEmpty, WalletHasPending, Changed),
        ),
        "restore": Call(
            needs=any_of(P.ARCHIVE_WALLET, P.SET_WALLET_VISIBILITY),
            answer=serializers.WalletRead,
            problems=(FamilyArchived, Changed),
        ),
    }

    def seen(self, access: Access) -> QuerySet[Wallet]:
        return Wallet.objects.seen_by(access)

    def list(self, request: Request) -> Response:
        found = filters.wallets(self.seen(self.access), self.query).order_by("pk")
        return self.show({"wallets": list(found)})

    def create(self, request: Request) -> Response:
        fields = self.fields(request)
        return self.once(lambda: services.create_wallet(actor=self.actor, fields=fields))

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.show(self.object)

    def update(self, request: Request, pk: int) -> Response:
        changes, version = self.body(request), self.expected_version()
        return self.once(lambda: services.edit_wallet(actor=self.actor, wallet_id=pk, changes=changes, version=version))

    def summary(self, request: Request) -> Response:
        return self.show(selectors.summary(self.access))

    def reconcile(self, request: Request, pk: int) -> Response:
        body = self.body(request)
        return self.once(
            lambda: services.reconcile_wallet(
                actor=self.actor,
                wallet_id=pk,
                statement_balance=body["statement_balance"],
                day=body.get("date"),
            )
        )

    def archive(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.archive_wallet(actor=self.actor, wallet_id=pk))

    def restore(self, request: Request, pk: int) -> Response:
        return self.once(lambda: services.restore_wallet(actor=self.actor, wallet_id=pk))
