"""Writes that go past every use case, against the guards of categories and exchange rates."""

from datetime import date
from functools import partial

from financebot.common import clock
from ledger.kinds import SYSTEM_KINDS
from ledger.models import Category, ExchangeRate
from tests.ledger.helpers import ONE
from tests.ledger.provocations import Provocation, Scene, delete, update


def category(s: Scene, **fields: object) -> Category:
    return Category.objects.create(family=s.house.family, **{"name": "New", "kind": "expense", **fields})


def line_of(s: Scene, levels: int, **fields: object) -> list[Category]:
    """Categories each below the one before."""
    found: list[Category] = []
    for _ in range(levels):
        found.append(category(s, parent=found[-1] if found else None, **fields))
    return found


def hang(low: Category, below: Category) -> None:
    update(Category, low.pk, parent=below)


def hang_in_itself(s: Scene, levels: int) -> None:
    """The topmost of so many levels below the lowest of them."""
    tree = line_of(s, levels)
    hang(tree[0], tree[-1])


def born_below_itself(s: Scene) -> None:
    category(s, pk=10**6, parent_id=10**6)


def merged(s: Scene) -> Category:
    """A category that counts as Scene.other."""
    return category(s, merged_into_id=s.other, archived_at=clock.now())


def merge(source: Category, target: int) -> None:
    update(Category, source.pk, merged_into_id=target, archived_at=clock.now())


def born_merged(s: Scene, **fields: object) -> None:
    category(s, archived_at=clock.now(), **fields)


def own(s: Scene, kind: str, **fields: object) -> int:
    return Category.objects.filter(family=s.house.family, kind=kind, **fields).first().pk


def archive(pk: int) -> None:
    update(Category, pk, archived_at=clock.now())


def rate(s: Scene, **fields: object) -> int:
    """An exchange rate of the family's own."""
    given = {"base": "USD", "quote": "EUR", "day": date(2026, 5, 1), "rate": ONE, "family": s.house.family, **fields}
    return ExchangeRate.objects.create(**given).pk


# fmt: off
OF_CATEGORIES: list[tuple[str, str, Provocation]] = [
    ("ledger_category_parent_of_its_kind", "another kind", lambda s: hang(category(s, kind="income"), category(s))),
    ("ledger_category_parent_of_its_kind", "merged", lambda s: hang(category(s), merged(s))),
    ("ledger_category_parent_of_its_kind_at_first", "another kind",
     lambda s: category(s, kind="income", parent=category(s))),
    ("ledger_category_parent_of_its_kind_at_first", "merged", lambda s: category(s, parent=merged(s))),
    ("ledger_category_three_levels", "one below three", lambda s: hang(category(s), line_of(s, 3)[2])),
    ("ledger_category_three_levels", "two below two", lambda s: hang(line_of(s, 2)[0], line_of(s, 2)[1])),
    ("ledger_category_three_levels", "three below one", lambda s: hang(line_of(s, 3)[0], category(s))),
    *(("ledger_category_three_levels", f"a loop of {levels}", partial(hang_in_itself, levels=levels))
      for levels in (1, 2, 3)),
    ("ledger_category_three_levels_at_first", "a fourth", lambda s: line_of(s, 4)),
    ("ledger_category_three_levels_at_first", "itself", born_below_itself),
    ("ledger_category_needed_is_never_archived", "fallback", lambda s: archive(own(s, "income", fallback=True))),
    *(("ledger_category_needed_is_never_archived", kind, lambda s, kind=kind: archive(own(s, kind)))
      for kind in SYSTEM_KINDS),
    ("ledger_category_needed_is_never_archived_at_first", "fallback",
     lambda s: born_merged(s, fallback=True)),
    ("ledger_category_needed_is_never_archived_at_first", "system", lambda s: born_merged(s, kind="opening")),
    ("ledger_category_fallback_is_set_at_once", "no longer",
     lambda s: update(Category, own(s, "income", fallback=True), fallback=False)),
    ("ledger_category_fallback_is_set_at_once", "now", lambda s: update(Category, s.other, fallback=True)),
    ("ledger_category_merge_is_one_step", "another kind", lambda s: merge(category(s), own(s, "income"))),
    ("ledger_category_merge_is_one_step", "into a merged one", lambda s: merge(category(s), merged(s).pk)),
    ("ledger_category_merge_is_one_step", "with one merged into it",
     lambda s: merge(merged(s).merged_into, category(s).pk)),
    ("ledger_category_merge_is_one_step", "with a child", lambda s: merge(line_of(s, 2)[0], s.other)),
    ("ledger_category_merge_is_one_step", "with a parent", lambda s: merge(line_of(s, 2)[1], s.other)),
    ("ledger_category_merge_is_one_step", "a parent later", lambda s: hang(merged(s), category(s))),
    ("ledger_category_merge_is_one_step", "itself", lambda s: update(
        Category, s.other, merged_into_id=s.other, archived_at=clock.now())),
    ("ledger_category_merge_is_one_step_at_first", "another kind",
     lambda s: born_merged(s, merged_into_id=own(s, "income"))),
    ("ledger_category_merge_is_one_step_at_first", "into a merged one",
     lambda s: born_merged(s, merged_into=merged(s))),
    ("ledger_category_merge_is_one_step_at_first", "with a parent",
     lambda s: born_merged(s, merged_into_id=s.other, parent=category(s))),
    ("ledger_category_merge_is_one_step_at_first", "itself",
     lambda s: born_merged(s, pk=10**6, merged_into_id=10**6)),
    ("ledger_category_merge_is_for_ever", "undone", lambda s: update(Category, merged(s).pk, merged_into=None)),
    ("ledger_category_merge_is_for_ever", "restored",
     lambda s: update(Category, merged(s).pk, merged_into=None, archived_at=None)),
]
OF_RATES: list[tuple[str, str, Provocation]] = [
    ("ledger_exchangerate_is_never_deleted", "own", lambda s: delete(ExchangeRate, rate(s))),
    ("ledger_exchangerate_is_never_deleted", "global", lambda s: delete(ExchangeRate, rate(s, family=None))),
    ("ledger_exchangerate_moves_to_no_other_family", "a global one",
     lambda s: update(ExchangeRate, rate(s, family=None), family=s.house.family)),
    ("ledger_exchangerate_moves_to_no_other_family", "to all",
     lambda s: update(ExchangeRate, rate(s), family=None)),
    *(("ledger_rate_keeps_its_pair_and_day", field,
       lambda s, field=field, value=value: update(ExchangeRate, rate(s), **{field: value}))
      for field, value in (("base", "JPY"), ("quote", "JPY"), ("day", date(2026, 5, 2)))),
]
# fmt: on
