from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import InvalidCode
from families.errors import FamilyArchived
from families.roles import Access, P
from families.viewsets import FamilyViewSet
from financebot.api.pagination import Parts
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
    AlreadyDecided,
    AlreadyRecorded,
    AlreadyReversed,
    DateInFuture,
    DateTooEarly,
    ExchangeRateMissing,
    InsufficientFunds,
    NotEditable,
    NotRefundable,
    NotReversible,
    OwnTransaction,
    PeriodClosed,
    RefundTooLarge,
    SameWallet,
    SplitMismatch,
    UndoWindowOver,
    WalletArchived,
    WalletHasPending,
    WrongCategoryKind,
)
from ledger.models import Transaction
from ledger.serializers import transactions as serializers

RECORDING_PROBLEMS = (
    FamilyArchived,
    UnknownReference,
    AmountNotPositive,
    AmountTooFine,
    AmountTooLarge,
    AlreadyRecorded,
    DateInFuture,
    DateTooEarly,
    ExchangeRateMissing,
    InsufficientFunds,
    NotRefundable,
    PeriodClosed,
    RefundTooLarge,
    SameWallet,
    SplitMismatch,
    WalletArchived,
    WrongCategoryKind,
)
SUBMITTING_PROBLEMS = (  # what may have come about since the draft was made
    FamilyArchived,
    UnknownReference,
    AlreadyDecided,
    AlreadyRecorded,
    AmountTooLarge,
    DateInFuture,
    InsufficientFunds,
    NotRefundable,
    PeriodClosed,
    RefundTooLarge,
    WalletArchived,
)
CONFIRMING_PROBLEMS = (
    FamilyArchived,
    InvalidCode,
    OwnTransaction,
    AlreadyDecided,
    AmountTooLarge,
    Changed,
    DateInFuture,
    NotReversible,
    PeriodClosed,
    WalletArchived,
)
REVERSAL_PROBLEMS = (
    FamilyArchived,
    AlreadyReversed,
    AmountTooLarge,
    DateInFuture,
    NotReversible,
    InsufficientFunds,
    WalletArchived,
    PeriodClosed,
)


class TransactionViewSet(FamilyViewSet):
    model = Transaction
    calls = {
        "list": Call(
            needs=any_of(P.VIEW_TRANSACTIONS),
            query=filters.TransactionListQuery,
            answer=serializers.TransactionRead,
            ordering="-occurred_on",
        ),
        "create": Call(
            needs=any_of(P.CREATE_TRANSACTION, P.TRANSFER_BETWEEN_WALLETS),
            body=serializers.TransactionWrite,
            answer=serializers.TransactionRead,
            status=201,
            problems=RECORDING_PROBLEMS,
        ),
        "bulk": Call(
            needs=any_of(P.BULK_TRANSACTIONS),
            body=serializers.BulkWrite,
            answer=serializers.BulkRead,
            status=201,
            problems=RECORDING_PROBLEMS,
        ),
        "submit": Call(
            needs=any_of(P.CREATE_TRANSACTION, P.TRANSFER_BETWEEN_WALLETS),
            answer=serializers.TransactionRead,
            problems=SUBMITTING_PROBLEMS,
        ),
        "confirm": Call(
            needs=any_of(P.APPROVE_TRANSACTION, P.APPROVE_LARGE_TRANSACTION),
            body=serializers.ConfirmWrite,
            answer=serializers.ConfirmRead,
            problems=CONFIRMING_PROBLEMS,
        ),
        "reject": Call(
            needs=any_of(P.REJECT_TRANSACTION),
            body=serializers.ReasonWrite,
            answer=serializers.TransactionRead,
            problems=(FamilyArchived, OwnTransaction, AlreadyDecided),
        ),
        "cancel": Call(
            needs=any_of(P.CANCEL_OWN_PENDING),
            answer=serializers.TransactionRead,
            problems=(FamilyArchived, AlreadyDecided),
        ),
        "retrieve": Call(needs=any_of(P.VIEW_TRANSACTIONS), answer=serializers.TransactionDetail),
        "partial_update": Call(
            needs=any_of(P.EDIT_OWN_TRANSACTION, P.EDIT_ANY_TRANSACTION),
            body=serializers.TransactionEdit,
            answer=serializers.TransactionRead,
            problems=(
                *RECORDING_PROBLEMS,
                AlreadyDecided,
                AlreadyReversed,
                Changed,
                NotEditable,
                NotReversible,
                PreconditionFailed,
                WalletHasPending,
            ),
        ),
        "destroy": Call(
            needs=any_of(P.DELETE_TRANSACTION, P.UNDO_OWN_TRANSACTION),
            query=serializers.ReasonWrite,
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=(*REVERSAL_PROBLEMS, UndoWindowOver),
        ),
        "reverse": Call(
            needs=any_of(P.DELETE_TRANSACTION),
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=REVERSAL_PROBLEMS,
        ),
        "undo": Call(
            needs=any_of(P.UNDO_OWN_TRANSACTION),
            body=serializers.ReasonWrite,
            answer=serializers.ReversalRead,
            problems=(*REVERSAL_PROBLEMS, UndoWindowOver),
        ),
    }

    def seen(self, access: Access) -> QuerySet[Transaction]:
        return selectors.entries(access)

    def present(self, rows: Sequence[Any]) -> Sequence[Any]:
        return selectors.present(rows, self.access)

    def list(self, request: Request) -> Response:
        rows, ordering = selectors.shown(Transaction._base_manager.get_queryset(), self.access), self.query["ordering"]
        parts: list[QuerySet[Transaction]] = [Transaction.objects.seen_by(self.access)]
        if filters.BY_AMOUNT & self.query.keys() or ordering.endswith("amount"):
            rows = rows.annotate(seen_amount=selectors.seen_amount(self.access))
            parts = selectors.parts_by_seen_amount(self.access)
            ordering = ordering.replace("amount", "seen_amount")
        sides = filters.sides(self.query, self.access)
        found = [filters.transactions(part, self.query).filter(side) for part in parts for side in sides]
        return self.page(Parts(rows, found), ordering=ordering)

    def create(self, request: Request) -> Response:
        draft = serializers.draft_of(self.body(request))

        def work() -> Any:
            entry = services.create_transaction(actor=self.actor, draft=draft)
            return selectors.present_entry(entry)

        return self.once(work)

    def retrieve(self, request: Request, pk: int) -> Response:
        [found] = selectors.present([self.object], self.access)
        return self.show(replace(found, history=list(selectors.history(self.object, self.access))))

    def bulk(self, request: Request) -> Response:
        drafts = [serializers.draft_of(row) for row in self.body(request)["transactions"]]

        def work() -> Any:
            entries = services.create_transactions(actor=self.actor, drafts=drafts)
            return {"transactions": [selectors.present_entry(entry) for entry in entries]}

        return self.once(work)

    def partial_update(self, request: Request, pk: int) -> Response:
        changes, version = serializers.facts_of(self.body(request)), self.expected_version()

        def work() -> Any:
            found = services.edit_transaction(actor=self.actor, transaction_id=pk, changes=changes, version=version)
            return self._found(found.pk)

        return self.once(work)

    def submit(self, request: Request, pk: int) -> Response:
        def work() -> Any:
            return selectors.present_entry(services.submit_transaction(actor=self.actor, transaction_id=pk))

        return self.once(work)

    def confirm(self, request: Request, pk: int) -> Response:
        body = self.body(request)
        return self.once(
            lambda: services.confirm_transaction(
                actor=self.actor,
                transaction_id=pk,
                token=body.get("confirmation_token"),
                version=body.get("version"),
            )
        )

    def reject(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"]

        def work() -> Any:
            services.reject_transaction(actor=self.actor, transaction_id=pk, reason=reason)
            return self._found(pk)

        return self.once(work)

    def cancel(self, request: Request, pk: int) -> Response:
        def work() -> Any:
            services.cancel_transaction(actor=self.actor, transaction_id=pk)
            return self._found(pk)

        return self.once(work)

    def _found(self, pk: int) -> Any:
        """An entry read back as the caller sees it."""
        [found] = selectors.present(self.seen(self.access).filter(pk=pk), self.access)
        return found

    def destroy(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"] or self.query["reason"]
        return self.once(lambda: services.remove_transaction(actor=self.actor, transaction_id=pk, reason=reason))

    def reverse(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"]
        return self.once(lambda: services.reverse_transaction(actor=self.actor, transaction_id=pk, reason=reason))

    def undo(self, request: Request, pk: int) -> Response:
        reason = self.body(request)["reason"]
        return self.once(lambda: services.undo_transaction(actor=self.actor, transaction_id=pk, reason=reason))
