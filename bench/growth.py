"""What recording one entry costs as the database grows: by the use case, at a thousand rows and at a million.

    .venv/bin/python bench/growth.py [rows ...]

Databases of each size are built by `million.py`, and dropped unless it is the million, which others use. A process for
each keeps its connection; in turn each records a hundred expenses of families and wallets by chance.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from common import ROUNDS, VENDOR, Row, clean_up_when_told_to_stop, drop, interleaved, percentile, ratio, say, table

SIZES = (1_000, 100_000, 1_000_000)
EACH, FAMILIES = 100, 50


def serve() -> None:
    """In a process of its own: for each line that comes in, a hundred entries and their milliseconds."""
    from million import build

    build()
    from families.models import Membership
    from ledger.models import Wallet
    from tests.conftest import Person, record

    owners = Membership.objects.filter(role="owner").select_related("user").order_by("pk")[: FAMILIES + 1]
    homes = []
    for owner in owners:
        wallets = Wallet.objects.filter(family=owner.family_id, type="bank").values_list("pk", flat=True)
        if wallets:
            homes.append((Person(owner.user, owner.user.login_sessions.latest("pk"), owner), list(wallets)))
    for _line in sys.stdin:
        times = []
        for _ in range(EACH):
            person, wallets = random.choice(homes)
            began = time.perf_counter()
            record(person, "12.30", from_wallet=random.choice(wallets), description="groceries")
            times.append((time.perf_counter() - began) * 1000)
        print(json.dumps(times), flush=True)


def start(size: int) -> "subprocess.Popen[str]":
    """Ready to record."""
    environment = {**os.environ, "BENCH_ROWS": str(size), "BENCH_ON": VENDOR}
    command = [sys.executable, str(Path(__file__)), "serve"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _hundred(process)  # what is done once
    say(f"{size:,} rows are there")
    return process


def _hundred(process: "subprocess.Popen[str]") -> list[float]:
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def recording(process: "subprocess.Popen[str]") -> Callable[[], float]:
    return lambda: statistics.median(_hundred(process))


def main() -> None:
    clean_up_when_told_to_stop()
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    started = {size: start(size) for size in sizes}
    try:
        found = interleaved({f"{size:,}": recording(process) for size, process in started.items()}, 3 * ROUNDS)
    finally:
        for size, process in started.items():
            process.stdin.close()
            process.wait()
            if size != SIZES[-1]:
                drop(f"financebot_bench_{size}")
    first, *_ = found.values()
    rows = []
    for size, medians in found.items():
        figure = f"{statistics.median(medians):.2f} ms ({min(medians):.2f} to {percentile(medians, 100):.2f})"
        rows.append(
            Row(
                f"an entry by the use case at {size} rows, {VENDOR}",
                f"{figure}, {ratio(medians, first):.2f} of the first",
                "≤ 1.15",
            )
        )
    table(rows)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
