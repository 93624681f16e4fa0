from typing import Any

from rest_framework import serializers

from accounts.serializers import NameField
from financebot.api.serializers import (
    AmountField,
    Answer,
    CurrencyField,
    DayField,
    IdField,
    MoneyText,
    StrictSerializer,
)
from ledger.kinds import Visibility, WalletType


class WalletFields(StrictSerializer):
    name = NameField()
    type = serializers.ChoiceField(choices=list(WalletType))
    holder_id = IdField(required=False, allow_null=True)
    overdraft_limit = AmountField(required=False, allow_null=True)
    visibility = serializers.ChoiceField(required=False, choices=list(Visibility))


class WalletWrite(WalletFields):
    family_id = IdField(required=False, write_only=True)
    currency = CurrencyField(required=False)
    opening_balance = AmountField(required=False, help_text="negative for a debt")


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


class ReconcileWrite(StrictSerializer):
    statement_balance = AmountField()
    date = DayField(required=False)


class ReconciledRead(Answer):
    wallet = WalletRead()
    adjustment_id = serializers.IntegerField(allow_null=True)


class SummaryRead(Answer):
    """Sums in the base currency; null where a rate is missing."""

    base_currency = serializers.CharField()
    total = MoneyText("base_currency", allow_null=True)
    by_currency = serializers.DictField(child=serializers.CharField())
    by_type = serializers.DictField(child=serializers.CharField(allow_null=True))
    missing_rates = serializers.ListField(child=serializers.CharField())
    wallets = WalletRead(many=True)
