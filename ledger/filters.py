"""The parameters of the ledger's lists, and what they leave of a queryset."""

from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework import serializers

from families.roles import Access
from financebot.api.serializers import AmountField, CurrencyField, DayField, IdField
from financebot.api.views import PageQuery, Query
from financebot.common import money
from financebot.common.text import fold
from ledger.kinds import CategoryKind, Channel, Status, TransactionType
from ledger.models import Category, ExchangeRate, Payee, Posting, Transaction, Wallet
from ledger.querysets import each

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
FEW = 1000


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


def transactions(queryset: QuerySet[Transaction], query: Any) -> QuerySet[Transaction]:
    """What is left by the entries' own columns. Reversals and what they took back stay out unless asked for. A search
    finds entries with all its words, each anywhere in what they say."""
    found = queryset.filter(**{DIRECT[name]: value for name, value in query.items() if name in DIRECT})
    for word in dict.fromkeys(fold(query.get("search", "")).split()):
        found = found.filter(search__contains=word)
    if "include" not in query and "status" not in query:
        # SQLite would look for `reverses IS NULL` by the unique index, where nearly all rows are
        found = found.exclude(status=Status.REVERSED).exclude(reverses__gt=0)
    return found


def sides(query: Any, access: Access) -> list[Q]:
    """What is left by what belongs to entries, their wallets, payees, tags and categories: what fits any of these, each
    of which has its index. A wallet whose entries the viewer does not see finds nothing."""
    found = [Q()]
    if "wallet" in query:
        opened = Exists(Wallet.objects.opened_to(access).filter(pk=query["wallet"]))
        found = [Q(opened, from_wallet=query["wallet"]), Q(opened, to_wallet=query["wallet"])]
    if "payee" in query:
        payees = Payee._base_manager.filter(family=access.family, folded=fold(query["payee"]))
        paid = Q(payee__in=payees.values("pk"))
        found = _narrowed(found, Transaction._base_manager.filter(paid).values_list("pk", flat=True), paid)
    if "tag" in query:
        tags = Transaction.tags.through._base_manager
        found = _named_by(found, tags.filter(tag__family=access.family, tag__folded=fold(query["tag"])))
    if "category" in query:
        tree = Category.objects.tree(query["category"]).values("pk")
        found = _named_by(found, Posting.objects.filter(category__in=tree), Q(label__in=tree))
    return found


def _named_by(sides: list[Q], rows: QuerySet[Any], *others: Q) -> list[Q]:
    """Those that rows of another table are about."""
    about = Q(Exists(rows.filter(transaction=OuterRef("pk"), transaction__gte=OuterRef("pk"))))
    return _narrowed(sides, rows.values_list("transaction", flat=True), about, *others)


def _narrowed(sides: list[Q], ids: QuerySet[Any, int], fits: Q, *others: Q) -> list[Q]:
    """Those of each side that `fits`, which is said by `ids` as well, and those that one of `others` fits.

    A few are read at once and looked up, wherever in the list they are. Where there are many, or the sides are few
    already, one follows the list, and meets the first fifty soon.
    """
    if sides == [Q()]:
        few = list(ids[: FEW + 1])
        if len(few) <= FEW:
            return [Q(pk__in=few), *others]
    return [side & reduce(or_, others, each(fits)) for side in sides]
