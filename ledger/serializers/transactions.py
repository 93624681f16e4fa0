from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework import serializers

from financebot.api.serializers import AmountField, Answer, DayField, IdField, MoneyText, StrictSerializer, WholeField
from financebot.common import money
from financebot.common.errors import Invalid
from financebot.common.text import fold
from ledger.rules import Draft, Split
from ledger.serializers.rates import RateField

SPLITS_MAX, FOR_MEMBERS_MAX, ROWS_MAX = 100, 50, 1000


class TagsField(serializers.ListField):
    """At most 20, each once in any case."""

    child = serializers.CharField(max_length=50)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        names = super().to_internal_value(data)
        return list({fold(name): name for name in names}.values())


class ShareField(AmountField):
    """A positive weight, with at most four decimals."""

    default_error_messages = {"positive": lazy("A share is more than zero, with at most four decimals.")}

    def to_internal_value(self, data: object) -> Decimal:
        weight = super().to_internal_value(data)
        if not 0 < weight < money.AMOUNT_LIMIT or -int(weight.as_tuple().exponent) > money.SCALE:
            self.fail("positive")
        return weight


class SplitWrite(StrictSerializer):
    category_id = IdField()
    amount = AmountField()
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class ForMemberWrite(StrictSerializer):
    membership_id = IdField()
    share = ShareField()


class EntryFields(StrictSerializer):
    """What an entry says; which of it must be there is for those who inherit."""

    from_wallet_id = IdField(required=False, allow_null=True)
    to_wallet_id = IdField(required=False, allow_null=True)
    amount = AmountField(required=False)
    to_amount = AmountField(required=False, allow_null=True)
    rate = RateField(required=False, allow_null=True)
    category_id = IdField(required=False, allow_null=True)
    splits = serializers.ListField(child=SplitWrite(), required=False, max_length=SPLITS_MAX)
    for_members = serializers.ListField(child=ForMemberWrite(), required=False, max_length=FOR_MEMBERS_MAX)
    description = serializers.CharField(required=False, allow_blank=True, max_length=500)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    payee = serializers.CharField(required=False, allow_blank=True, max_length=200)
    tags = TagsField(required=False)
    occurred_on = DayField(required=False)

    def validate_for_members(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({row["membership_id"] for row in rows}) < len(rows):
            raise serializers.ValidationError([_("Each member once.")])
        return rows

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, other in (("to_amount", "rate"), ("category_id", "splits")):
            if attrs.get(one) and attrs.get(other):
                raise serializers.ValidationError({other: [_("Give one of %(one)s and %(other)s.") % locals()]})
        return attrs


class TransactionEdit(EntryFields):
    """What is to change; an executed entry is replaced where more than words and for whom does."""


class NewEntry(EntryFields):
    amount = AmountField()
    refund_of = IdField(required=False, allow_null=True)
    source_ref = serializers.CharField(required=False, allow_blank=True, max_length=200)
    draft = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        source, target = attrs.get("from_wallet_id"), attrs.get("to_wallet_id")
        if not source and not target:
            message = _("Name the wallet that money leaves, the one it enters, or both.")
            raise serializers.ValidationError({"from_wallet_id": [message]})
        wrong = {
            "splits": source and target,
            "for_members": source and target,
            "to_amount": not (source and target),
            "refund_of": source,
        }
        if attrs.get("refund_of"):
            wrong |= {"category_id": True, "splits": True}
        if unfit := {name: [_("This does not fit the rest.")] for name, no in wrong.items() if no and attrs.get(name)}:
            raise serializers.ValidationError(unfit)
        return attrs


class TransactionWrite(NewEntry):
    family_id = IdField(required=False)


class BulkRow(NewEntry):
    """The shape of a row, for the document; `validate_transactions` reads the rows."""

    def run_validation(self, data: Any = None) -> Any:
        return data


class BulkWrite(StrictSerializer):
    family_id = IdField(required=False)
    transactions = serializers.ListField(child=BulkRow(), min_length=1, max_length=ROWS_MAX)

    def validate_transactions(self, rows: list[Any]) -> list[Any]:
        """Every row by itself: all that are wrong are named by their place."""
        shape = NewEntry(context=self.context)
        found, wrong = [], {}
        for place, data in enumerate(rows):
            try:
                found.append(shape.run_validation(data))
            except serializers.ValidationError as error:
                wrong[str(place)] = error.detail
        if wrong:
            raise Invalid(wrong)
        return found


FACTS = {
    "amount": "amount",
    "from_wallet_id": "from_wallet",
    "to_wallet_id": "to_wallet",
    "category_id": "category",
    "occurred_on": "occurred_on",
    "description": "description",
    "notes": "notes",
    "payee": "payee",
    "to_amount": "to_amount",
    "rate": "rate",
    "refund_of": "refund_of",
    "source_ref": "source_ref",
    "draft": "later",
}


def facts_of(body: Any) -> dict[str, Any]:
    """What a body says, in the words of a Draft."""
    found = {FACTS[name]: value for name, value in body.items() if name in FACTS}
    if "tags" in body:
        found["tags"] = tuple(body["tags"])
    if "splits" in body:
        found["splits"] = tuple(Split(row["category_id"], row["amount"], row["note"]) for row in body["splits"])
    if "for_members" in body:
        found["for_members"] = tuple((row["membership_id"], row["share"]) for row in body["for_members"])
    return found


def draft_of(body: Any) -> Draft:
    return Draft(**facts_of(body))


class ReasonWrite(StrictSerializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class SplitRead(Answer):
    category_id = serializers.IntegerField()
    amount = MoneyText()
    note = serializers.CharField()


class ForMemberRead(Answer):
    membership_id = serializers.IntegerField()
    share = serializers.CharField()


class PrivateSideRead(Answer):
    membership_id = serializers.IntegerField()
    first_name = serializers.CharField()


class TransactionRead(Answer):
    id = serializers.IntegerField(source="pk")
    family_id = serializers.IntegerField()
    type = serializers.CharField()
    status = serializers.CharField()
    amount = MoneyText()
    currency = serializers.CharField()
    to_amount = MoneyText("transaction.to_wallet.currency", allow_null=True)
    from_wallet_id = serializers.IntegerField(allow_null=True)
    to_wallet_id = serializers.IntegerField(allow_null=True)
    private_of = PrivateSideRead(allow_null=True)
    category_id = serializers.IntegerField(allow_null=True)
    splits = SplitRead(many=True)
    for_members = ForMemberRead(many=True)
    description = serializers.CharField()
    notes = serializers.CharField()
    payee = serializers.CharField(source="payee_name")
    tags = serializers.ListField(child=serializers.CharField())
    occurred_on = serializers.DateField()
    channel = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by_id = serializers.IntegerField(source="author_id")
    executed_at = serializers.DateTimeField(allow_null=True)
    confirmation_required = serializers.BooleanField()
    reverses_id = serializers.IntegerField(allow_null=True)
    reversed_by_id = serializers.IntegerField(allow_null=True)
    replaces_id = serializers.IntegerField(allow_null=True)
    replaced_by_id = serializers.IntegerField(allow_null=True)
    refund_of = serializers.IntegerField(allow_null=True)
    self_approved = serializers.BooleanField()
    version = serializers.IntegerField()


class PostingRead(Answer):
    wallet_id = serializers.IntegerField(allow_null=True)
    category_id = serializers.IntegerField(allow_null=True)
    amount = MoneyText()
    currency = serializers.CharField()


class ApprovalRead(Answer):
    approver_id = serializers.IntegerField()
    version = serializers.IntegerField()
    decision = serializers.CharField()
    note = serializers.CharField()
    created_at = serializers.DateTimeField()


class HistoryRead(Answer):
    action = serializers.CharField(source="name")
    actor_id = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class TransactionDetail(TransactionRead):
    postings = PostingRead(many=True)
    approvals = ApprovalRead(many=True)
    history = HistoryRead(many=True)


class ReversalRead(Answer):
    original_transaction_id = serializers.IntegerField()
    reversal_transaction_id = serializers.IntegerField()
    reversed_at = serializers.DateTimeField()


class ConfirmWrite(StrictSerializer):
    confirmation_token = serializers.CharField(required=False, allow_null=True, max_length=200)
    version = WholeField(required=False, min_value=1, max_value=2**31 - 1)


class ConfirmRead(Answer):
    id = serializers.IntegerField()
    status = serializers.CharField()
    executed_at = serializers.DateTimeField(allow_null=True)
    approvals = serializers.IntegerField()


class BulkRead(Answer):
    transactions = TransactionRead(many=True)
