"""The tree of categories, and exchange rates."""

from financebot.common.guards import Guard, changed, never_deleted
from ledger.kinds import SYSTEM_KINDS

CATEGORY, RATE = "ledger_category", "ledger_exchangerate"
SYSTEM = "(" + ", ".join(f"'{kind.value}'" for kind in SYSTEM_KINDS) + ")"
HANGS = (  # p, of our family, is what NEW is to hang below
    f"EXISTS (SELECT 1 FROM {CATEGORY} p LEFT JOIN {CATEGORY} g ON g.id = p.parent_id "
    "WHERE p.id = NEW.parent_id AND p.family_id = NEW.family_id AND ({}))"
)
CHILD = f"SELECT 1 FROM {CATEGORY} c WHERE c.parent_id = NEW.id"
GRANDCHILD = f"SELECT 1 FROM {CATEGORY} c JOIN {CATEGORY} d ON d.parent_id = c.id WHERE c.parent_id = NEW.id"
COUNTS_AS = (  # o, of our family, is what NEW is to count as
    f"EXISTS (SELECT 1 FROM {CATEGORY} o WHERE o.id = NEW.merged_into_id AND o.family_id = NEW.family_id AND ({{}}))"
)


def _written(name: str, table: str, refuse_when: str, *columns: str) -> list[Guard]:
    """On an insert, and on an update that changes one of the columns."""
    return [
        Guard(f"{name}_at_first", table, "INSERT", refuse_when),
        Guard(name, table, "UPDATE", f"{changed(columns)} AND ({refuse_when})"),
    ]


CATEGORIES = [
    *_written(
        "ledger_category_parent_of_its_kind",
        CATEGORY,
        HANGS.format("p.kind <> NEW.kind OR p.merged_into_id IS NOT NULL"),
        "parent_id",
    ),
    # No loop either: a parent that is NEW's child has two levels above what has two, one that is its grandchild three.
    *_written(
        "ledger_category_three_levels",
        CATEGORY,
        "NEW.parent_id = NEW.id OR "
        + HANGS.format(f"g.parent_id IS NOT NULL OR EXISTS ({GRANDCHILD}) OR (g.id IS NOT NULL AND EXISTS ({CHILD}))"),
        "parent_id",
    ),
    *_written(
        "ledger_category_needed_is_never_archived",
        CATEGORY,
        f"NEW.archived_at IS NOT NULL AND (NEW.fallback OR NEW.kind IN {SYSTEM})",
        "archived_at",
    ),
    Guard("ledger_category_fallback_is_set_at_once", CATEGORY, "UPDATE", "NEW.fallback <> OLD.fallback"),
    *_written(
        "ledger_category_merge_is_one_step",
        CATEGORY,
        "NEW.merged_into_id = NEW.id OR "
        + COUNTS_AS.format("o.kind <> NEW.kind OR o.merged_into_id IS NOT NULL")
        + f" OR (NEW.merged_into_id IS NOT NULL AND (NEW.parent_id IS NOT NULL OR EXISTS ({CHILD}) "
        f"OR EXISTS (SELECT 1 FROM {CATEGORY} m WHERE m.merged_into_id = NEW.id)))",
        "merged_into_id",
        "parent_id",
    ),
    Guard(
        "ledger_category_merge_is_for_ever",
        CATEGORY,
        "UPDATE",
        "OLD.merged_into_id IS NOT NULL AND NEW.merged_into_id IS NULL",
    ),
]

RATES = [
    *never_deleted(RATE),
    Guard(f"{RATE}_moves_to_no_other_family", RATE, "UPDATE", "NEW.family_id IS DISTINCT FROM OLD.family_id"),
    Guard(
        "ledger_rate_keeps_its_pair_and_day",
        RATE,
        "UPDATE",
        changed(("base", "quote", "day")),
    ),
]
