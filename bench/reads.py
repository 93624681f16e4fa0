"""The reads that a page makes: 50 transactions, 1000, the wallets' summary, one wallet; over HTTP at 1 and 8 clients.

    .venv/bin/python bench/reads.py

One family with 5000 transactions, 10 wallets; each answer is asked for by its owner, with nothing cached.
"""

from collections.abc import Callable
from typing import Any

from common import (
    VENDOR,
    Row,
    Sample,
    clean_up_when_told_to_stop,
    drive,
    interleaved,
    running,
    scratch,
    table,
    told,
    wire,
)

ENTRIES, AT_ONCE = 5000, 1000
GOALS = {
    ("list of 1000", 1): "p50 ≤ 40 ms, then < 20 ms; p95 ≤ 500 ms",
    ("list of 1000", 8): "then p95 < 80 ms",
}


def record(home: Any) -> None:
    from decimal import Decimal

    from financebot.common.usecase import unit_of_work
    from ledger.rules import Draft
    from ledger.services import create_transactions

    for start in range(0, ENTRIES, AT_ONCE):
        drafts = [
            Draft(
                amount=Decimal(n % 900 + 1),
                from_wallet=home.wallets[n % len(home.wallets)],
                payee=f"Shop {n % 40}",
                tags=("food",) if n % 2 else (),
                description=f"groceries {n}",
            )
            for n in range(start, start + AT_ONCE)
        ]
        with unit_of_work():
            create_transactions(actor=home.owner.actor, drafts=drafts)


def rows(found: dict[tuple[str, int], list[Sample]]) -> list[Row]:
    return [
        Row(
            f"{what}, c={clients}, {VENDOR}",
            told(samples),
            GOALS.get((what, clients), "p95 ≤ 200 ms"),
        )
        for (what, clients), samples in found.items()
    ]


def main() -> None:
    clean_up_when_told_to_stop()
    with scratch("financebot_bench_reads"):
        from people import settle

        home = settle(1)[0]
        record(home)
        paths = {
            "list of 50": f"/transactions?family_id={home.family}&page_size=50",
            "list of 1000": f"/transactions?family_id={home.family}&page_size=1000",
            "wallet summary": f"/wallets/summary?family_id={home.family}",
            "one wallet": f"/wallets/{home.wallets[0]}",
        }
        asked = {what: wire("GET", path, home.token) for what, path in paths.items()}
        with running() as server:

            def reading(what: str, clients: int) -> Callable[[], Sample]:
                return lambda: drive(server, lambda: asked[what], clients=clients, expect=200)

            found = interleaved({(what, clients): reading(what, clients) for what in asked for clients in (1, 8)})
    table(rows(found))


if __name__ == "__main__":
    main()
