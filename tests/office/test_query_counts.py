"""Pages of the office ask the database as often for fifty rows as for five."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.relay import relay_once
from tests.conftest import House
from tests.office.conftest import Desk

pytestmark = pytest.mark.django_db

USUAL, MOST = 7, {"audit.eventlog": 12, "ledger.transaction": 13, "ledger.exchangerate": 8}


def live(house: House, entries: int) -> None:
    for nth in range(entries):
        words = {"payee": f"Shop {nth}", "description": f"Thing {nth}"}
        house.spend("1.00", by=["owner", "adult", "member"][nth % 3], **words)
        house.move("1.00", "cash", "anns")
    while relay_once():
        pass


def counted(desk: Desk, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert desk.get(path).status_code in {200, 403}
    return len(found)


def counts(desk: Desk) -> dict[str, int]:
    paths = {m._meta.label_lower: f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry}
    return {label: counted(desk, reverse(f"admin:{name}_changelist")) for label, name in paths.items()}


@pytest.mark.parametrize("who", ["owner", "operator"])
def test_lists_take_few_statements_however_long_they_are(house: House, operator: Desk, who: str):
    desk: Any = operator if who == "operator" else Desk(house.owner)
    live(house, 5)
    few = counts(desk)
    live(house, 20)
    assert counts(desk) == few
    assert {label: count for label, count in few.items() if count > MOST.get(label, USUAL)} == {}


@pytest.mark.parametrize("who", ["owner", "operator"])
def test_pages_of_one_thing_take_few_statements(house: House, operator: Desk, who: str):
    desk: Any = operator if who == "operator" else Desk(house.owner)
    entry = house.spend("1.00", by="member").transaction
    assert counted(desk, f"/admin/ledger/transaction/{entry.pk}/change/") <= 11
    assert counted(desk, f"/admin/ledger/wallet/{house.wallets['cash'].pk}/change/") <= 8
    assert counted(desk, "/admin/") <= 3
