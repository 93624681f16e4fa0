"""Model fields and database expressions that every app may use."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable

from financebot.common import money


class MoneyField(models.BigIntegerField):  # type: ignore[type-arg]
    """`Decimal` in Python, a BIGINT of ten-thousandths in the database: sums and CHECKs are exact everywhere.

    `F("balance") + Decimal(1)` is wrong (the literal is not scaled): compute on the locked row, or wrap the value.
    """

    _pyi_private_set_type: Decimal | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal  # type: ignore[assignment]

    def from_db_value(self, value: int | None, *_: object) -> Decimal | None:
        return None if value is None else from_units(value)

    def to_python(self, value: object) -> Any:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return Decimal(str(value))
        except ArithmeticError as error:
            raise ValidationError("not an amount") from error

    def get_prep_value(self, value: object) -> Any:
        return (
            to_units(value) if isinstance(value, Decimal) else super(models.BigIntegerField, self).get_prep_value(value)
        )

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise TypeError("an amount is a Decimal")
        return super().get_db_prep_save(value, connection)


def to_units(amount: Decimal) -> int:
    """Ten-thousandths of an amount; one finer than that is a programmer's error."""
    units = amount.scaleb(money.SCALE)
    if units != units.to_integral_value():
        raise ValueError(f"{amount} is finer than the database keeps")
    return int(units)


def from_units(units: int) -> Decimal:
    return Decimal(units).scaleb(-money.SCALE)


class JsonList(models.Subquery):
    """The rows of a subquery as one JSON list: `JsonList(rows.values(v=JSONObject(…)))`, in the order it has."""

    output_field = models.JSONField()

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        template = "(SELECT json_group_array(json(v)) FROM (%(subquery)s) AS listed)"
        return self.as_sql(compiler, connection, template=template)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        template = "(SELECT COALESCE(jsonb_agg(v), '[]'::jsonb) FROM (%(subquery)s) AS listed)"
        return self.as_sql(compiler, connection, template=template)
