from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.serializers import NameField
from financebot.api.serializers import (
    AmountField,
    Answer,
    CurrencyField,
    IdField,
    MoneyText,
    StrictSerializer,
)
from ledger.kinds import CategoryKind, WalletType
from ledger.rules import Draft


class WalletFields(StrictSerializer):
    name = NameField()
    type = serializers.ChoiceField(choices=list(WalletType))
    holder_id = IdField(required=False, allow_null=True)
    overdraft_limit = AmountField(required=False, allow_null=True)


class WalletWrite(WalletFields):
    family_id = IdField(required=False, write_only=True)
    currency = CurrencyField(required=False)


class WalletEdit(WalletFields):
    name = NameField(required=False)
    type = serializers.ChoiceField(required=False, choices=list(WalletType))


class WalletRead(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    currency = serializers.CharField()
    balance = MoneyText()
    held = MoneyText()
    available = MoneyText()
    overdraft_limit = MoneyText(allow_null=True)
    holder_id = serializers.IntegerField(allow_null=True)
    visibility = serializers.CharField()
    archived = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    def get_archived(self, wallet: Any) -> bool:
        return wallet.archived_at is not None


class WalletsRead(Answer):
    wallets = WalletRead(many=True)


class CategoryWrite(StrictSerializer):
    family_id = IdField(required=False, write_only=True)
    name = NameField()
    kind = serializers.ChoiceField(choices=[CategoryKind.INCOME, CategoryKind.EXPENSE])
    parent_id = IdField(required=False, allow_null=True)
    icon = serializers.CharField(required=False, allow_blank=True, max_length=30)
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}\Z", required=False)


class CategoryRead(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    parent_id = serializers.IntegerField(allow_null=True)
    icon = serializers.CharField()
    colour = serializers.CharField()
    version = serializers.IntegerField()


class TagsField(serializers.ListField):
    """At most 20, each once in any case."""

    child = serializers.CharField(max_length=50)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        names = super().to_internal_value(data)
        return list({name.casefold(): name for name in names}.values())


class WordsEdit(StrictSerializer):
    """What may change of an executed entry, in place."""

    description = serializers.CharField(required=False, allow_blank=True, max_length=500)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    payee = serializers.CharField(required=False, allow_blank=True, max_length=200)
    tags = TagsField(required=False)


class TransactionWrite(WordsEdit):
    family_id = IdField(required=False)
    from_wallet_id = IdField(required=False, allow_null=True)
    to_wallet_id = IdField(required=False, allow_null=True)
    amount = AmountField()
    category_id = IdField(required=False, allow_null=True)
    occurred_on = serializers.DateField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("from_wallet_id") and not attrs.get("to_wallet_id"):
            message = _("Name the wallet that money leaves, the one it enters, or both.")
            raise serializers.ValidationError({"from_wallet_id": [message]})
        return attrs


def draft_of(body: Any) -> Draft:
    return Draft(
        amount=body["amount"],
        from_wallet=body.get("from_wallet_id"),
        to_wallet=body.get("to_wallet_id"),
        category=body.get("category_id"),
        occurred_on=body.get("occurred_on"),
        description=body.get("description", ""),
        notes=body.get("notes", ""),
        payee=body.get("payee", ""),
        tags=tuple(body.get("tags", ())),
    )


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
    self_approved = serializers.BooleanField()
    version = serializers.IntegerField()


class PostingRead(Answer):
    wallet_id = serializers.IntegerField(allow_null=True)
    category_id = serializers.IntegerField(allow_null=True)
    amount = MoneyText()
    currency = serializers.CharField()


class HistoryRead(Answer):
    action = serializers.CharField(source="name")
    actor_id = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class TransactionDetail(TransactionRead):
    postings = PostingRead(many=True)
    history = HistoryRead(many=True)


class ReversalRead(Answer):
    original_transaction_id = serializers.IntegerField()
    reversal_transaction_id = serializers.IntegerField()
    reversed_at = serializers.DateTimeField()
