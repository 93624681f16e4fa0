"""One month and sixty at a million transactions: out of the totals that are maintained, against a scan of the postings.

    .venv/bin/python bench/totals.py

Of the large family: each category's sum by month, and each wallet's. Both ways must come to the same; milliseconds of
one statement, rows fetched.
"""

import statistics
import sys
import time
from typing import Any

from common import Row, idle, percentile, say, table
from django.db import connection
from million import COUNT, build, owner

from ledger.verify import MONTH

MONTHS = {"one month": ("2019-05-01", "2019-06-01"), "60 months": ("2019-01-01", "2024-01-01")}
BOOKED = "t.status IN ('executed', 'reversed')"
WITHIN = "month >= %s AND month < %s GROUP BY 1, 2 ORDER BY 1, 2"
SCAN = f"{BOOKED} AND t.family_id = %s AND t.occurred_on >= %s AND t.occurred_on < %s GROUP BY 1, 2 ORDER BY 1, 2"
SHARES = """SELECT {month}, p.category_id, SUM(s.base_amount), COUNT(*) FROM ledger_transaction t
JOIN ledger_posting p ON p.transaction_id = t.id
JOIN ledger_postingshare s ON s.posting_id = p.id AND s.version = t.shares_version WHERE """
POSTINGS = """SELECT {month}, p.wallet_id, SUM(p.base_amount), COUNT(*) FROM ledger_transaction t
JOIN ledger_posting p ON p.transaction_id = t.id WHERE p.category_id IS NULL AND """
OF_CATEGORIES = """SELECT month, category_id, SUM(base_amount), COUNT(*) FROM ledger_monthtotal
WHERE family_id = %s AND """
OF_WALLETS = """SELECT month, wallet_id, SUM(base_amount), COUNT(*) FROM ledger_walletmonth
WHERE wallet_id IN (SELECT id FROM ledger_wallet WHERE family_id = %s) AND """
STATEMENTS = {
    "categories": (OF_CATEGORIES + WITHIN, SHARES + SCAN),
    "wallets": (OF_WALLETS + WITHIN, POSTINGS + SCAN),
}
ROUNDS = {"maintained": 21, "scanned": 3}


def ask(statement: str, values: list[Any]) -> tuple[float, list[Any], int]:
    """Milliseconds; the sums, which both databases write alike; out of how many rows they are."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchall()
    took = (time.perf_counter() - began) * 1000
    return took, [(str(month)[:10], thing, int(total)) for month, thing, total, _ in found], sum(r[-1] for r in found)


def measure(what: str, months: str) -> Row:
    family = owner().family_id
    asked = dict(zip(ROUNDS, STATEMENTS[what], strict=True))
    times: dict[str, list[float]] = {way: [] for way in asked}
    sums: dict[str, list[Any]] = {}
    read: dict[str, int] = {}
    for turn in range(max(ROUNDS.values())):
        for way, statement in asked.items():
            if turn < ROUNDS[way]:
                text = statement.replace("{month}", MONTH[connection.vendor])
                took, sums[way], read[way] = ask(text, [family, *MONTHS[months]])
                times[way].append(took)
    if not sums["maintained"] or sums["maintained"] != sums["scanned"]:
        sys.exit(f"{what}, {months}: the totals are not what the postings come to")
    maintained, scanned = (statistics.median(times[way]) for way in asked)
    figure = (
        f"{maintained:.2f} ms, p95 {percentile(times['maintained'], 95):.2f} ms, of {read['maintained']:,} rows; "
        f"by scan of {read['scanned']:,} {scanned:.0f} ms; {len(sums['maintained'])} sums, equal"
    )
    say(f"{what}, {months}: {figure}")
    return Row(f"totals of {what}, {months}, at {COUNT:,}, {connection.vendor}", figure, "< 5 ms, equal to the scan")


def main() -> None:
    build()
    say(f"{idle():.0f} % idle")
    table([measure(what, months) for what in STATEMENTS for months in MONTHS])


if __name__ == "__main__":
    main()
