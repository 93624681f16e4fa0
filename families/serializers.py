from typing import Any

from rest_framework import serializers

from accounts.serializers import AddressField, NameField, ZoneField
from families.roles import P, Role
from financebot.api.serializers import (
    AmountField,
    Answer,
    CurrencyField,
    DayField,
    IdField,
    MoneyText,
    StrictSerializer,
    WholeField,
)

PERMISSIONS = [name.value for name in P]


class FamilyWrite(StrictSerializer):
    name = NameField()
    base_currency = CurrencyField()
    timezone = ZoneField(default="UTC")


class FamilyEdit(StrictSerializer):
    name = NameField(required=False)
    base_currency = CurrencyField(required=False)
    timezone = ZoneField(required=False)
    approval_threshold = AmountField(required=False, allow_null=True)
    approvals_required = WholeField(required=False, min_value=1, max_value=2)
    adult_approval_limit = AmountField(required=False, allow_null=True)
    undo_window = WholeField(required=False, min_value=0, max_value=86_400, help_text="seconds")


class CloseWrite(StrictSerializer):
    through = DayField()


class ReopenWrite(StrictSerializer):
    through = DayField(allow_null=True)


class FamilyRead(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    base_currency = serializers.CharField()
    timezone = serializers.CharField()
    approval_threshold = MoneyText("base_currency", allow_null=True)
    approvals_required = serializers.IntegerField()
    adult_approval_limit = MoneyText("base_currency", allow_null=True)
    undo_window = serializers.IntegerField(help_text="seconds")
    closed_until = serializers.DateField(allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class PermissionsRead(Answer):
    role = serializers.CharField()
    permissions = serializers.DictField(child=serializers.CharField())


class TransferWrite(StrictSerializer):
    membership_id = IdField()


class MemberEdit(StrictSerializer):
    role = serializers.ChoiceField(required=False, choices=list(Role))
    spending_limit = AmountField(required=False, allow_null=True)
    grant = serializers.ListField(required=False, child=serializers.ChoiceField(choices=PERMISSIONS), max_length=len(P))
    withdraw = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=PERMISSIONS), max_length=len(P)
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if both := set(attrs.get("grant", [])) & set(attrs.get("withdraw", [])):
            raise serializers.ValidationError({"withdraw": [", ".join(sorted(both))]})
        return attrs


class MemberBrief(Answer):
    """What a child or a reader learns of the others."""

    id = serializers.IntegerField()
    first_name = serializers.CharField(source="user.first_name")
    role = serializers.CharField()


class MemberRead(MemberBrief):
    user_id = serializers.IntegerField()
    last_name = serializers.CharField(source="user.last_name")
    spending_limit = MoneyText("family.base_currency", allow_null=True)
    state = serializers.CharField()
    version = serializers.IntegerField()


class MemberListed(MemberRead):
    """A member as the list shows them: a child and a reader learn less of the others."""

    sometimes = frozenset({"user_id", "last_name", "spending_limit", "state", "version"})


class InvitationWrite(StrictSerializer):
    role = serializers.ChoiceField(choices=list(Role))
    email = AddressField(required=False, allow_null=True)


class InvitationRead(Answer):
    id = serializers.IntegerField()
    role = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    invited_by_id = serializers.IntegerField()
    state = serializers.CharField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class InvitedRead(InvitationRead):
    token = serializers.CharField(help_text="shown once")


class AcceptWrite(StrictSerializer):
    token = serializers.CharField(max_length=200)


class AcceptedRead(Answer):
    family_id = serializers.IntegerField()
    role = serializers.CharField()
    membership_id = serializers.IntegerField(source="pk")
