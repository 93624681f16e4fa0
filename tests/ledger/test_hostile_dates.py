"""Days that are none, and days at the edges, at every door that takes one, in the family's own time zone."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from rest_framework import serializers

from families.models import Family
from financebot.api.serializers import DayField, WholeField
from tests.conftest import House
from tests.ledger.helpers import everything
from tests.security.scene import HERE, OPERATIONS, fields_of

pytestmark = pytest.mark.django_db

NO_DAYS = [
    "2026-02-30", "2025-02-29", "1900-02-29", "2026-04-31", "2026-00-01", "2026-01-00", "2026-13-01", "0000-01-01",
    "10000-01-01", "+2026-01-01", "-2026-01-01", "26-01-01", "2026-1-1", "20260101", "2026-W01-1", "2026-001",
    "2026-01", "2026/01/01", "01.01.2026", "2026-01-01T00:00:00Z", "2026-01-01T00:00", "2026-01-01 00:00",
    "2026-01-01Z", "2026-01-01+02:00", " 2026-01-01", "2026-01-01 ", "2026-01-01\n", "2026-01-01\x00", "today",
    "", "NaN", "\u0662\u0660\u0662\u0666-01-01", "\uff12026-01-01", "2026\u201301\u201301",
    20260101, 2026, 0, True, [], {}, ["2026-01-01"],
]  # fmt: skip

Prepared = tuple[str, dict[str, Any], str]  # path, body with HERE in the day's place, field that a refusal names
METHODS = {"an edit": "patch", "an edit of a draft": "patch"}


def cash(house: House) -> int:
    return int(house.wallets["cash"].pk)


def entry(**fields: Any) -> Callable[[House], Prepared]:
    def prepare(house: House) -> Prepared:
        return (
            "/transactions",
            {"from_wallet_id": cash(house), "amount": "1", "occurred_on": HERE, **fields},
            "occurred_on",
        )

    return prepare


def edit(**fields: Any) -> Callable[[House], Prepared]:
    def prepare(house: House) -> Prepared:
        pk = house.spend("10.00", occurred_on=date(2026, 1, 2), **fields).transaction.pk
        return f"/transactions/{pk}", {"occurred_on": HERE}, "occurred_on"

    return prepare


def bulk(house: House) -> Prepared:
    _path, row, _field = entry()(house)
    return "/transactions/bulk", {"transactions": [row]}, "0"


RATE = {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.9", "date": HERE}
DOORS: dict[str, Callable[[House], Prepared]] = {
    "an entry": entry(),
    "a draft": entry(draft=True),
    "a row": bulk,
    "an edit": edit(),
    "an edit of a draft": edit(later=True),
    "a statement": lambda h: (f"/wallets/{cash(h)}/reconcile", {"statement_balance": "77.00", "date": HERE}, "date"),
    "a rate": lambda h: ("/exchange-rates", RATE, "date"),
    "a closing": lambda h: (f"/families/{h.family.pk}/close", {"through": HERE}, "through"),
}


def opened(house: House, name: str) -> tuple[Callable[[Any], Any], str]:
    """What sends a day through this door, and the field that is to blame."""
    path, body, field = DOORS[name](house)
    raw, client = json.dumps(body), house.owner.http.client
    send = getattr(client, METHODS.get(name, "post"))
    return (
        lambda day: send(
            f"/api/v1{path}", raw.replace(json.dumps(HERE), json.dumps(day)), content_type="application/json"
        ),
        field,
    )


def said(answer: Any) -> tuple[int, str, list[str]]:
    problem = answer.json()
    return answer.status_code, problem.get("code", ""), list(problem.get("errors", {}))


@pytest.mark.parametrize("name", DOORS)
def test_what_is_no_day_is_refused_by_its_field(house: House, name: str):
    send, field = opened(house, name)
    before = everything()
    answers = {str(day): said(send(day)) for day in NO_DAYS}
    assert {day: answer for day, answer in answers.items() if answer != (400, "invalid", [field])} == {}
    assert everything() == before


@pytest.mark.parametrize("name", DOORS)
def test_no_day_is_before_1970(house: House, name: str):
    send, field = opened(house, name)
    before = everything()
    for day in ("0001-01-01", "1900-01-01", "1969-12-31"):
        assert said(send(day)) == (422, "date_too_early", [field])
    assert everything() == before
    assert send("1970-01-01").status_code < 300


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [
        ("Pacific/Kiritimati", "2026-05-01T09:59:59Z", date(2026, 5, 1)),
        ("Pacific/Kiritimati", "2026-05-01T10:00:00Z", date(2026, 5, 2)),
        ("Pacific/Pago_Pago", "2026-05-01T10:59:59Z", date(2026, 4, 30)),
        ("Pacific/Pago_Pago", "2026-05-01T11:00:00Z", date(2026, 5, 1)),
    ],
)
@pytest.mark.parametrize("name", DOORS)
def test_no_day_is_after_tomorrow_where_the_family_lives(
    house: House, time_machine: Any, name: str, zone: str, now: str, today: date
):
    time_machine.move_to(now, tick=False)
    Family.objects.filter(pk=house.family.pk).update(timezone=zone)
    last = today if name == "a closing" else today + timedelta(days=1)
    send, field = opened(house, name)
    before = everything()
    for day in (last + timedelta(days=1), last + timedelta(days=366), date(9999, 12, 31)):
        assert said(send(day.isoformat())) == (422, "date_in_future", [field])
    assert everything() == before
    assert send(last.isoformat()).status_code < 300


@pytest.mark.parametrize("query", ["date_from", "date_to"])
@pytest.mark.parametrize("path", ["/transactions", "/exchange-rates"])
def test_a_list_is_asked_for_days_only(house: House, path: str, query: str):
    for day in [day for day in NO_DAYS if isinstance(day, str)]:
        answer = house.owner.http.get(f"{path}?{urlencode({query: day})}")
        assert said(answer) == (400, "invalid", [query]), day


def test_numbers_and_days_are_read_strictly_wherever_they_come_in():
    shapes = [shape() for op in OPERATIONS for shape in (op.call.body, op.call.query) if shape]
    fields = [field for shape in shapes for _path, field in fields_of(shape)]
    lax = [f for f in fields if isinstance(f, serializers.IntegerField) and not isinstance(f, WholeField)]
    lax += [f for f in fields if isinstance(f, serializers.DateField) and not isinstance(f, DayField)]
    assert lax == []


@pytest.mark.parametrize(
    "text", [" 1", "1 ", "1_0", "1.0", "+1", "\uff11", "\u0661", "1e0", "0x1", "", 1.0, True, [1], {}]
)
def test_an_id_is_a_whole_number_in_ascii_digits(house: House, text: Any):
    before = everything()
    answer = house.owner.http.post("/transactions", from_wallet_id=text, amount="1.00")
    assert said(answer) == (400, "invalid", ["from_wallet_id"])
    if isinstance(text, str):
        answer = house.owner.http.get(f"/transactions?{urlencode({'wallet': text})}")
        assert said(answer) == (400, "invalid", ["wallet"])
    assert everything() == before
