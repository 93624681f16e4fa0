"""Lists by cursor: every row exactly once, whatever the order, however the list changes meanwhile."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core import signing

from audit.relay import relay_once
from families.services import create_invitation
from financebot.api.pagination import SALT
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.models import Category
from ledger.services import reverse_transaction
from tests.accounts.tools import log_in
from tests.wire.tools import problem

pytestmark = pytest.mark.django_db

ORDERINGS = ["-occurred_on", "occurred_on", "-amount", "amount", "-created_at", "created_at"]
DAYS = [date(2026, 3, day) for day in (1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4)]
AMOUNTS = ["5.00", "5.00", "7.00", "0.01"]


def fill(house, count=11):
    """Transactions with many equal days, amounts and moments, ids in no order of either."""
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for number in range(count):
            if number % 4 == 3:
                traveller.shift(timedelta(microseconds=1))
            house.spend(AMOUNTS[number * 3 % 4], occurred_on=DAYS[number * 7 % 11])


def follow(http, link):
    answer = http.client.get(link)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def walk(http, page, way="next"):
    """Ids of all pages from this one on, page by page."""
    pages = [[row["id"] for row in page["results"]]]
    while page[way]:
        page = follow(http, page[way])
        pages.append([row["id"] for row in page["results"]])
        assert len(pages) < 200, "the walk goes in circles"
    return pages, page


def flat(pages):
    return [pk for page in pages for pk in page]


@pytest.mark.parametrize(
    ("ordering", "size"), [(ordering, 3) for ordering in ORDERINGS] + [("-occurred_on", 1), ("amount", 11)]
)
def test_a_walk_there_and_back_meets_every_row_once_in_order(house, ordering, size):
    fill(house)
    http = house.owner.http
    whole = http.get(f"/transactions?ordering={ordering}").json()
    name = ordering.removeprefix("-")
    keys = [(row[name] if name != "amount" else float(row[name]), row["id"]) for row in whole["results"]]
    assert keys == sorted(keys, reverse=ordering.startswith("-"))
    assert len(keys) == 11

    first = http.get(f"/transactions?ordering={ordering}&page_size={size}").json()
    there, last = walk(http, first)
    assert flat(there) == [pk for _, pk in keys]
    assert [len(page) for page in there[:-1]] == [size] * (len(there) - 1)
    assert there[-1]
    back, start = walk(http, last, "previous")
    assert flat(reversed(back)) == flat(there)
    assert start["previous"] is None
    again, _ = walk(http, start)
    assert flat(again) == flat(there)


def test_a_list_says_its_rows_and_the_pages_beside_it_and_no_counts(house):
    assert house.owner.http.get("/transactions").json() == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("ordering", ["-occurred_on", "occurred_on"])
def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(house, ordering):
    fill(house)
    http = house.owner.http
    page = http.get(f"/transactions?ordering={ordering}").json()
    known = [row["id"] for row in page["results"]]
    page = http.get(f"/transactions?ordering={ordering}&page_size=3").json()
    met = [row["id"] for row in page["results"]]
    while page["next"]:
        for day in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 3, 3), date(2026, 4, 1)):
            house.spend("5.00", occurred_on=day)
        page = follow(http, page["next"])
        met += [row["id"] for row in page["results"]]
        if len(met) > 60:
            break
    assert len(met) == len(set(met))
    assert [pk for pk in met if pk in known] == known


def test_rows_that_go_meanwhile_take_no_others_with_them(house):
    fill(house)
    http = house.owner.http
    page = http.get("/transactions?page_size=3").json()
    known = [row["id"] for row in http.get("/transactions").json()["results"]]
    with unit_of_work():
        reverse_transaction(actor=house.owner.actor, transaction_id=page["results"][-1]["id"], reason="")
    assert flat(walk(http, page)[0]) == known


def test_a_row_that_came_before_the_page_is_met_on_the_way_back(house):
    fill(house)
    http = house.owner.http
    page = http.get("/transactions?page_size=3").json()
    second = follow(http, page["next"])
    new = house.spend("5.00", occurred_on=date(2026, 5, 1)).transaction.pk
    back = follow(http, second["previous"])
    assert [row["id"] for row in back["results"]] == [row["id"] for row in page["results"]]
    assert [row["id"] for row in follow(http, back["previous"])["results"]] == [new]


def lists(house):
    """Every list that is paged, with more than one row in each."""
    with unit_of_work():
        create_invitation(actor=house.owner.actor, role="adult", email=None)
    with unit_of_work():
        create_invitation(actor=house.owner.actor, role="child", email=None)
    for _ in range(2):
        log_in(house.owner.user.email)
        house.owner.http.post("/families", name="Two", base_currency="EUR")
        house.spend("5.00")
    while relay_once():
        pass
    of_house, family = f"family_id={house.family.pk}", f"/families/{house.family.pk}"
    return [
        "/auth/sessions?",
        "/families?",
        f"{family}/members?",
        f"{family}/invitations?",
        f"/categories?{of_house}",
        f"/transactions?{of_house}",
        f"/events?{of_house}",
        f"/events?{of_house}&after=2",
    ]


def test_every_list_is_walked_in_the_same_way(house):
    http = house.owner.http
    for path in lists(house):
        whole = [row["id"] for row in http.get(f"{path}&page_size=1000").json()["results"]]
        assert len(whole) == len(set(whole)) > 1, path
        there, last = walk(http, http.get(f"{path}&page_size=2").json())
        assert flat(there) == whole, path
        assert flat(reversed(walk(http, last, "previous")[0])) == whole, path


@pytest.mark.parametrize(
    ("given", "rows"), [("", 50), ("?page_size=1", 1), ("?page_size=60", 60), ("?page_size=1000", 60)]
)
def test_a_page_has_fifty_rows_unless_asked_otherwise(house, given, rows):
    Category.objects.bulk_create(
        Category(family=house.family, name=f"C{number}", kind="expense")
        for number in range(60 - Category.objects.in_family(house.family.pk).count())
    )
    body = house.owner.http.get(f"/categories{given}").json()
    assert len(body["results"]) == rows
    assert (body["next"] is None) == (rows == 60)


@pytest.mark.parametrize("size", ["0", "-1", "1001", "x", "", "1.5", "9" * 30, "1e2", "%00"])
def test_a_page_size_out_of_bounds_is_refused(house, size):
    body = problem(house.owner.http.get(f"/transactions?page_size={size}"), 400, "invalid")
    assert list(body["errors"]) == ["page_size"]


def cursor_of(http, path):
    link = http.get(path).json()["next"]
    return parse_qs(urlsplit(link).query)["cursor"][0]


def test_a_cursor_may_be_followed_with_another_page_size(house):
    fill(house)
    http = house.owner.http
    cursor = cursor_of(http, "/transactions?page_size=3")
    rows = http.get(f"/transactions?page_size=1000&cursor={cursor}").json()["results"]
    assert len(rows) == 8


@pytest.mark.parametrize(
    "changed",
    [
        "ordering=occurred_on",
        "amount_min=1",
        "include=reversed",
        "wallet=1",
        "type=expense",
        "date_from=2026-01-01",
    ],
)
def test_a_cursor_with_other_filters_is_refused(house, changed):
    fill(house)
    http = house.owner.http
    cursor = cursor_of(http, "/transactions?page_size=3")
    body = problem(http.get(f"/transactions?page_size=3&{changed}&cursor={cursor}"), 400, "invalid")
    assert list(body["errors"]) == ["cursor"]


def test_a_cursor_whose_filter_is_left_out_is_refused(house):
    fill(house)
    http = house.owner.http
    cursor = cursor_of(http, "/transactions?page_size=3&type=expense")
    problem(http.get(f"/transactions?page_size=3&cursor={cursor}"), 400, "invalid")


def test_the_order_of_the_parameters_means_nothing(house):
    fill(house)
    http = house.owner.http
    cursor = cursor_of(http, "/transactions?page_size=3&type=expense&amount_min=1")
    assert http.get(f"/transactions?cursor={cursor}&amount_min=1&type=expense").status_code == 200


def test_the_cursor_of_another_list_is_refused(house):
    http = house.owner.http
    cursor = cursor_of(http, "/categories?page_size=1")
    problem(http.get(f"/transactions?cursor={cursor}"), 400, "invalid")


TAMPERED = {
    "a letter more": lambda c: c + "A",
    "a letter less": lambda c: c[:-1],
    "other rows": lambda c: "W" + c[1:] if c[0] != "W" else "X" + c[1:],
    "no signature": lambda c: c.split(":")[0],
    "another signature": lambda c: c.rpartition(":")[0] + ":" + "A" * 43,
    "another salt": lambda c: signing.dumps(signing.loads(c, salt=SALT), salt="other"),
    "another key": lambda c: signing.dumps(signing.loads(c, salt=SALT), key="x" * 50, salt=SALT),
    "garbage": lambda c: "garbage",
    "colons": lambda c: ":::",
    "letters beyond ASCII": lambda c: "%C3%A9:%C3%BC",
    "nothing": lambda c: "",
    "too much": lambda c: "x" * 501,
    "NUL": lambda c: "%00",
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_cursor_that_is_not_ours_is_refused(house, tamper):
    fill(house, 4)
    http = house.owner.http
    cursor = tamper(cursor_of(http, "/transactions?page_size=3"))
    body = problem(http.get(f"/transactions?page_size=3&cursor={cursor}"), 400, "invalid")
    assert list(body["errors"]) == ["cursor"]


def test_anothers_cursor_shows_nothing_but_ones_own(house):
    fill(house)
    cursor = cursor_of(house.owner.http, "/transactions?page_size=3")
    assert house.stranger.http.get(f"/transactions?cursor={cursor}").json()["results"] == []
