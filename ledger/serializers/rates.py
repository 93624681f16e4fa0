import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from financebot.api.serializers import Answer, CurrencyField, DayField, IdField, StrictSerializer
from financebot.common import money

RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
DIGITS = 15  # significant ones: as many as SQLite keeps exactly


SHAPE = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,12})?$", "examples": ["1.0825"]}


@extend_schema_field({**SHAPE, "type": ["string", "number"]})
class RateField(serializers.Field[Decimal, Any, Any, Any]):
    """A positive rate: at most 12 digits before the point and 12 after it, 15 significant in all. No exponent."""

    default_error_messages = {"invalid": lazy("Write a rate like 1.0825, as a string, more than zero.")}

    def to_internal_value(self, data: object) -> Decimal:
        text = "" if isinstance(data, bool) else str(data) if isinstance(data, str | int | Decimal) else ""
        if not RATE.fullmatch(text) or len(text.replace(".", "").strip("0")) > DIGITS or not Decimal(text):
            self.fail("invalid")
        return Decimal(text)

    def to_representation(self, value: Decimal) -> str:
        return money.wire_rate(value)


@extend_schema_field(SHAPE)
class RateText(RateField):
    """A rate in an answer: always a string."""


class RateWrite(StrictSerializer):
    family_id = IdField(required=False, write_only=True)
    base_currency = CurrencyField(source="base")
    quote_currency = CurrencyField(source="quote")
    rate = RateField()
    date = DayField(required=False, source="day")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["base"] == attrs["quote"]:
            raise serializers.ValidationError({"quote_currency": [_("Name two different currencies.")]})
        return attrs


class RateRead(Answer):
    id = serializers.IntegerField()
    family_id = serializers.IntegerField(allow_null=True, help_text="null: for all families")
    base_currency = serializers.CharField(source="base")
    quote_currency = serializers.CharField(source="quote")
    rate = RateText(help_text="what one unit of the base currency costs in the quote currency")
    date = serializers.DateField(source="day")
    source = serializers.CharField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()
