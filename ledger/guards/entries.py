"""Entries, wallets, approvals: the ledger's invariants.

An entry is inserted as a draft with its postings, the wallets' balances follow, and its status is flipped last: the
guards on that step see the whole. Conditions are in SQL that PostgreSQL and SQLite share.
"""

from financebot.common.guards import Guard, changed, never_deleted
from ledger.kinds import NEXT, Status
from ledger.models import Transaction

TRANSACTION, POSTING, SHARE = "ledger_transaction", "ledger_posting", "ledger_postingshare"
APPROVAL = "ledger_approval"
WALLET, CATEGORY = "ledger_wallet", "ledger_category"
TOTAL, WALLET_MONTH = "ledger_monthtotal", "ledger_walletmonth"

BOOKED = "('executed', 'reversed')"
BECOMES_EXECUTED = "NEW.status = 'executed' AND OLD.status <> 'executed'"
WORDS = {
    "status",
    "description",
    "notes",
    "payee_id",
    "search",
    "version",
    "shares_version",
}  # what may change once executed


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
            f"NEW.family_id <> OLD.family_id OR ({changed(references)} AND ({condition}))",
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


def _shares_miss(amount: str) -> str:
    """Whether the shares in force do not make a category posting."""
    return (
        f"EXISTS (SELECT 1 FROM {POSTING} p WHERE p.transaction_id = NEW.id AND p.category_id IS NOT NULL "
        f"AND p.{amount} <> (SELECT COALESCE(SUM(s.{amount}), 0) FROM {SHARE} s "
        "WHERE s.posting_id = p.id AND s.version = NEW.shares_version))"
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
        f"NEW.status IN {BOOKED} AND (OLD.status NOT IN {BOOKED} OR NEW.shares_version <> OLD.shares_version) "
        f"AND ({_shares_miss('amount')} OR {_shares_miss('base_amount')})",
    ),
    Guard(
        "ledger_shares_version_counts_up",
        TRANSACTION,
        "UPDATE OF shares_version",
        "NEW.shares_version NOT IN (OLD.shares_version, OLD.shares_version + 1)",
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
        + changed(f.column for f in Transaction._meta.concrete_fields if f.column not in WORDS),
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
            f"WHERE p.id IN ({postings}) AND t.status IN {BOOKED}{but})",
        )
        for event, postings, but in (
            ("INSERT", "NEW.posting_id", " AND NEW.version <> t.shares_version + 1"),
            ("UPDATE", "OLD.posting_id, NEW.posting_id", ""),
            ("DELETE", "OLD.posting_id", ""),
        )
    ),
]

WAITING = (  # what a wallet holds: what waiting entries take of it more than the entries they would replace
    "(SELECT COALESCE(SUM(CASE WHEN x.net < 0 THEN -x.net ELSE 0 END), 0) FROM ("
    "SELECT SUM(CASE WHEN p.transaction_id = t.id THEN p.amount ELSE -p.amount END) AS net "
    f"FROM {TRANSACTION} t JOIN {POSTING} p ON p.transaction_id IN (t.id, t.replaces_id) "
    "WHERE t.family_id = NEW.family_id AND t.status = 'pending_approval' AND p.wallet_id = NEW.id "
    "AND p.category_id IS NULL GROUP BY t.id) x)"
)
BELOW = "NEW.balance - NEW.held < -NEW.overdraft_limit"
WALLETS_JUDGED = (  # those that money leaves: one that is below its limit already still takes money in
    "(CASE WHEN NEW.reverses_id IS NULL THEN NEW.from_wallet_id ELSE NEW.to_wallet_id END, "
    f"(SELECT o.to_wallet_id FROM {TRANSACTION} o WHERE o.id = NEW.replaces_id))"
)
CLOSED = "EXISTS (SELECT 1 FROM families_family f WHERE f.id = NEW.family_id AND f.closed_until >= NEW.occurred_on)"

LIMITS = [  # invariants 2 (held), 6 and 7
    Guard("ledger_held_is_what_waits", WALLET, "UPDATE OF held", f"NEW.held <> {WAITING}"),
    Guard("ledger_held_keeps_within_the_limit", WALLET, "UPDATE OF held", BELOW),
    Guard("ledger_limit_is_not_overstepped_already", WALLET, "UPDATE OF overdraft_limit", BELOW),
    Guard(
        "ledger_entry_keeps_within_the_limits",  # of a reversal with a replacement the second half is judged, for both
        TRANSACTION,
        "UPDATE OF status",
        "NEW.status = 'executed' AND OLD.status = 'draft' AND NOT (NEW.reverses_id IS NOT NULL AND EXISTS ("
        f"SELECT 1 FROM {TRANSACTION} r WHERE r.replaces_id = NEW.reverses_id "
        "AND r.status IN ('draft', 'pending_approval'))) "
        f"AND EXISTS (SELECT 1 FROM {WALLET} w WHERE w.id IN {WALLETS_JUDGED} "
        "AND w.balance - w.held < -w.overdraft_limit)",
    ),
    Guard(
        "ledger_archived_wallet_moves_nothing",
        WALLET,
        "UPDATE OF balance",
        "OLD.archived_at IS NOT NULL AND NEW.balance <> OLD.balance",
    ),
    Guard(
        "ledger_closed_period_stays_closed",
        TRANSACTION,
        "UPDATE OF status",
        f"{BECOMES_EXECUTED} AND {CLOSED}",
    ),
    Guard(
        "ledger_closed_period_keeps_its_shares",
        TRANSACTION,
        "UPDATE OF shares_version",
        f"NEW.shares_version <> OLD.shares_version AND OLD.status IN {BOOKED} AND {CLOSED}",
    ),
]

AGREED = (
    f"(SELECT COUNT(*) FROM {APPROVAL} a WHERE a.transaction_id = NEW.id AND a.version = NEW.version "
    "AND a.decision = '{decision}')"
)
NEEDED = (
    "(SELECT f.approvals_required FROM families_family f WHERE f.id = NEW.family_id) - (SELECT COUNT(*) FROM "
    "families_membership m WHERE m.id = COALESCE(NEW.last_editor_id, NEW.author_id) AND m.role = 'owner')"
)

APPROVALS = [  # invariant 8
    *never_deleted(APPROVAL),
    Guard("ledger_approval_never_changes", APPROVAL, "UPDATE"),
    Guard(
        "ledger_approval_is_of_what_waits",
        APPROVAL,
        "INSERT",
        f"NOT EXISTS (SELECT 1 FROM {TRANSACTION} t WHERE t.id = NEW.transaction_id "
        "AND t.status = 'pending_approval' AND t.version = NEW.version)",
    ),
    Guard(
        "ledger_nobody_approves_their_own",
        APPROVAL,
        "INSERT",
        f"NEW.decision = 'approved' AND EXISTS (SELECT 1 FROM {TRANSACTION} t WHERE t.id = NEW.transaction_id "
        "AND NEW.approver_id IN (t.author_id, t.last_editor_id) AND NOT t.self_approved)",
    ),
    Guard(
        "ledger_executes_what_was_approved",
        TRANSACTION,
        "UPDATE OF status",
        "NEW.status = 'executed' AND OLD.status = 'pending_approval' AND ("
        f"{AGREED.format(decision='approved')} < 1 OR (NOT NEW.self_approved "
        f"AND {AGREED.format(decision='approved')} < {NEEDED}))",
    ),
    Guard(
        "ledger_rejected_by_somebody",
        TRANSACTION,
        "UPDATE OF status",
        f"NEW.status = 'rejected' AND OLD.status <> 'rejected' AND {AGREED.format(decision='rejected')} < 1",
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

ORIGINAL = f"{TRANSACTION} o WHERE o.id = NEW.refund_of_id"
REFUNDED = (
    f"(SELECT COALESCE(SUM(r.amount), 0) FROM {TRANSACTION} r WHERE r.refund_of_id = NEW.refund_of_id "
    "AND r.status = 'executed' AND r.id <> NEW.id)"
)

LINKS = [  # refunds and replacements
    Guard(
        "ledger_links_are_set_at_once",
        TRANSACTION,
        "UPDATE",
        changed(["replaces_id", "refund_of_id"]),
    ),
    Guard(
        "ledger_refunds_within_the_original",
        TRANSACTION,
        "UPDATE OF status",
        f"{BECOMES_EXECUTED} AND NEW.refund_of_id IS NOT NULL AND (NEW.type <> 'income' OR NOT EXISTS ("
        f"SELECT 1 FROM {ORIGINAL} AND o.type = 'expense' AND o.status = 'executed' AND o.reverses_id IS NULL "
        f"AND o.currency = NEW.currency AND o.amount >= NEW.amount + {REFUNDED}))",
    ),
    Guard(
        "ledger_refund_lessens_what_was_spent_on",
        TRANSACTION,
        "UPDATE OF status",
        f"{BECOMES_EXECUTED} AND NEW.refund_of_id IS NOT NULL AND EXISTS (SELECT 1 FROM {POSTING} p "
        "WHERE p.transaction_id = NEW.id AND p.category_id IS NOT NULL AND NOT EXISTS ("
        f"SELECT 1 FROM {POSTING} q WHERE q.transaction_id = NEW.refund_of_id AND q.category_id = p.category_id))",
    ),
    Guard(
        "ledger_refunded_is_not_reversed",
        TRANSACTION,
        "UPDATE OF status",
        f"NEW.status = 'reversed' AND OLD.status <> 'reversed' AND EXISTS (SELECT 1 FROM {TRANSACTION} r "
        "WHERE r.refund_of_id = NEW.id AND r.status = 'executed')",
    ),
    Guard(
        "ledger_replaced_is_reversed",
        TRANSACTION,
        "UPDATE OF status",
        f"{BECOMES_EXECUTED} AND NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {TRANSACTION} o "
        "WHERE o.id = NEW.replaces_id AND o.status = 'reversed')",
    ),
]

REFERENCES = {  # invariant 5
    WALLET: {"holder_id": "families_membership"},
    CATEGORY: {"parent_id": CATEGORY, "merged_into_id": CATEGORY},
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
    APPROVAL: {"transaction_id": TRANSACTION, "approver_id": "families_membership"},
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
        Guard(f"{table}_moves_to_no_other_family", table, "UPDATE", changed(["family_id"]))
        for table in ("ledger_payee", "ledger_tag")
    ),
]

ENTRIES = [*SUMS, *BALANCES, *FACTS, *LIMITS, *APPROVALS, *REVERSALS, *LINKS, *FAMILIES]
