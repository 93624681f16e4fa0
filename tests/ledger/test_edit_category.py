"""Changing a category, putting it away and bringing it back."""

from typing import Any

import pytest

from audit.models import EventLog
from financebot.common import clock
from financebot.common.errors import Changed, NotFound, PermissionDenied, PreconditionFailed, UnknownReference
from financebot.common.usecase import unit_of_work
from ledger.errors import CategoryLoop, CategoryTooDeep, FallbackCategory, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS
from ledger.models import Category
from ledger.services import archive_category, create_category, edit_category, restore_category
from tests.conftest import House, Person, build_house
from tests.ledger.helpers import events_of, everything, refused

pytestmark = pytest.mark.django_db


def create(person: Person, **fields: Any) -> Category:
    with unit_of_work():
        return create_category(actor=person.actor, fields={"name": "Books", "kind": "expense", **fields})


def edit(person: Person, category: Category, version: int | None = None, **changes: Any) -> Category:
    with unit_of_work():
        return edit_category(actor=person.actor, category_id=category.pk, changes=changes, version=version)


def archive(person: Person, category: Category) -> Category:
    with unit_of_work():
        return archive_category(actor=person.actor, category_id=category.pk)


def restore(person: Person, category: Category) -> Category:
    with unit_of_work():
        return restore_category(actor=person.actor, category_id=category.pk)


def line_of(person: Person, levels: int) -> list[Category]:
    """Categories each below the one before."""
    found: list[Category] = []
    for _ in range(levels):
        found.append(create(person, parent_id=found[-1].pk if found else None))
    return found


def system(house: House, kind: str) -> Category:
    return Category.objects.get(family=house.family, kind=kind)


def mark_merged(category: Category, into: Category) -> None:
    Category.objects.filter(pk=category.pk).update(archived_at=clock.now(), merged_into=into)


CALLS = {"edit": lambda who, c: edit(who, c, name="New"), "archive": archive, "restore": restore}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def test_what_is_named_changes_and_the_rest_stays(house: House):
    parent = create(house.owner, name="Fun")
    category = create(house.owner, icon="book", colour="#00ff00")
    answer = house.adult.http.patch(f"/categories/{category.pk}", name="Comics", parent_id=parent.pk)
    assert (answer.status_code, answer["ETag"]) == (200, '"v2"')
    assert answer.json() == {
        "id": category.pk,
        "name": "Comics",
        "kind": "expense",
        "parent_id": parent.pk,
        "icon": "book",
        "colour": "#00ff00",
        "archived": False,
        "merged_into_id": None,
        "version": 2,
    }
    assert house.child.http.get(f"/categories/{category.pk}").json() == answer.json()


def test_icon_colour_and_parent_can_be_taken_away(house: House):
    category = create(house.owner, icon="book", colour="#00ff00", parent_id=create(house.owner).pk)
    answer = house.owner.http.patch(f"/categories/{category.pk}", icon="", colour="", parent_id=None)
    assert answer.status_code == 200
    assert [answer.json()[field] for field in ("icon", "colour", "parent_id")] == ["", "", None]


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""}, {"name": None}, {"name": "x" * 101}, {"colour": "red"}, {"icon": "x" * 31}, {"parent_id": 0},
        {"kind": "income"}, {"fallback": True}, {"archived": True}, {"merged_into_id": None}, {"family_id": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_change_of_the_wrong_shape_is_refused_by_its_field(house: House, body: dict):
    answer = house.owner.http.patch(f"/categories/{house.categories['expense'].pk}", **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(body))


def test_the_event_holds_before_and_after_and_the_name_apart(house: House):
    parent, category = create(house.owner), create(house.owner, icon="book")
    edit(house.owner, category, name="Comics", icon="comic", parent_id=parent.pk, colour="")
    event = EventLog.objects.get(name="category.edited")
    assert (event.entity_id, event.family_id) == (category.pk, house.family.pk)
    assert event.changes == {"icon": ["book", "comic"], "parent_id": [None, parent.pk]}
    assert event.private["texts"] == {"name": ["Books", "Comics"]}


def test_another_version_than_the_one_in_force_is_refused(house: House):
    category = create(house.owner)
    with refused(PreconditionFailed):
        edit(house.owner, category, 2, name="Comics")
    assert edit(house.owner, category, 1, name="Comics").version == 2


@pytest.mark.parametrize(
    ("above", "moved"),
    [(1, 1), (1, 2), (2, 1)],
)
def test_a_category_moves_with_all_below_it_where_three_levels_are_enough(house: House, above: int, moved: int):
    target, tree = line_of(house.owner, above)[-1], line_of(house.owner, moved)
    assert edit(house.owner, tree[0], parent_id=target.pk).parent_id == target.pk


@pytest.mark.parametrize(("above", "moved"), [(1, 3), (2, 2), (3, 1)])
def test_a_category_whose_own_would_come_too_deep_does_not_move(house: House, above: int, moved: int):
    target, tree = line_of(house.owner, above)[-1], line_of(house.owner, moved)
    with refused(CategoryTooDeep, "parent_id"):
        edit(house.owner, tree[0], parent_id=target.pk)
    answer = house.owner.http.patch(f"/categories/{tree[0].pk}", parent_id=target.pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "category_too_deep")


def test_what_is_archived_counts_as_a_level_too(house: House):
    tree, target = line_of(house.owner, 2), line_of(house.owner, 2)[1]
    archive(house.owner, tree[1])
    with refused(CategoryTooDeep, "parent_id"):
        edit(house.owner, tree[0], parent_id=target.pk)


def test_a_part_of_a_tree_moves_without_what_is_above_it(house: House):
    tree = line_of(house.owner, 3)
    target = line_of(house.owner, 2)
    assert edit(house.owner, tree[2], parent_id=target[1].pk)
    assert edit(house.owner, tree[1], parent_id=target[0].pk)
    assert edit(house.owner, tree[0], parent_id=target[1].pk)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_category_does_not_come_to_lie_below_itself(house: House, levels: int):
    tree = line_of(house.owner, levels)
    with refused(CategoryLoop, "parent_id"):
        edit(house.owner, tree[0], parent_id=tree[-1].pk)
    answer = house.owner.http.patch(f"/categories/{tree[0].pk}", parent_id=tree[-1].pk)
    assert (answer.status_code, answer.json()["code"]) == (422, "category_loop")


def test_a_new_parent_is_of_the_same_kind_and_one_to_choose_from(house: House):
    category, archived = create(house.owner), create(house.owner)
    archive(house.owner, archived)
    foreign = Category.objects.get(family=house.stranger.membership.family, kind="expense", fallback=True)
    with refused(WrongCategoryKind, "parent_id"):
        edit(house.owner, category, parent_id=house.categories["income"].pk)
    for parent_id in (archived.pk, foreign.pk, system(house, "opening").pk, 10**12):
        with refused(UnknownReference, "parent_id"):
            edit(house.owner, category, parent_id=parent_id)


def test_below_a_parent_that_was_archived_since_a_category_may_stay(house: House):
    parent, child = line_of(house.owner, 2)
    archive(house.owner, parent)
    assert edit(house.owner, child, name="Comics", parent_id=parent.pk).name == "Comics"


def test_an_archived_category_can_still_be_renamed(house: House):
    category = create(house.owner)
    archive(house.owner, category)
    assert edit(house.owner, category, name="Comics").archived_at


def test_a_category_that_is_merged_into_another_is_not_changed_any_more(house: House):
    one, other = create(house.owner), create(house.owner)
    mark_merged(one, other)
    for call in CALLS.values():
        with refused(Changed):
            call(house.owner, one)


@pytest.mark.parametrize("kind", SYSTEM_KINDS)
@every_call
def test_the_systems_own_categories_are_nobodys_to_change(house: House, kind: str, call: Any):
    with refused(WrongCategoryKind):
        call(house.owner, system(house, kind))


def test_the_fallback_can_be_renamed_and_moved_but_not_archived(house: House):
    fallback = house.categories["expense"]
    assert edit(house.owner, fallback, name="Sundry", parent_id=create(house.owner).pk).fallback
    with refused(FallbackCategory):
        archive(house.owner, fallback)
    answer = house.owner.http.post(f"/categories/{fallback.pk}/archive")
    assert (answer.status_code, answer.json()["code"]) == (409, "fallback_category")


def test_an_archived_category_is_not_chosen_any_more_and_what_is_on_record_stays(house: House):
    parent, child = line_of(house.owner, 2)
    entry = house.spend("5.00", category=parent.pk)
    answer = house.owner.http.post(f"/categories/{parent.pk}/archive")
    assert (answer.status_code, answer.json()["archived"], answer.json()["version"]) == (200, True, 2)
    with pytest.raises(UnknownReference):
        house.spend("5.00", category=parent.pk)
    assert house.spend("5.00", category=child.pk)
    shown = house.owner.http.get(f"/transactions/{entry.transaction.pk}").json()
    assert shown["category_id"] == parent.pk


def test_a_restored_category_is_chosen_again(house: House):
    category = create(house.owner)
    archive(house.owner, category)
    answer = house.owner.http.post(f"/categories/{category.pk}/restore")
    assert (answer.status_code, answer.json()["archived"], answer.json()["version"]) == (200, False, 3)
    assert house.spend("5.00", category=category.pk)
    assert events_of("category", category.pk) == ["category.created", "category.archived", "category.restored"]


def test_archiving_twice_and_restoring_what_is_live_are_refused(house: House):
    category = create(house.owner)
    with refused(Changed):
        restore(house.owner, category)
    assert house.owner.http.post(f"/categories/{category.pk}/restore").json()["code"] == "changed"
    archive(house.owner, category)
    with refused(Changed):
        archive(house.owner, category)
    assert house.owner.http.post(f"/categories/{category.pk}/archive").status_code == 409


@pytest.mark.parametrize("who", ["member", "child"])
@every_call
def test_who_may_not_manage_categories_changes_none(house: House, who: str, call: Any):
    category = create(house.owner)
    before = everything()
    with pytest.raises(PermissionDenied) as caught:
        call(house.people[who], category)
    assert caught.value.facts == {"permission": "manage_categories"}
    assert everything() == before


@pytest.mark.parametrize("who", ["reader", "suspended", "stranger"])
@every_call
def test_who_sees_no_categories_finds_none(house: House, who: str, call: Any):
    category = create(house.owner)
    with refused(NotFound):
        call(house.people[who], category)


def test_the_list_leaves_out_what_is_archived_unless_asked(house: House):
    one, other = create(house.owner), create(house.owner)
    archive(house.owner, one)
    mark_merged(other, house.categories["expense"])
    own = Category.objects.filter(family=house.family)
    expected = {
        "": own.filter(archived_at=None),
        "?archived=false": own.filter(archived_at=None),
        "?archived=true": own.filter(pk__in=[one.pk, other.pk]),
        "?archived=all": own,
        "?archived=true&kind=income": own.none(),
    }
    for query, rows in expected.items():
        listed = house.child.http.get(f"/categories{query}").json()["results"]
        assert [row["id"] for row in listed] == list(rows.order_by("pk").values_list("pk", flat=True)), query
        merged = {row["id"]: row["merged_into_id"] for row in listed if row["merged_into_id"]}
        assert merged in ({}, {other.pk: house.categories["expense"].pk})
    assert house.owner.http.get("/categories?archived=no").status_code == 400


def test_the_systems_own_categories_stay_in_the_list(house: House):
    kinds = {row["kind"] for row in house.owner.http.get("/categories").json()["results"]}
    assert set(SYSTEM_KINDS) <= kinds


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_two_that_move_below_each_other_at_once_make_no_loop(threads, _round):
    house = build_house()
    one, other = create(house.owner), create(house.owner)
    outcomes = threads(
        [lambda: edit(house.owner, one, parent_id=other.pk), lambda: edit(house.owner, other, parent_id=one.pk)]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Category", "CategoryLoop"]


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_a_child_that_comes_while_its_parent_moves_comes_no_deeper_than_three(threads, _round):
    house = build_house()
    parent, target = create(house.owner), line_of(house.owner, 2)[1]
    outcomes = threads(
        [lambda: edit(house.owner, parent, parent_id=target.pk), lambda: create(house.adult, parent_id=parent.pk)]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Category", "CategoryTooDeep"]
