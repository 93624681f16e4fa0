"""Letting one category count as another from now on."""

from typing import Any

import pytest

from audit.models import EventLog
from financebot.common.errors import Changed, NotFound, PermissionDenied, UnknownReference
from financebot.common.usecase import unit_of_work
from ledger.errors import CategoryLoop, CategoryTooDeep, FallbackCategory, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS
from ledger.models import Category, MonthTotal, Posting, Transaction
from ledger.services import archive_category, create_category, merge_category
from tests.conftest import House, Person, build_house
from tests.ledger.helpers import TEN, drafted, events_of, everything, flip, line, move_balances, refused, say

pytestmark = pytest.mark.django_db


def create(person: Person, **fields: Any) -> Category:
    with unit_of_work():
        return create_category(actor=person.actor, fields={"name": "Books", "kind": "expense", **fields})


def merge(person: Person, source: Category, target: Category) -> Category:
    with unit_of_work():
        return merge_category(actor=person.actor, category_id=source.pk, into=target.pk)


def archive(person: Person, category: Category) -> None:
    with unit_of_work():
        archive_category(actor=person.actor, category_id=category.pk)


def line_of(person: Person, levels: int) -> list[Category]:
    """Categories each below the one before."""
    found: list[Category] = []
    for _ in range(levels):
        found.append(create(person, parent_id=found[-1].pk if found else None))
    return found


def now(category: Category) -> Category:
    return Category.objects.get(pk=category.pk)


def unbooked(house: House, category: Category) -> Any:
    """A draft of ten spent on a category."""
    cash, author = house.wallets["cash"].pk, house.owner.membership.pk
    lines = line(cash, -TEN), line(cash, TEN, category=category.pk, shares={author: TEN})
    return drafted(house, *lines, from_wallet_id=cash)


def in_status(house: House, category: Category, status: str) -> Any:
    entry = unbooked(house, category)
    if status in {"rejected", "expired"}:
        flip(entry, "pending_approval")
    if status == "rejected":
        say(entry, house.adult, "rejected")
    if status == "executed":
        move_balances(entry)
    if status != "draft":
        flip(entry, status)
    return entry


def category_of(entry: Any) -> int:
    return Posting.objects.get(transaction=entry.transaction, category__isnull=False).category_id


def listed(house: House, category: Category) -> set[int]:
    rows = house.owner.http.get(f"/transactions?category={category.pk}").json()["results"]
    return {row["id"] for row in rows}


@pytest.fixture
def pair(house: House) -> tuple[Category, Category]:
    return create(house.owner, name="Comics"), create(house.owner, name="Books")


def test_the_merged_one_is_archived_and_says_what_it_counts_as(house: House, pair: Any):
    source, target = pair
    answer = house.adult.http.post(f"/categories/{source.pk}/merge", into=target.pk)
    assert (answer.status_code, answer["ETag"]) == (200, '"v2"')
    found = answer.json()
    assert (found["id"], found["archived"], found["merged_into_id"]) == (source.pk, True, target.pk)
    assert house.owner.http.get(f"/categories/{source.pk}").json() == found
    assert house.owner.http.get(f"/categories/{target.pk}").json()["version"] == 1


def test_facts_on_record_keep_their_category_and_are_found_under_the_other(house: House, pair: Any):
    source, target = pair
    entry = house.spend("5.00", category=source.pk).transaction.pk
    moved = house.move("5.00", "cash", "anns", category=source.pk).transaction.pk
    totals = list(MonthTotal.objects.order_by("pk").values())
    merge(house.owner, source, target)
    later = house.spend("5.00", category=target.pk).transaction.pk
    assert Posting.objects.filter(transaction=entry, category=source).exists()
    assert Transaction.objects.get(pk=moved).label_id == source.pk
    assert list(MonthTotal.objects.order_by("pk").values())[: len(totals)] == totals
    assert listed(house, target) == {entry, moved, later}
    assert listed(house, source) == {entry, moved}


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_what_was_merged_is_found_from_every_level_above(house: House, levels: int):
    source, tree = create(house.owner), line_of(house.owner, levels)
    entry = house.spend("5.00", category=source.pk).transaction.pk
    merge(house.owner, source, tree[-1])
    for category in tree:
        assert listed(house, category) == {entry}


def test_it_is_not_found_any_more_where_it_hung_before(house: House):
    parent, source = line_of(house.owner, 2)
    target = create(house.owner)
    entry = house.spend("5.00", category=source.pk).transaction.pk
    assert listed(house, parent) == {entry}
    merge(house.owner, source, target)
    assert now(source).parent_id is None
    assert (listed(house, parent), listed(house, target)) == (set(), {entry})


def test_a_tree_is_of_one_family(house: House, pair: Any):
    merge(house.owner, *pair)
    create(house.stranger)
    own = set(Category.objects.tree(pair[1].pk).values_list("pk", flat=True))
    assert own == {category.pk for category in pair}


@pytest.mark.parametrize("status", ["draft", "pending_approval"])
def test_what_is_not_booked_yet_moves_to_the_other(house: House, pair: Any, status: str):
    entry = in_status(house, pair[0], status)
    merge(house.owner, *pair)
    assert category_of(entry) == pair[1].pk
    assert Transaction.objects.get(pk=entry.transaction.pk).version == entry.transaction.version


@pytest.mark.parametrize("status", ["executed", "cancelled", "rejected", "expired"])
def test_what_is_booked_or_over_stays(house: House, pair: Any, status: str):
    entry = in_status(house, pair[0], status)
    merge(house.owner, *pair)
    assert category_of(entry) == pair[0].pk


def test_the_label_of_a_transfer_that_is_not_booked_yet_moves_too(house: House, pair: Any):
    wallets = {"from_wallet_id": house.wallets["cash"].pk, "to_wallet_id": house.wallets["anns"].pk}
    lines = line(wallets["from_wallet_id"], -TEN), line(wallets["to_wallet_id"], TEN)
    entry = drafted(house, *lines, type="transfer", label=pair[0], **wallets)
    merge(house.owner, *pair)
    assert Transaction.objects.get(pk=entry.transaction.pk).label_id == pair[1].pk


def test_an_entry_on_both_that_moved_is_still_booked(house: House, pair: Any):
    cash, author = house.wallets["cash"].pk, house.owner.membership.pk
    halves = [line(cash, TEN, category=category.pk, shares={author: TEN}) for category in pair]
    entry = drafted(house, line(cash, -TEN - TEN), *halves, from_wallet_id=cash, amount=TEN + TEN)
    merge(house.owner, *pair)
    move_balances(entry)
    flip(entry)
    assert Posting.objects.filter(transaction=entry.transaction, category=pair[1]).count() == 2


def test_entries_and_categories_of_others_stay(house: House, pair: Any):
    other = create(house.owner, parent_id=pair[1].pk)
    entry = unbooked(house, other)
    before = now(other)
    merge(house.owner, *pair)
    assert category_of(entry) == other.pk
    assert (now(other).version, now(other).parent_id) == (before.version, pair[1].pk)


def test_its_children_live_and_archived_hang_below_the_other(house: House, pair: Any):
    source, target = pair
    live, away = create(house.owner, parent_id=source.pk), create(house.owner, parent_id=source.pk)
    archive(house.owner, away)
    merge(house.owner, source, target)
    assert [(now(c).parent_id, now(c).version) for c in (live, away)] == [(target.pk, 2), (target.pk, 3)]


def test_what_was_merged_into_it_before_counts_as_the_other_at_once(house: House, pair: Any):
    first = create(house.owner)
    merge(house.owner, first, pair[0])
    merge(house.owner, *pair)
    assert (now(first).merged_into_id, now(first).version) == (pair[1].pk, 3)
    assert not Category.objects.filter(merged_into__merged_into__isnull=False).exists()


def test_each_row_that_changes_has_its_event(house: House, pair: Any):
    source, target = pair
    parent = create(house.owner)
    Category.objects.filter(pk=source.pk).update(parent=parent)
    child, first = create(house.owner, parent_id=source.pk), create(house.owner)
    merge(house.owner, first, source)
    merge(house.owner, source, target)
    assert events_of("category", child.pk)[1:] == ["category.edited"]
    assert events_of("category", first.pk)[1:] == ["category.merged"] * 2
    assert events_of("category", target.pk)[1:] == []
    last, again, edited = EventLog.objects.order_by("-pk")[:3]
    assert edited.changes == {"parent_id": [source.pk, target.pk]}
    assert again.changes == {"merged_into_id": [source.pk, target.pk]}
    assert (last.name, last.entity_id) == ("category.merged", source.pk)
    assert set(last.changes) == {"archived_at", "merged_into_id", "parent_id"}
    assert (last.changes["merged_into_id"], last.changes["parent_id"]) == ([None, target.pk], [parent.pk, None])


def test_an_archived_category_can_be_merged_and_stays_archived_since_then(house: House, pair: Any):
    archive(house.owner, pair[0])
    since = now(pair[0]).archived_at
    assert merge(house.owner, *pair).archived_at == since


def test_a_child_can_be_merged_into_what_is_above_it(house: House):
    parent, child, grandchild = line_of(house.owner, 3)
    merge(house.owner, child, parent)
    assert now(grandchild).parent_id == parent.pk
    merge(house.owner, grandchild, parent)
    assert now(child).merged_into_id == now(grandchild).merged_into_id == parent.pk


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_nothing_is_merged_into_itself_or_its_own(house: House, levels: int):
    tree = line_of(house.owner, levels)
    with refused(CategoryLoop, "into"):
        merge(house.owner, tree[0], tree[-1])
    answer = house.owner.http.post(f"/categories/{tree[0].pk}/merge", into=tree[-1].pk)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (
        422,
        "category_loop",
        ["into"],
    )


def test_children_that_would_come_too_deep_stop_a_merge(house: House):
    for levels, target in ((3, line_of(house.owner, 2)[1]), (2, line_of(house.owner, 3)[2])):
        source = line_of(house.owner, levels)[0]
        with refused(CategoryTooDeep, "into"):
            merge(house.owner, source, target)


def test_without_children_a_category_is_merged_at_any_level(house: House):
    assert merge(house.owner, create(house.owner), line_of(house.owner, 3)[2])


def test_three_levels_are_merged_into_a_topmost_one(house: House, pair: Any):
    tree = line_of(house.owner, 3)
    merge(house.owner, tree[0], pair[1])
    assert (now(tree[1]).parent_id, now(tree[2]).parent_id) == (pair[1].pk, tree[1].pk)


def test_a_category_is_merged_into_one_of_its_kind_that_can_be_chosen(house: House, pair: Any):
    source, archived = pair
    archive(house.owner, archived)
    with refused(WrongCategoryKind, "into"):
        merge(house.owner, source, house.categories["income"])
    foreign = Category.objects.get(family=house.stranger.membership.family, kind="expense", fallback=True)
    system = Category.objects.get(family=house.family, kind="opening")
    for target in (archived, foreign, system, Category(pk=10**12)):
        with refused(UnknownReference, "into"):
            merge(house.owner, source, target)


@pytest.mark.parametrize("kind", SYSTEM_KINDS)
def test_the_systems_own_categories_are_not_merged(house: House, kind: str):
    with refused(WrongCategoryKind):
        merge(house.owner, Category.objects.get(family=house.family, kind=kind), house.categories["expense"])


def test_the_fallback_is_not_merged_away_but_takes_others(house: House, pair: Any):
    fallback = house.categories["expense"]
    with refused(FallbackCategory):
        merge(house.owner, fallback, pair[1])
    answer = house.owner.http.post(f"/categories/{fallback.pk}/merge", into=pair[1].pk)
    assert (answer.status_code, answer.json()["code"]) == (409, "fallback_category")
    assert merge(house.owner, pair[0], fallback).merged_into_id == fallback.pk


def test_a_merge_is_for_ever(house: House, pair: Any):
    (source, target), third = pair, create(house.owner)
    merge(house.owner, source, target)
    with refused(Changed):
        merge(house.owner, source, third)
    answer = house.owner.http.post(f"/categories/{source.pk}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    with refused(UnknownReference, "into"):
        merge(house.owner, target, source)
    with refused(UnknownReference, "parent_id"):
        create(house.owner, parent_id=source.pk)


@pytest.mark.parametrize("body", [{}, {"into": None}, {"into": 0}, {"into": "x"}], ids=str)
def test_a_target_of_the_wrong_shape_is_refused(house: House, pair: Any, body: dict):
    answer = house.owner.http.post(f"/categories/{pair[0].pk}/merge", **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["into"])


@pytest.mark.parametrize("who", ["member", "child"])
def test_who_may_not_manage_categories_merges_none(house: House, pair: Any, who: str):
    before = everything()
    with pytest.raises(PermissionDenied):
        merge(house.people[who], *pair)
    assert everything() == before


@pytest.mark.parametrize("who", ["reader", "suspended", "stranger"])
def test_who_sees_no_categories_merges_none(house: House, pair: Any, who: str):
    with refused(NotFound):
        merge(house.people[who], *pair)


def test_a_merge_costs_no_more_with_more_to_move(house: House, django_assert_max_num_queries: Any):
    source, target = create(house.owner), create(house.owner)
    for _ in range(12):
        create(house.owner, parent_id=source.pk)
        merge(house.owner, create(house.owner), source)
        unbooked(house, source)
    with django_assert_max_num_queries(18):
        merge(house.owner, source, target)


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_of_two_merges_into_each_other_at_once_one_holds(threads, _round):
    house = build_house()
    one, other = create(house.owner), create(house.owner)
    outcomes = threads([lambda: merge(house.owner, one, other), lambda: merge(house.adult, other, one)])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Category", "UnknownReference"]
    assert Category.objects.filter(merged_into__isnull=False).count() == 1


@pytest.mark.postgres
@pytest.mark.parametrize("_round", range(5))
def test_merges_in_a_row_at_once_end_flat(threads, _round):
    house = build_house()
    first, second, third = (create(house.owner) for _ in range(3))
    outcomes = threads([lambda: merge(house.owner, first, second), lambda: merge(house.adult, second, third)])
    if isinstance(outcomes[0], UnknownReference):  # it came when the second was merged away already
        assert now(first).merged_into_id is None
    else:
        assert now(first).merged_into_id == third.pk
    assert now(second).merged_into_id == third.pk
