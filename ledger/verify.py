"""Checking that the ledger tells the truth: each invariant as a question to the whole of it. It never repairs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from financebot.common import guards
from ledger.guards import REFERENCES, TAGS

BOOKED = "('executed', 'reversed')"


@dataclass(frozen=True, slots=True)
class Finding:
    invariant: int
    sentence: str
    entity: str
    id: int


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` gives a row for each thing that is wrong; its first column is the id of `entity`."""

    invariant: int
    sentence: str
    entity: str
    sql: str


CHECKS = [
    Check(
        1,
        "its postings do not sum to zero",
        "transaction",
        f"""SELECT p.transaction_id FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
        WHERE t.status IN {BOOKED} GROUP BY p.transaction_id, p.currency HAVING SUM(p.amount) <> 0""",
    ),
    Check(
        1,
        "its base amounts do not sum to zero",
        "transaction",
        f"""SELECT p.transaction_id FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
        WHERE t.status IN {BOOKED} GROUP BY p.transaction_id HAVING SUM(p.base_amount) <> 0""",
    ),
    Check(
        1,
        "it is booked without postings",
        "transaction",
        f"""SELECT t.id FROM ledger_transaction t WHERE t.status IN {BOOKED}
        AND NOT EXISTS (SELECT 1 FROM ledger_posting p WHERE p.transaction_id = t.id)""",
    ),
    Check(
        1,
        "its shares do not make what is for somebody",
        "transaction",
        f"""SELECT p.transaction_id FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
        LEFT JOIN ledger_postingshare s ON s.posting_id = p.id AND s.version = t.shares_version
        WHERE t.status IN {BOOKED} AND p.category_id IS NOT NULL
        GROUP BY p.id, p.transaction_id, p.amount, p.base_amount
        HAVING p.amount <> COALESCE(SUM(s.amount), 0) OR p.base_amount <> COALESCE(SUM(s.base_amount), 0)""",
    ),
    Check(
        2,
        "its balance is not the sum of its postings",
        "wallet",
        f"""SELECT w.id FROM ledger_wallet w LEFT JOIN (
            SELECT p.wallet_id, SUM(p.amount) AS booked FROM ledger_posting p
            JOIN ledger_transaction t ON t.id = p.transaction_id
            WHERE p.category_id IS NULL AND t.status IN {BOOKED} GROUP BY p.wallet_id
        ) s ON s.wallet_id = w.id WHERE w.balance <> COALESCE(s.booked, 0)""",
    ),
    Check(
        2,
        "what it holds is not the sum of its pending outgoing amounts",
        "wallet",
        """SELECT w.id FROM ledger_wallet w LEFT JOIN (
            SELECT n.wallet_id, SUM(CASE WHEN n.net < 0 THEN -n.net ELSE 0 END) AS pending FROM (
                SELECT half.id, p.wallet_id, SUM(half.sign * p.amount) AS net FROM (
                    SELECT t.id, t.id AS moves_id, 1 AS sign FROM ledger_transaction t
                    WHERE t.status = 'pending_approval'
                    UNION ALL
                    SELECT t.id, t.replaces_id, -1 FROM ledger_transaction t
                    WHERE t.status = 'pending_approval' AND t.replaces_id IS NOT NULL
                ) half JOIN ledger_posting p ON p.transaction_id = half.moves_id
                WHERE p.category_id IS NULL GROUP BY half.id, p.wallet_id
            ) n GROUP BY n.wallet_id
        ) s ON s.wallet_id = w.id WHERE w.held <> COALESCE(s.pending, 0)""",
    ),
    Check(
        4,
        "it is reversed without a reversal, or the other way round",
        "transaction",
        """SELECT t.id FROM ledger_transaction t LEFT JOIN ledger_transaction r
            ON r.reverses_id = t.id AND r.status IN ('executed')
        WHERE (t.status = 'reversed') <> (r.id IS NOT NULL)""",
    ),
    Check(
        4,
        "it reverses a reversal",
        "transaction",
        """SELECT r.id FROM ledger_transaction r JOIN ledger_transaction t ON t.id = r.reverses_id
        WHERE t.reverses_id IS NOT NULL""",
    ),
    Check(
        4,
        "it does not take back what it reverses",
        "transaction",
        f"""SELECT r.id FROM ledger_transaction r
        JOIN ledger_posting p ON p.transaction_id IN (r.id, r.reverses_id)
        WHERE r.reverses_id IS NOT NULL AND r.status IN {BOOKED}
        GROUP BY r.id, p.wallet_id, p.category_id, p.currency
        HAVING SUM(p.amount) <> 0 OR SUM(p.base_amount) <> 0""",
    ),
    Check(
        4,
        "it replaces what is not reversed",
        "transaction",
        f"""SELECT r.id FROM ledger_transaction r JOIN ledger_transaction o ON o.id = r.replaces_id
        WHERE r.status IN {BOOKED} AND o.status <> 'reversed'""",
    ),
    Check(
        4,
        "it was replaced more than once",
        "transaction",
        f"""SELECT r.replaces_id FROM ledger_transaction r WHERE r.replaces_id IS NOT NULL AND r.status IN {BOOKED}
        GROUP BY r.replaces_id HAVING COUNT(*) > 1""",
    ),
    Check(
        4,
        "it refunds what is no executed expense",
        "transaction",
        """SELECT r.id FROM ledger_transaction r JOIN ledger_transaction o ON o.id = r.refund_of_id
        WHERE r.status = 'executed' AND (
            r.type <> 'income' OR o.type <> 'expense' OR o.status <> 'executed' OR o.reverses_id IS NOT NULL
        )""",
    ),
    Check(
        4,
        "more of it was refunded than was spent on a category",
        "transaction",
        """SELECT half.id FROM (
            SELECT r.refund_of_id AS id, r.id AS moves_id FROM ledger_transaction r
            WHERE r.refund_of_id IS NOT NULL AND r.status = 'executed'
            UNION
            SELECT r.refund_of_id, r.refund_of_id FROM ledger_transaction r WHERE r.refund_of_id IS NOT NULL
        ) half JOIN ledger_posting p ON p.transaction_id = half.moves_id
        WHERE p.category_id IS NOT NULL GROUP BY half.id, p.category_id, p.currency HAVING SUM(p.amount) < 0""",
    ),
    Check(
        3,
        "its amount, wallets or currency are not those of its postings",
        "transaction",
        f"""SELECT p.transaction_id FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
        JOIN ledger_wallet w ON w.id = p.wallet_id
        WHERE t.status IN {BOOKED} AND p.category_id IS NULL AND (
            p.currency <> w.currency OR p.wallet_id NOT IN (
                COALESCE(t.from_wallet_id, t.to_wallet_id), COALESCE(t.to_wallet_id, t.from_wallet_id)
            ) OR ABS(p.amount) <> CASE
                WHEN p.wallet_id = t.from_wallet_id THEN t.amount ELSE COALESCE(t.to_amount, t.amount) END
        )""",
    ),
    *(
        Check(
            5,
            f"its {column.removesuffix('_id')} is of another family",
            table.removeprefix("ledger_"),
            f"SELECT r.id FROM {table} r JOIN {other} o ON o.id = r.{column} WHERE o.family_id <> r.family_id",
        )
        for table, references in REFERENCES.items()
        for column, other in references.items()
    ),
    Check(
        5,
        "its tag is of another family",
        "transaction",
        f"""SELECT t.id FROM {TAGS} x JOIN ledger_transaction t ON t.id = x.transaction_id
        JOIN ledger_tag g ON g.id = x.tag_id WHERE g.family_id <> t.family_id""",
    ),
    Check(
        6,
        "it is below its overdraft limit",
        "wallet",
        "SELECT w.id FROM ledger_wallet w WHERE w.balance - w.held < -w.overdraft_limit",
    ),
    Check(  # closing waits for who is writing, so what is in a closed period was booked before it was closed
        7,
        "it was booked in a period that was closed",
        "transaction",
        """SELECT t.id FROM ledger_transaction t JOIN families_family f ON f.id = t.family_id
        WHERE t.occurred_on <= f.closed_until AND t.executed_at > (
            SELECT MAX(e.created_at) FROM audit_eventlog e WHERE e.family_id = f.id
            AND e.name IN ('family.period_closed', 'family.period_reopened')
        )""",
    ),
    Check(
        8,
        "it was executed after waiting without an approval",
        "transaction",
        f"""SELECT t.id FROM ledger_transaction t WHERE t.status IN {BOOKED} AND t.pending_since IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM ledger_approval a WHERE a.transaction_id = t.id AND a.decision = 'approved'
        )""",
    ),
    Check(  # an approval of an earlier version stays, and who gave it may have edited the entry since
        8,
        "it was approved by who recorded or last edited it",
        "transaction",
        f"""SELECT t.id FROM ledger_approval a JOIN ledger_transaction t ON t.id = a.transaction_id
        WHERE a.decision = 'approved' AND NOT t.self_approved AND (a.approver_id = t.author_id OR (
            a.approver_id = t.last_editor_id AND a.version = CASE
                WHEN t.status = 'pending_approval' THEN t.version
                WHEN t.status IN {BOOKED} THEN (
                    SELECT MAX(o.version) FROM ledger_approval o WHERE o.transaction_id = t.id
                ) END
        ))""",
    ),
    Check(
        9,
        "its month totals are not the sums of its category postings",
        "wallet",
        f"""SELECT key.wallet_id FROM (
            SELECT p.wallet_id, p.category_id, p.currency, {{month}} AS month, p.amount, p.base_amount
            FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
            WHERE t.status IN {BOOKED} AND p.category_id IS NOT NULL
            UNION ALL
            SELECT m.wallet_id, m.category_id, m.currency, m.month, -m.amount, -m.base_amount FROM ledger_monthtotal m
        ) key GROUP BY key.wallet_id, key.category_id, key.currency, key.month
        HAVING SUM(key.amount) <> 0 OR SUM(key.base_amount) <> 0""",
    ),
    Check(
        9,
        "its month totals are not the sums of its shares",
        "wallet",
        f"""SELECT key.wallet_id FROM (
            SELECT p.wallet_id, p.category_id, s.member_id, p.currency, {{month}} AS month,
                s.amount, s.base_amount
            FROM ledger_postingshare s JOIN ledger_posting p ON p.id = s.posting_id
            JOIN ledger_transaction t ON t.id = p.transaction_id AND t.shares_version = s.version
            WHERE t.status IN {BOOKED}
            UNION ALL
            SELECT m.wallet_id, m.category_id, m.member_id, m.currency, m.month, -m.amount, -m.base_amount
            FROM ledger_monthtotal m
        ) key GROUP BY key.wallet_id, key.category_id, key.member_id, key.currency, key.month
        HAVING SUM(key.amount) <> 0 OR SUM(key.base_amount) <> 0""",
    ),
    Check(
        9,
        "its months are not the sums of its postings",
        "wallet",
        f"""SELECT key.wallet_id FROM (
            SELECT p.wallet_id, {{month}} AS month, p.amount, p.base_amount
            FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
            WHERE t.status IN {BOOKED} AND p.category_id IS NULL
            UNION ALL
            SELECT m.wallet_id, m.month, -m.amount, -m.base_amount FROM ledger_walletmonth m
        ) key GROUP BY key.wallet_id, key.month HAVING SUM(key.amount) <> 0 OR SUM(key.base_amount) <> 0""",
    ),
]
STEPS = len(CHECKS) + 1
MOST = 10_000  # findings of one check that are listed: memory is bounded where all is broken, too
MONTH = {
    "sqlite": "date(t.occurred_on, 'start of month')",
    "postgresql": "date_trunc('month', t.occurred_on)::date",
}


def verify(step: Callable[[], object] = lambda: None) -> Iterator[Finding]:
    """Every finding, check by check; `step` is called `STEPS` times. The database sums, and its cursor stays on the
    server, so that memory stays small however long the ledger is."""
    for name in guards.missing():
        yield Finding(3, f"the guard {name} is missing", "database", 0)
    step()
    for check in CHECKS:
        with connection.chunked_cursor() as cursor:
            cursor.execute(check.sql.replace("{month}", MONTH[connection.vendor]))
            for row in cursor.fetchmany(MOST):
                yield Finding(check.invariant, check.sentence, check.entity, row[0])
        step()
