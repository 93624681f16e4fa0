"""Categories: what a family starts with, what it adds, three levels deep at most."""

from collections import Counter
from typing import Any

import pytest

from audit.models import EventLog
from financebot.common import clock
from financebot.common.errors import NotFound, PermissionDenied, UnknownReference
from financebot.common.usecase import unit_of_work
from ledger.errors import CategoryTooDeep, WrongCategoryKind
from ledger.models import Category
from ledger.services import create_category
from tests.conftest import House, Person
from tests.ledger.helpers import events_of, everything, refused

pytestmark = pytest.mark.django_db


def create(person: Person, **fields: Any) -> Category:
    with unit_of_work():
        return create_category(actor=person.actor, fields={"name": "Books", "kind": "expense", **fields})


def test_a_family_starts_with_categories_one_fallback_of_each_kind_and_one_of_each_of_the_systems(
    house: House,
):
    own = Category.objects.filter(family=house.family)
    kinds = Counter(own.values_list("kind", flat=True))
    assert (kinds["opening"], kinds["exchange"], kinds["adjustment"]) == (1, 1, 1)
    assert kinds["expense"] > 5 < kinds["income"] + 4
    assert sorted(own.filter(fallback=True).values_list("kind", flat=True)) == ["expense", "income"]


def test_the_categories_that_a_family_starts_with_bring_no_events(house: House):
    assert not EventLog.objects.filter(entity_type="category").exists()


def test_a_category_is_made_with_one_event(house: House):
    category = create(house.owner, icon="book", colour="#00ff00")
    assert (category.family_id, category.parent_id, category.fallback) == (house.family.pk, None, False)
    assert events_of("category", category.pk) == ["category.created"]


def test_categories_are_three_levels_deep_at_most(house: House):
    first = create(house.owner)
    second = create(house.owner, parent_id=first.pk)
    third = create(house.owner, parent_id=second.pk)
    with refused(CategoryTooDeep, "parent_id"):
        create(house.owner, parent_id=third.pk)


def test_a_parent_is_of_the_same_kind(house: House):
    with refused(WrongCategoryKind, "parent_id"):
        create(house.owner, parent_id=house.categories["income"].pk)


def test_a_parent_that_is_foreign_archived_the_systems_or_nobodys_is_unknown(house: House):
    archived = create(house.owner)
    Category.objects.filter(pk=archived.pk).update(archived_at=clock.now())
    foreign = Category.objects.get(family=house.stranger.membership.family, kind="expense", fallback=True)
    system = Category.objects.get(family=house.family, kind="opening")
    for parent_id in (archived.pk, foreign.pk, system.pk, 10**12):
        with refused(UnknownReference, "parent_id"):
            create(house.owner, parent_id=parent_id)


@pytest.mark.parametrize("who", ["owner", "adult"])
def test_owners_and_adults_make_categories(house: House, who: str):
    assert create(house.people[who]).pk


@pytest.mark.parametrize("who", ["member", "child", "reader"])
def test_others_do_not(house: House, who: str):
    before = everything()
    with pytest.raises(PermissionDenied) as caught:
        create(house.people[who])
    assert caught.value.facts == {"permission": "manage_categories"}
    assert everything() == before


def test_a_suspended_member_finds_no_family(house: House):
    with refused(NotFound):
        create(house.suspended)


def test_over_http_a_category_is_answered_as_it_is_listed(house: House):
    http, parent = house.owner.http, house.categories["expense"].pk
    answer = http.post(
        "/categories",
        name="Books",
        kind="expense",
        parent_id=parent,
        icon="book",
        colour="#00FF00",
    )
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "name": "Books",
        "kind": "expense",
        "parent_id": parent,
        "icon": "book",
        "colour": "#00FF00",
        "archived": False,
        "merged_into_id": None,
        "version": 1,
    }
    assert http.get("/categories").json()["results"][-1] == made


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "opening"}, {"kind": "exchange"}, {"kind": "adjustment"}, {"kind": "fun"}, {"name": ""},
        {"name": "x" * 101}, {"colour": "red"}, {"colour": "#12345"}, {"icon": "x" * 31},
        {"fallback": True}, {"parent_id": 0},
    ],
    ids=str,
)  # fmt: skip
def test_over_http_a_category_of_the_wrong_shape_is_not_made(house: House, body: dict):
    before = everything()
    answer = house.owner.http.post("/categories", **{"name": "Books", "kind": "expense", **body})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(body))
    assert everything() == before


@pytest.mark.parametrize(
    ("code", "status"), [("category_too_deep", 422), ("wrong_category_kind", 422), ("unknown_reference", 422)]
)
def test_over_http_a_refusal_has_its_status_and_code(house: House, code: str, status: int):
    parent = create(house.owner)
    for _ in range(2):
        parent = create(house.owner, parent_id=parent.pk)
    parents = {
        "category_too_deep": parent.pk,
        "wrong_category_kind": house.categories["income"].pk,
        "unknown_reference": 10**12,
    }
    answer = house.owner.http.post("/categories", name="Books", kind="expense", parent_id=parents[code])
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("kind", ["expense", "income"])
def test_the_list_keeps_to_a_kind_when_asked(house: House, kind: str):
    rows = house.child.http.get(f"/categories?kind={kind}").json()["results"]
    assert {row["kind"] for row in rows} == {kind}
    assert len(rows) == Category.objects.filter(family=house.family, kind=kind).count()


def test_the_list_shows_the_familys_own_page_by_page(house: House):
    seen, path = [], "/categories?page_size=7"
    while path:
        page = house.member.http.get(path).json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"] and "/categories?" + page["next"].partition("?")[2]
    assert seen == list(
        Category.objects.filter(family=house.family).order_by("pk").values_list("pk", flat=True),
    )


def test_whoever_reads_figures_alone_does_not_list_categories(house: House):
    answer = house.reader.http.get("/categories")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
