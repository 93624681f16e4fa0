"""How many double entries a second PostgreSQL takes in bare statements: the anchor that the service is held against.

    .venv/bin/python bench/raw.py

One entry: two wallets locked, a transaction, two postings, two balances, an event, commit; each its own statement, the
wallets by chance. pgbench sends them, or threads of psycopg2 where there is none.
"""

import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
from common import SECONDS, VENDOR, Row, Sample, bad, clean_up_when_told_to_stop, interleaved, rate, scratch, table

HERE = Path(__file__).parent
CLIENTS = (1, 8)


def prepare(url: str) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute((HERE / "raw_schema.sql").read_text("utf-8"))
    connection.close()


def measure(url: str, clients: int) -> Sample:
    """`times` is the mean alone: pgbench keeps no more without a log."""
    return (_by_pgbench if shutil.which("pgbench") else _by_threads)(url, clients)


def _by_pgbench(url: str, clients: int) -> Sample:
    seconds = max(1, round(SECONDS))
    options = ["-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds)]
    command = ["pgbench", *options, "-f", str(HERE / "raw_entry.sql"), url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    numbers = dict(re.findall(r"(tps|latency average|failed transactions)\s*[=:]\s*([\d.]+)", done.stdout))
    failed = int(numbers.get("failed transactions", "0")) + done.stderr.count("aborted")
    return Sample(float(numbers["tps"]), [float(numbers["latency average"])], failed)


def _by_threads(url: str, clients: int) -> Sample:
    found = Sample()
    began = time.perf_counter()
    threads = [threading.Thread(target=_enter, args=(url, began + SECONDS, found)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.rate = len(found.times) / (time.perf_counter() - began)
    return found


def _enter(url: str, until: float, found: Sample) -> None:
    connection = psycopg2.connect(url)
    statements = [
        line.replace(" AS entry \\gset", "")
        for line in (HERE / "raw_entry.sql").read_text("utf-8").splitlines()
        if not line.startswith(("\\set", "BEGIN", "COMMIT"))
    ]
    asked = [re.sub(r"(?<!:):([a-z]+)", r"%(\1)s", statement) for statement in statements]
    while (began := time.perf_counter()) < until:
        book = random.randrange(1000)
        source, target = book * 10 + random.randint(1, 5), book * 10 + random.randint(6, 10)
        values = {"book": book, "source": source, "target": target, "amount": random.randint(1, 100_000)}
        with connection, connection.cursor() as cursor:
            for statement in asked:
                cursor.execute(statement, values)
                if "RETURNING" in statement:
                    values["entry"] = cursor.fetchone()[0]
        found.times.append((time.perf_counter() - began) * 1000)
    connection.close()


def figures(url: str) -> dict[str, Callable[[], Sample]]:
    return {f"raw, c={clients}": lambda n=clients: measure(url, n) for clients in CLIENTS}


def main() -> None:
    clean_up_when_told_to_stop()
    if VENDOR != "postgresql":
        sys.exit("This is about PostgreSQL, and none answers.")
    with scratch("financebot_bench_raw") as url:
        prepare(url)
        found = interleaved(figures(url))
    table([Row(f"{name}: double entries in bare SQL", f"{rate(s):.0f}/s, {bad(s)}") for name, s in found.items()])


if __name__ == "__main__":
    main()
