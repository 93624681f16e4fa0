"""A scratch database with a million transactions and all that belongs to them, by bulk SQL: sound, and always the same.

    .venv/bin/python bench/million.py         # builds it, which takes some minutes
    .venv/bin/python bench/million.py drop

Three in five are of one large family, whose owner looks at it: twenty wallets (one used in the first year alone, one
hardly at all, two hidden from the owner), 500 payees, 21 expense categories, ten years. The rest are of 400 families.
It is kept for the next script that wants it. BENCH_ON says where it is; BENCH_ROWS takes the million's place.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import drop, say, use

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
NAME = f"financebot_bench_{COUNT}"
if __name__ == "__main__" and sys.argv[1:] == ["drop"]:
    drop(NAME)
    sys.exit()
use(NAME)

from django.core.management.color import no_style
from django.db import connection, transaction

from audit.models import EventLog
from families.models import Membership
from financebot.common import guards
from ledger.models import Category, Payee, Tag, Transaction, Wallet
from ledger.verify import MONTH
from tests.conftest import Person, build_house, founder_of

FAMILIES, DAYS = 400, 3650
OLD, RARE, DOLLARS = "used long ago", "hardly used", "dollars"
WORDS = {
    "sqlite": {
        "day": "date('2016-01-01', '+' || x.day || ' days')",
        "moment": "date('2016-01-01', '+' || x.day || ' days') || ' 12:00:00'",
        "newline": "char(10)",
        "json": "TEXT",
    },
    "postgresql": {
        "day": "DATE '2016-01-01' + CAST(x.day AS INTEGER)",
        "moment": "(DATE '2016-01-01' + CAST(x.day AS INTEGER) + TIME '12:00') AT TIME ZONE 'UTC'",
        "newline": "chr(10)",
        "json": "JSONB",
    },
}


def build() -> None:
    """Fill the database, unless it is full already."""
    if Transaction.objects.count() >= COUNT:
        return
    if Membership.objects.exists():
        raise SystemExit("A build was broken off here: drop it first.")
    with timed("families"):
        _families()
    guards.remove(guards.all_guards())
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _statements():
            with timed(" ".join(statement.split()[:3])):
                cursor.execute(statement)
        for reset in connection.ops.sequence_reset_sql(no_style(), [Transaction]):  # their ids were given
            cursor.execute(reset)
    guards.install(guards.all_guards())
    with timed("VACUUM"), connection.cursor() as cursor:
        cursor.execute("VACUUM" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def owner() -> Membership:
    """Of the large family, whose id is the first."""
    return Membership.objects.order_by("pk").select_related("family", "user")[0]


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    say(f"{time.perf_counter() - began:6.1f} s  {what}")


def _families() -> None:
    house = build_house()
    large = house.family.pk
    others: list[Person] = [founder_of(f"Family {n}") for n in range(FAMILIES)]
    families = [large, *(person.membership.family_id for person in others if person.membership)]
    Wallet.objects.bulk_create(
        Wallet(family_id=family, name=f"Wallet {n}", type="bank", currency="EUR")
        for family in families
        for n in range(14 if family == large else 4)
    )
    for name in (OLD, RARE):
        Wallet.objects.create(family=house.family, name=name, type="savings", currency="EUR")
    hidden = {"holder": house.adult.membership, "visibility": "private"}
    Wallet.objects.create(family=house.family, name=DOLLARS, type="savings", currency="USD", **hidden)
    food = Category.objects.filter(family=large, kind="expense").earliest("pk")
    Category.objects.bulk_create(
        Category(family_id=large, kind="expense", name=f"Food {n}", parent=food) for n in range(8)
    )
    for model, many, few in ((Payee, 500, 10), (Tag, 30, 5)):
        model.objects.bulk_create(
            model(family_id=family, name=f"{model.__name__} {n}", folded=f"{model.__name__.lower()} {n}")
            for family in families
            for n in range(many if family == large else few)
        )


def _statements() -> Iterator[str]:
    wallets = dict(Wallet.objects.filter(name__in=[OLD, RARE, DOLLARS]).values_list("name", "pk"))
    large = owner().family
    names = {
        **WORDS[connection.vendor],
        "month": MONTH[connection.vendor],
        "count": COUNT,
        "days": DAYS,
        "families": FAMILIES,
        "few": f"CASE WHEN f.id = {large.pk} THEN 1 ELSE 0 END",
        "old": wallets[OLD],
        "rare": wallets[RARE],
        "dollars": wallets[DOLLARS],
        "reader": Membership.objects.get(family=large, role="read_only").pk,
        "half": "CASE WHEN t.id % 20 = 0 AND t.reverses_id IS NULL THEN p.amount / 200 * 100 ELSE 0 END",
        "events": EventLog.objects.count(),
    }
    text = re.sub(r"^--.*$", "", (Path(__file__).parent / "million.sql").read_text("utf-8"), flags=re.MULTILINE)
    for name, value in names.items():
        text = re.sub(rf"(\{{|:){name}\}}", lambda found, value=value: _put(found, str(value)), text)
    text = re.sub(r"\{pick:(\d+):([^}]+)\}", r"(i * \1 % 4294967296 / 4096 % (\2))", text)
    chance = r"(i * \1 % 4294967296 / 4096 % 1000)"
    text = re.sub(r"\{skew:(\d+):([^}]+)\}", rf"({chance} * {chance} * (\2) / 1000000)", text)
    return (statement for statement in text.split(";\n") if statement.strip())


def _put(found: re.Match[str], value: str) -> str:
    return value if found[1] == "{" else f":{value}}}"


if __name__ == "__main__":
    build()
