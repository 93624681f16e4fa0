from typing import Any

from rest_framework import serializers

from accounts.serializers import NameField
from financebot.api.serializers import (
    Answer,
    IdField,
    StrictSerializer,
)
from ledger.kinds import CategoryKind


class CategoryWrite(StrictSerializer):
    family_id = IdField(required=False, write_only=True)
    name = NameField()
    kind = serializers.ChoiceField(choices=[CategoryKind.INCOME, CategoryKind.EXPENSE])
    parent_id = IdField(required=False, allow_null=True)
    icon = serializers.CharField(required=False, allow_blank=True, max_length=30)
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}\Z", required=False)


class CategoryEdit(StrictSerializer):
    name = NameField(required=False)
    parent_id = IdField(required=False, allow_null=True)
    icon = serializers.CharField(required=False, allow_blank=True, max_length=30)
    colour = serializers.RegexField(r"^#[0-9a-fA-F]{6}\Z", required=False, allow_blank=True)


class MergeWrite(StrictSerializer):
    into = IdField()


class CategoryRead(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    parent_id = serializers.IntegerField(allow_null=True)
    icon = serializers.CharField()
    colour = serializers.CharField()
    archived = serializers.SerializerMethodField()
    merged_into_id = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()

    def get_archived(self, category: Any) -> bool:
        return category.archived_at is not None
