"""The maintained sums: category postings by month and member, wallet postings by month."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model

from financebot.common import money
from financebot.common.errors import AmountTooLarge
from financebot.common.fields import to_units
from ledger import rules
from ledger.booking.entries import Entry
from ledger.models import MonthTotal, WalletMonth
from ledger.rules import Line

UPSERT = """
INSERT INTO {table} AS t ({columns}, amount, base_amount) VALUES {values}
ON CONFLICT ({keys}) DO UPDATE
SET amount = t.amount + excluded.amount, base_amount = t.base_amount + excluded.base_amount
WHERE {within}
RETURNING id
"""
WITHIN = " AND ".join(  # the limit less the change: the sum itself may be more than a BIGINT holds
    f"t.{column} <= {{limit}} - CASE WHEN excluded.{column} > 0 THEN excluded.{column} ELSE 0 END AND "
    f"t.{column} >= -{{limit}} - CASE WHEN excluded.{column} < 0 THEN excluded.{column} ELSE 0 END"
    for column in ("amount", "base_amount")
).format(limit=to_units(money.LIMIT))


Row = tuple[tuple[Any, ...], Decimal, Decimal]


def total(*entries: Entry) -> None:
    """Add the postings of entries to the totals; locks these in the order of their keys."""
    by_category: list[Row] = []
    by_wallet: list[Row] = []
    for entry in entries:
        head = entry.transaction
        month = rules.month_of(head.occurred_on)
        by_category += _shared(head.family_id, month, entry.lines)
        by_wallet += [((head.family_id, p.wallet_id, month), p.amount, p.base_amount) for p in entry.wallet_postings]
    _add_shares(by_category)
    _add(WalletMonth, ["family_id", "wallet_id", "month"], by_wallet, conflict=["wallet_id", "month"])


def share_anew(entry: Entry, before: list[Line], after: list[Line]) -> None:
    """Move what a booked entry's shares come to from those before to those after."""
    head = entry.transaction
    month = rules.month_of(head.occurred_on)
    lines = [line.negated() for line in before] + after
    _add_shares(_shared(head.family_id, month, lines))


def _shared(family_id: int, month: date, lines: list[Line]) -> list[Row]:
    return [
        (
            (family_id, month, line.wallet, line.category, share.member, line.currency),
            share.amount,
            share.base_amount,
        )
        for line in lines
        for share in line.shares
    ]


def _add_shares(rows: list[Row]) -> None:
    keys = ["family_id", "month", "wallet_id", "category_id", "member_id", "currency"]
    _add(MonthTotal, keys, rows, conflict=keys)


def _add(
    model: type[Model],
    columns: list[str],
    rows: list[Row],
    *,
    conflict: list[str],
) -> None:
    """One upsert for all rows, in the order of their keys: unsorted, two of them can deadlock. Raises AmountTooLarge:
    of many entries together, so that no field is to blame."""
    sums: dict[tuple[Any, ...], tuple[Decimal, Decimal]] = {}
    for key, amount, base_amount in rows:
        amount_before, base_before = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = (amount_before + amount, base_before + base_amount)
    if not sums:
        return
    place = "(" + ", ".join(["%s"] * (len(columns) + 2)) + ")"
    statement = UPSERT.format(
        table=model._meta.db_table,
        columns=", ".join(columns),
        keys=", ".join(conflict),
        within=WITHIN,
        values=", ".join([place] * len(sums)),
    )
    values = [value for key in sorted(sums) for value in (*key, to_units(sums[key][0]), to_units(sums[key][1]))]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if len(cursor.fetchall()) < len(sums):
            raise AmountTooLarge
