"""The parameters of the ledger's lists, and what they leave of a queryset."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from rest_framework import serializers

from financebot.api.serializers import AmountField, CurrencyField, DayField, IdField
from financebot.api.views import PageQuery, Query
from financebot.common import money
from financebot.common.text import fold
from ledger.kinds import CategoryKind, Channel, Status, TransactionType
from ledger.models import Category, ExchangeRate, Posting, Transaction, Wallet

DIRECT = {
    "member": "author_id",
    "status": "status",
    "type": "type",
    "channel": "channel",
    "amount_min": "seen_amount__gte",
    "amount_max": "seen_amount__lte",
    "date_from": "occurred_on__gte",
    "date_to": "occurred_on__lte",
}

OF_RATES = {"base_currency": "base", "quote_currency": "quote", "date_from": "day__gte", "date_to": "day__lte"}


BY_AMOUNT = {"amount_min", "amount_max"}


class AmountBound(AmountField):
    """A bound of a filter: no finer than the database keeps."""

    def to_internal_value(self, data: object) -> Decimal:
        bound = super().to_internal_value(data)
        if -int(bound.as_tuple().exponent) > money.SCALE:
            self.fail("invalid")
        return bound


class FamilyQuery(Query):
    family_id = IdField(required=False)


class WalletListQuery(FamilyQuery):
    archived = serializers.ChoiceField(choices=["false", "true", "all"], default="false")


class CategoryListQuery(PageQuery):
    family_id = IdField(required=False)
    kind = serializers.ChoiceField(required=False, choices=list(CategoryKind))
    archived = serializers.ChoiceField(choices=["false", "true", "all"], default="false")


class RateListQuery(PageQuery):
    family_id = IdField(required=False)
    base_currency = CurrencyField(required=False)
    quote_currency = CurrencyField(required=False)
    date_from = DayField(required=False)
    date_to = DayField(required=False)


class TransactionListQuery(PageQuery):
    family_id = IdField(required=False)
    wallet = IdField(required=False)
    category = IdField(required=False)
    member = IdField(required=False)
    status = serializers.ChoiceField(required=False, choices=list(Status))
    type = serializers.ChoiceField(required=False, choices=list(TransactionType))
    channel = serializers.ChoiceField(required=False, choices=list(Channel))
    amount_min = AmountBound(required=False)
    amount_max = AmountBound(required=False)
    date_from = DayField(required=False)
    date_to = DayField(required=False)
    tag = serializers.CharField(required=False, max_length=50)
    payee = serializers.CharField(required=False, max_length=200)
    search = serializers.CharField(required=False, max_length=200)
    include = serializers.ChoiceField(required=False, choices=["reversed"])
    ordering = serializers.ChoiceField(
        choices=["-occurred_on", "occurred_on", "-amount", "amount", "-created_at", "created_at"],
        default="-occurred_on",
    )


def wallets(queryset: QuerySet[Wallet], query: Any) -> QuerySet[Wallet]:
    if query["archived"] == "all":
        return queryset
    return queryset.filter(archived_at__isnull=query["archived"] == "false")


def categories(queryset: QuerySet[Category], query: Any) -> QuerySet[Category]:
    found = queryset.filter(kind=query["kind"]) if "kind" in query else queryset
    if query["archived"] == "all":
        return found
    return found.filter(archived_at__isnull=query["archived"] == "false")


def rates(queryset: QuerySet[ExchangeRate], query: Any) -> QuerySet[ExchangeRate]:
    return queryset.filter(**{OF_RATES[name]: value for name, value in query.items() if name in OF_RATES})


def transactions(queryset: QuerySet[Transaction], query: Any, *, opened: QuerySet[Wallet]) -> QuerySet[Transaction]:
    """Reversals and what they took back stay out unless asked for. `opened`: the wallets whose entries the viewer
    sees; another finds nothing. A search finds entries with all its words, each anywhere in what they say."""
    found = queryset.filter(**{DIRECT[name]: value for name, value in query.items() if name in DIRECT})
    if "wallet" in query:
        wallet = opened.filter(pk=query["wallet"]).values("pk")
        found = found.filter(Q(from_wallet__in=wallet) | Q(to_wallet__in=wallet))
    if "category" in query:
        tree = Category.objects.tree(query["category"]).values("pk")
        postings = Posting.objects.filter(category__in=tree, transaction=OuterRef("pk"))
        found = found.filter(Exists(postings) | Q(label__in=tree))
    if "payee" in query:
        found = found.filter(payee__family=F("family"), payee__folded=fold(query["payee"]))
    if "tag" in query:
        tags = Transaction.tags.through._base_manager.filter(tag__folded=fold(query["tag"]))
        found = found.filter(Exists(tags.filter(transaction=OuterRef("pk"))))
    for word in dict.fromkeys(fold(query.get("search", "")).split()):
        found = found.filter(search__contains=word)
    if "include" not in query and "status" not in query:
        found = found.exclude(status=Status.REVERSED).filter(reverses__isnull=True)
    return found
