"""Shapes of what comes in and goes out; no rule lives here."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, reduce
from operator import getitem
from typing import Any, ClassVar

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from financebot.common import money

ID_MAX = 2**63 - 1
WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CURRENCY_CODES = sorted(money.currencies())


JSON_TYPES: list[tuple[type[serializers.Field[Any, Any, Any, Any]], type]] = [
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
]


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields and values of another type, here and in nested serializers."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, QueryDict):
            data = _single(data)
        elif isinstance(data, Mapping):
            wrong = {name: _mistyped(field, data[name]) for name, field in self.fields.items() if name in data}
            if said := {name: [message] for name, message in wrong.items() if message}:
                raise serializers.ValidationError(said)
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            if unknown := {name: [_("Unknown field.")] for name in data if name not in known}:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class Answer(serializers.Serializer[Any]):
    """The shape of an answer: attributes or keys of what a use case or a selector gave."""

    sometimes: ClassVar[frozenset[str]] = frozenset()  # what not everybody is given

    @cached_property
    def _plan(self) -> list[tuple[str, list[str], Any]]:
        """Name, way to the value (none where the field has its own), field."""
        plain = serializers.Field.get_attribute
        fields = {name: field for name, field in self.fields.items() if not field.write_only}
        return [(n, f.source_attrs if type(f).get_attribute is plain else [], f) for n, f in fields.items()]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """As DRF's own, which asks each field of each row for its way to the value: twice as long for a list."""
        found: dict[str, Any] = {}
        read = getitem if isinstance(instance, Mapping) else getattr
        for name, way, field in self._plan:
            try:
                value = reduce(read, way, instance) if way else field.get_attribute(instance)
            except (KeyError, AttributeError):
                try:
                    value = field.get_attribute(instance)  # which knows what may be missing
                except serializers.SkipField:
                    continue
            found[name] = None if value is None else field.to_representation(value)
        return found


def _mistyped(field: Any, value: Any) -> str:
    """What to say of a value of another JSON type than the field's, or nothing; null is for the field to judge.

    DRF's own fields take 12 for "12", "12" for 12 and "yes" for true, as is right in a query, where all is text.
    """
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next(filter(None, (_mistyped(field.child, item) for item in value)), "")
    wanted = next((kind for base, kind in JSON_TYPES if isinstance(field, base)), None)
    wrong = wanted and value is not None and type(value) is not wanted  # a bool is an int to `isinstance`
    return str(field.error_messages["invalid"]) if wrong else ""


def _single(data: QueryDict) -> dict[str, Any]:
    if twice := {name: [_("Given more than once.")] for name, values in data.lists() if len(values) > 1}:
        raise serializers.ValidationError(twice)
    return {name: data[name] for name in data}


class WholeField(serializers.IntegerField):
    """A whole number in ASCII digits; Python's `int` alone takes ` 1 `, `1_000` and the digits of other scripts."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not WHOLE.fullmatch(str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class DayField(serializers.DateField):
    """A date as RFC 3339 writes it, `2026-05-01`: none of ISO 8601's other ways, and ASCII digits."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class IdField(WholeField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=ID_MAX, **kwargs)


@extend_schema_field(
    {
        "type": ["string", "number"],
        "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
        "maxLength": money.AMOUNT_LENGTH,
        "examples": ["50.00"],
    }
)
class AmountField(serializers.Field[Decimal, Any, Any, Any]):
    """An amount in a request: a string like `50.00`, or a JSON number read by its text. No exponent."""

    default_error_messages = {"invalid": lazy("Write an amount like 50.00, as a string.")}

    def to_internal_value(self, data: object) -> Decimal:
        text = "" if isinstance(data, bool) else str(data) if isinstance(data, str | int | Decimal) else ""
        if len(text) > money.AMOUNT_LENGTH or not money.AMOUNT.fullmatch(text):
            self.fail("invalid")
        amount = Decimal(text)
        return amount or abs(amount)  # no minus zero

    def to_representation(self, value: Decimal) -> str:
        return str(value)


@extend_schema_field(OpenApiTypes.STR)
class MoneyText(serializers.Field[Any, Any, Any, Any]):
    """An amount in an answer: a string with the decimals of the currency that another attribute names."""

    def __init__(self, currency: str = "currency", **kwargs: Any) -> None:
        self.ways = currency.split(".")
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        read = getitem if isinstance(instance, Mapping) else getattr
        amount = reduce(read, self.source_attrs, instance)
        return None if amount is None else (amount, reduce(read, self.ways, instance))

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        return money.wire(*value)


class CurrencyField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=CURRENCY_CODES, **kwargs)


class PageAnswer(Answer):
    """The frame of every list that is paged."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
