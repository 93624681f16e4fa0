"""What the database itself refuses, whoever asks: the ledger's invariants as triggers.

An entry is inserted as a draft with its postings, the wallets' balances follow, and its status is flipped last: the
guards on that step see the whole. Conditions are in SQL that PostgreSQL and SQLite share.
"""

from collections.abc import Iterable

from financebot.common.guards import Guard, never_deleted
from ledger.kinds import NEXT, Status
from ledger.models import Transaction

TRANSACTION, POSTING, SHARE = "ledger_transaction", "ledger_posting", "ledger_postingshare"
WALLET, CATEGORY = "ledger_wallet", "ledger_category"
TOTAL, WALLET_MONTH = "ledger_monthtotal", "ledger_walletmonth"

BOOKED = "('executed', 'reversed')"
BECOMES_EXECUTED = "NEW.status = 'executed' AND OLD.status <> 'executed'"
WORDS = {"status", "description", "notes", "payee_id", "search", "version"}  # what may change once executed


def _changed(columns: Iterable[str | None]) -> str:
    return "(" + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns) + ")"


def _foreign(column: str, table: str) -> str:
    """Whether a column of NEW refers to a row of another family."""
    return f"EXISTS (SELECT 1 FROM {table} o WHERE o.id = NEW.{column} AND o.family_id <> NEW.family_id)"


def _of_one_family(table: str, references: dict[str, str]) -> list[Guard]:
    """Invariant 5: all that a row refers to belongs to its family, and a row never changes family."""
    condition = " OR ".join(_foreign(column, other) for column, other in references.items())
    return [
        Guard(f"{table}_stays_in_its_family", table, "INSERT", condition),
        Guard(
            f"{table}_moves_to_no_other_family",
            table,
            "UPDATE",
            f"NEW.family_id <> OLD.family_id OR ({_changed(references)} AND ({condition}))",
        ),
    ]


def _status(*statuses: Status) -> str:
    return "(" + ", ".join(f"'{s.value}'" for s in statuses) + ")"


def _transitions() -> str:
    allowed = " OR ".join(
        f"(OLD.status = '{old.value}' AND NEW.status IN {_status(*new)})" for old, new in NEXT.items()
    )
    return f"NEW.status <> OLD.status AND NOT ({allowed})"


def _transaction_is_booked(row: str) -> str:
    return f"EXISTS (SELECT 1 FROM {TRANSACTION} t WHERE t.id = {row}.transaction_id AND t.status IN {BOOKED})"


def _unbalanced(amount: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {POSTING} p WHERE p.transaction_id = NEW.id "
        f"GROUP BY p.{'currency' if amount == 'amount' else 'transaction_id'} HAVING SUM(p.{amount}) <> 0)"
    )


SUMS = [  # invariant 1
    Guard(
        "ledger_sums_to_zero",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND ({_unbalanced('amount')} OR {_unbalanced('base_amount')} "
        f"OR (SELECT COUNT(*) FROM {POSTING} p WHERE p.transaction_id = NEW.id) < 2)",
    ),
    Guard(
        "ledger_posts_on_its_wallets",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND (EXISTS (SELECT 1 FROM {POSTING} p WHERE p.transaction_id = NEW.id "
        "AND p.wallet_id IS DISTINCT FROM NEW.from_wallet_id AND p.wallet_id IS DISTINCT FROM NEW.to_wallet_id) "
        f"OR (SELECT COUNT(*) FROM {POSTING} p WHERE p.transaction_id = NEW.id AND p.category_id IS NULL) "
        "<> (CASE WHEN NEW.from_wallet_id IS NULL OR NEW.to_wallet_id IS NULL THEN 1 ELSE 2 END))",
    ),
    Guard(
        "ledger_amount_is_what_moves",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND EXISTS (SELECT 1 FROM {POSTING} p JOIN {WALLET} w ON w.id = p.wallet_id "
        "WHERE p.transaction_id = NEW.id AND p.category_id IS NULL AND (p.currency <> w.currency OR ABS(p.amount) <> "
        "(CASE WHEN p.wallet_id = NEW.from_wallet_id THEN NEW.amount ELSE COALESCE(NEW.to_amount, NEW.amount) END)))",
    ),
    Guard("ledger_starts_unbooked", TRANSACTION, "INSERT", "NEW.status NOT IN ('draft', 'pending_approval')"),
    Guard("ledger_status_goes_forward", TRANSACTION, "UPDATE", _transitions()),
    Guard(
        "ledger_shares_make_the_whole",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND EXISTS (SELECT 1 FROM {POSTING} p WHERE p.transaction_id = NEW.id "
        f"AND p.category_id IS NOT NULL AND p.amount <> (SELECT COALESCE(SUM(s.amount), 0) FROM {SHARE} s "
        "WHERE s.posting_id = p.id))",
    ),
]

BALANCES = [  # invariant 2: the balance moves by one unbooked posting at a time, and none is booked without
    Guard("ledger_wallet_starts_empty", WALLET, "INSERT", "NEW.balance <> 0 OR NEW.held <> 0"),
    Guard(
        "ledger_balance_moves_by_a_posting",
        WALLET,
        "UPDATE",
        "(NEW.balance <> OLD.balance OR NEW.last_posting_id IS DISTINCT FROM OLD.last_posting_id) AND ("
        "NEW.last_posting_id IS NULL OR NEW.last_posting_id IS NOT DISTINCT FROM OLD.last_posting_id OR NOT EXISTS ("
        f"SELECT 1 FROM {POSTING} p JOIN {TRANSACTION} t ON t.id = p.transaction_id WHERE p.id = NEW.last_posting_id "
        "AND p.wallet_id = NEW.id AND p.category_id IS NULL AND p.amount = NEW.balance - OLD.balance "
        f"AND t.status NOT IN {BOOKED}))",
    ),
    Guard(
        "ledger_balance_has_moved",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND EXISTS (SELECT 1 FROM {POSTING} p JOIN {WALLET} w ON w.id = p.wallet_id "
        "WHERE p.transaction_id = NEW.id AND p.category_id IS NULL AND w.last_posting_id IS DISTINCT FROM p.id)",
    ),
]

FACTS = [  # invariant 3
    *never_deleted(TRANSACTION, WALLET, CATEGORY, TOTAL, WALLET_MONTH),
    Guard(
        "ledger_facts_never_change",
        TRANSACTION,
        "UPDATE",
        f"OLD.status IN {BOOKED} AND "
        + _changed(f.column for f in Transaction._meta.concrete_fields if f.column not in WORDS),
    ),
    Guard(
        "ledger_wallet_keeps_its_currency",
        WALLET,
        "UPDATE",
        f"NEW.currency <> OLD.currency AND EXISTS (SELECT 1 FROM {POSTING} p WHERE p.wallet_id = NEW.id)",
    ),
    Guard("ledger_category_keeps_its_kind", CATEGORY, "UPDATE", "NEW.kind <> OLD.kind"),
    Guard("ledger_posting_joins_no_booked_entry", POSTING, "INSERT", _transaction_is_booked("NEW")),
    Guard(
        "ledger_posting_never_changes",
        POSTING,
        "UPDATE",
        f"NEW.transaction_id <> OLD.transaction_id OR {_transaction_is_booked('OLD')}",
    ),
    Guard("ledger_booked_posting_is_never_deleted", POSTING, "DELETE", _transaction_is_booked("OLD")),
    *(
        Guard(
            f"ledger_booked_share_no_{event.lower()}",
            SHARE,
            event,
            f"EXISTS (SELECT 1 FROM {POSTING} p JOIN {TRANSACTION} t ON t.id = p.transaction_id "
            f"WHERE p.id IN ({postings}) AND t.status IN {BOOKED})",
        )
        for event, postings in (
            ("INSERT", "NEW.posting_id"),
            ("UPDATE", "OLD.posting_id, NEW.posting_id"),
            ("DELETE", "OLD.posting_id"),
        )
    ),
]

REVERSALS = [  # invariant 4; 'at most one' is a unique column
    Guard(
        "ledger_reversal_is_of_an_executed_entry",
        TRANSACTION,
        "INSERT",
        f"NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {TRANSACTION} o WHERE o.id = NEW.reverses_id "
        "AND o.status = 'executed' AND o.reverses_id IS NULL)",
    ),
    Guard(
        "ledger_reversal_is_set_at_once",
        TRANSACTION,
        "UPDATE",
        "NEW.reverses_id IS DISTINCT FROM OLD.reverses_id",
    ),
    Guard(
        "ledger_reversed_has_its_reversal",
        TRANSACTION,
        "UPDATE",
        "NEW.status = 'reversed' AND OLD.status <> 'reversed' AND NOT EXISTS ("
        f"SELECT 1 FROM {TRANSACTION} r WHERE r.reverses_id = NEW.id AND r.status = 'executed')",
    ),
    Guard(
        "ledger_reversal_takes_all_back",
        TRANSACTION,
        "UPDATE",
        f"{BECOMES_EXECUTED} AND NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM {POSTING} p "
        "WHERE p.transaction_id IN (NEW.id, NEW.reverses_id) "
        "GROUP BY p.wallet_id, COALESCE(p.category_id, 0), p.currency "
        "HAVING SUM(p.amount) <> 0 OR SUM(p.base_amount) <> 0)",
    ),
]

REFERENCES = {  # invariant 5
    WALLET: {"holder_id": "families_membership"},
    CATEGORY: {"parent_id": CATEGORY},
    TRANSACTION: {
        "from_wallet_id": WALLET,
        "to_wallet_id": WALLET,
        "author_id": "families_membership",
        "last_editor_id": "families_membership",
        "label_id": CATEGORY,
        "payee_id": "ledger_payee",
        "reverses_id": TRANSACTION,
        "replaces_id": TRANSACTION,
        "refund_of_id": TRANSACTION,
    },
    POSTING: {"transaction_id": TRANSACTION, "wallet_id": WALLET, "category_id": CATEGORY},
    SHARE: {"posting_id": POSTING, "member_id": "families_membership"},
    TOTAL: {"wallet_id": WALLET, "category_id": CATEGORY, "member_id": "families_membership"},
    WALLET_MONTH: {"wallet_id": WALLET},
}
TAGS = Transaction.tags.through._meta.db_table
FOREIGN_TAG = (
    f"EXISTS (SELECT 1 FROM {TRANSACTION} t, ledger_tag g WHERE t.id = NEW.transaction_id AND g.id = NEW.tag_id "
    "AND g.family_id <> t.family_id)"
)

FAMILIES = [
    *(guard for table, references in REFERENCES.items() for guard in _of_one_family(table, references)),
    Guard(f"{TAGS}_stays_in_its_family", TAGS, "INSERT", FOREIGN_TAG),
    Guard(f"{TAGS}_moves_to_no_other_family", TAGS, "UPDATE", FOREIGN_TAG),
    *(
        Guard(f"{table}_moves_to_no_other_family", table, "UPDATE", "NEW.family_id <> OLD.family_id")
        for table in ("ledger_payee", "ledger_tag")
    ),
]

GUARDS = [*SUMS, *BALANCES, *FACTS, *REVERSALS, *FAMILIES]
