"""Exchange rates that a family sets by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from audit.models import EventLog
from families.services import archive_family
from financebot.common import money
from financebot.common.errors import DateInFuture, DateTooEarly, NotFound, PermissionDenied
from financebot.common.usecase import unit_of_work
from ledger.models import ExchangeRate
from ledger.services import set_rate
from tests.conftest import House, Person, build_house, founder_of
from tests.ledger.helpers import everything, refused

pytestmark = pytest.mark.django_db
MAY = date(2025, 5, 1)
BODY = {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.92", "date": "2025-05-01"}


def put(person: Person, rate: str = "0.92", **fields: Any) -> ExchangeRate:
    given = {"base": "USD", "quote": "EUR", "rate": Decimal(rate), "day": MAY, **fields}
    with unit_of_work():
        return set_rate(actor=person.actor, fields=given)


def post(person: Person, **fields: Any) -> Any:
    return person.http.post("/exchange-rates", **{**BODY, **fields})


def for_all(rate: str = "0.9", day: date = MAY, **fields: Any) -> ExchangeRate:
    given = {"base": "USD", "quote": "EUR", "day": day, "rate": Decimal(rate), "source": "ecb", **fields}
    return ExchangeRate.objects.create(**given)


def listed(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = person.http.get(f"/exchange-rates{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def test_a_rate_is_answered_as_it_is_listed(house: House):
    answer = post(house.adult)
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made == {
        **BODY,
        "id": made["id"],
        "family_id": house.family.pk,
        "source": "manual",
        "created_at": made["created_at"],
    }
    assert listed(house.reader) == [made]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("1", "1"),
        ("1.0825", "1.0825"),
        ("0.000000000001", "0.000000000001"),
        ("0.00000004", "0.00000004"),
        ("100", "100"),
        ("1000.000", "1000"),
        ("0001.50", "1.5"),
        ("900000000000", "900000000000"),
        ("123456.789012345", "123456.789012345"),
        ("999999999999.999", "999999999999.999"),
        (7, "7"),
        (1.25, "1.25"),
    ],
)
def test_a_rate_leaves_as_a_plain_string_just_as_it_is_kept(house: House, given: Any, shown: str):
    answer = post(house.owner, rate=given)
    assert (answer.status_code, answer.json()["rate"]) == (201, shown)
    assert listed(house.owner)[0]["rate"] == shown
    assert money.wire_rate(ExchangeRate.objects.get().rate) == shown


@pytest.mark.parametrize(
    "rate",
    [
        "0", "0.0", "0.000000000000", "-1", "+1", "1e3", "1E-2", ".5", "5.", "", " 1", "1,5", "NaN", "Infinity",
        "\u0663", "1000000000000", "0.0000000000001", "1.2345678901234567", "123456789012.1234", None, True, [], {},
    ],
    ids=repr,
)  # fmt: skip
def test_a_rate_of_the_wrong_shape_is_refused_by_its_field(house: House, rate: Any):
    before = everything()
    answer = post(house.owner, rate=rate)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["rate"])
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"base_currency": "EUR"}, "quote_currency"),
        ({"base_currency": "XTS"}, "base_currency"),
        ({"quote_currency": "usd"}, "quote_currency"),
        ({"date": "May"}, "date"),
        ({"date": None}, "date"),
        ({"source": "ecb"}, "source"),
        ({"id": 1}, "id"),
    ],
    ids=str,
)
def test_a_body_of_the_wrong_shape_is_refused_by_its_field(house: House, body: dict, field: str):
    before = everything()
    answer = post(house.owner, **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert everything() == before


def test_without_a_date_it_is_for_today_in_the_familys_zone(db: None):
    with time_machine.travel(datetime(2025, 5, 30, 15, tzinfo=UTC), tick=False) as time:  # midnight in Tokyo
        owner = founder_of("Home", "EUR", "Asia/Tokyo")
        body = {name: value for name, value in BODY.items() if name != "date"}
        assert owner.http.post("/exchange-rates", **body).json()["date"] == "2025-05-31"
        time.shift(-1)
        assert owner.http.post("/exchange-rates", **body).json()["date"] == "2025-05-30"


def test_tomorrow_in_the_familys_zone_is_the_last_day(db: None):
    with time_machine.travel(datetime(2025, 5, 30, 15, tzinfo=UTC), tick=False):
        owner = founder_of("Home", "EUR", "Asia/Tokyo")
        assert post(owner, date="2025-06-01").status_code == 201
        answer = post(owner, date="2025-06-02")
        assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
        assert list(answer.json()["errors"]) == ["date"]
        with pytest.raises(DateInFuture):
            put(owner, day=date(2025, 6, 2))


def test_1970_is_the_first_year(house: House):
    assert put(house.owner, day=date(1970, 1, 1)).pk
    with refused(DateTooEarly, "date"):
        put(house.owner, day=date(1969, 12, 31))
    answer = post(house.owner, date="1969-12-31")
    assert (answer.status_code, answer.json()["code"]) == (422, "date_too_early")


def test_a_second_one_for_pair_and_day_sets_it_anew(house: House):
    first, second = post(house.owner), post(house.adult, rate="0.95")
    assert second.status_code == 201
    assert second.json() == first.json() | {"rate": "0.95"}
    assert ExchangeRate.objects.get().rate == Decimal("0.95")


def test_another_day_pair_direction_or_family_is_another_rate(house: House):
    put(house.owner)
    put(house.owner, day=date(2025, 5, 2))
    put(house.owner, base="GBP")
    put(house.owner, base="EUR", quote="USD")
    put(house.stranger, "7")
    assert ExchangeRate.objects.count() == 5
    assert ExchangeRate.objects.filter(rate=Decimal("0.92")).count() == 4


def test_the_rate_for_all_is_never_touched_by_a_familys(house: House):
    of_all = for_all()
    own = put(house.owner)
    assert own.pk != of_all.pk
    of_all.refresh_from_db()
    assert (of_all.family_id, of_all.rate, of_all.source) == (None, Decimal("0.9"), "ecb")
    assert {row["family_id"]: row["rate"] for row in listed(house.owner)} == {None: "0.9", house.family.pk: "0.92"}


def test_one_that_came_from_elsewhere_is_manual_once_it_is_set(house: House):
    own = for_all(family=house.family)
    assert (put(house.owner).pk, ExchangeRate.objects.get().source) == (own.pk, "manual")


def test_each_time_is_one_event_with_before_and_after(house: House):
    rate = put(house.owner, "100")
    put(house.owner, "0.950")
    first, again = EventLog.objects.filter(name="rate.added").order_by("pk")
    assert (first.entity_type, first.entity_id, first.family_id) == ("rate", rate.pk, house.family.pk)
    assert first.changes == {
        "base_currency": [None, "USD"],
        "quote_currency": [None, "EUR"],
        "date": [None, "2025-05-01"],
        "rate": [None, "100"],
    }
    assert (again.entity_id, again.changes) == (rate.pk, {"rate": ["100", "0.95"]})


def test_whoever_sees_the_family_sees_what_happened_to_its_rates(house: House):
    put(house.owner)
    [event] = EventLog.objects.filter(name="rate.added")
    EventLog.objects.filter(pk=event.pk).update(position=1)
    for who in ("owner", "adult", "member", "reader"):
        [row] = house.people[who].http.get("/events?entity_type=rate").json()["results"]
        assert row["changes"]["rate"] == [None, "0.92"]


@pytest.mark.parametrize("who", ["member", "child", "reader"])
def test_who_may_not_manage_rates_sets_none(house: House, who: str):
    before = everything()
    with pytest.raises(PermissionDenied) as caught:
        put(house.people[who])
    assert caught.value.facts == {"permission": "manage_exchange_rates"}
    assert everything() == before


def test_a_suspended_member_finds_no_family(house: House):
    with refused(NotFound):
        put(house.suspended)


def test_an_archived_family_keeps_its_rates(house: House):
    with unit_of_work():
        archive_family(actor=house.owner.actor)
    answer = post(house.owner)
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")


def test_the_list_shows_the_familys_own_and_those_for_all_newest_first(house: House):
    put(house.stranger, "7")
    days = [date(2025, 5, day) for day in (3, 1, 2)]
    own = {day: put(house.owner, day=day).pk for day in days}
    of_all = for_all(day=date(2025, 5, 2)).pk
    expected = [own[days[0]], of_all, own[days[2]], own[days[1]]]
    assert [row["id"] for row in listed(house.child)] == expected


def test_the_list_goes_page_by_page(house: House):
    for day in range(1, 6):
        put(house.owner, day=date(2025, 5, day))
        for_all(day=date(2025, 5, day))
    seen, path = [], "/exchange-rates?page_size=3"
    while path:
        page = house.member.http.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"] and "/exchange-rates?" + page["next"].partition("?")[2]
    assert seen == list(ExchangeRate.objects.order_by("-day", "-pk").values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?base_currency=USD", {1, 2, 3}),
        ("?quote_currency=EUR", {1, 2, 4}),
        ("?base_currency=USD&quote_currency=EUR", {1, 2}),
        ("?date_from=2025-05-02", {2, 3, 4}),
        ("?date_to=2025-05-02", {1, 2}),
        ("?date_from=2025-05-02&date_to=2025-05-02", {2}),
        ("?base_currency=JPY", set()),
    ],
)
def test_the_list_keeps_to_what_is_asked_for(house: House, query: str, expected: set[int]):
    put(house.owner, "1")
    put(house.owner, "2", day=date(2025, 5, 2))
    put(house.owner, "3", quote="GBP", day=date(2025, 5, 3))
    put(house.owner, "4", base="CHF", day=date(2025, 5, 3))
    assert {int(row["rate"]) for row in listed(house.owner, query)} == expected


@pytest.mark.parametrize("query", ["base_currency=XTS", "date_from=May", "source=ecb", "family=1"])
def test_a_parameter_of_the_wrong_shape_is_refused(house: House, query: str):
    answer = house.owner.http.get(f"/exchange-rates?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.partition("=")[0]])


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_two_that_set_the_same_rate_at_once_leave_one(threads, _round):
    house = build_house()
    outcomes = threads([lambda: put(house.owner, "0.91"), lambda: put(house.adult, "0.93")])
    assert [type(outcome) for outcome in outcomes] == [ExchangeRate, ExchangeRate]
    assert ExchangeRate.objects.get().rate in {Decimal("0.91"), Decimal("0.93")}
    first, again = EventLog.objects.filter(name="rate.added").order_by("pk")
    assert again.changes["rate"][0] == first.changes["rate"][1]
