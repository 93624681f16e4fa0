"""What `make run` takes: seconds until /health answers, and the memory of each of its processes after 500 requests.

    .venv/bin/python bench/processes.py

The supervisor as `make run` starts it, on an empty database of its own: once with all migrations to run, then again.
Half of the requests record, half read.
"""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import (
    PATIENCE,
    ROOT,
    VENDOR,
    Row,
    below,
    clean_up_when_told_to_stop,
    create,
    drop,
    free_port,
    idle,
    own_environment,
    say,
    table,
    wait_for,
)

REQUESTS = 500
NAME = "financebot_bench_processes"


@contextmanager
def made_to_run(environment: dict[str, str], port: int) -> Iterator[tuple[int, float]]:
    """The supervisor's process, and the seconds until all answered."""
    given = own_environment(**environment, PORT=str(port))
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "deploy/supervisor.py"],
        cwd=ROOT,
        env=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port)
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def ask(port: int, path: str, token: str = "", body: dict[str, Any] | None = None) -> Any:
    """On a connection of its own, so that each worker gets its part. HTTPError unless all is well."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", data, headers)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return json.load(answer)


def work(port: int) -> int:
    """Somebody registers, records and looks, 500 times; how many answers were bad."""
    person = {"email": "owner@example.org", "password": "correct horse battery", "first_name": "Olga"}
    token = ask(port, "/auth/register", body=person)["access_token"]
    home = {"name": "Home", "base_currency": "EUR", "timezone": "UTC"}
    family = ask(port, "/families", token, home)["id"]
    wallet = ask(port, "/wallets", token, {"family_id": family, "name": "Cash", "type": "cash"})["id"]
    expense = {"amount": "12.30", "from_wallet_id": wallet, "description": "groceries"}
    bad = 0
    for _ in range(REQUESTS // 2):
        for path, body in (("/transactions", expense), (f"/transactions?family_id={family}", None)):
            try:
                ask(port, path, token, body)
            except OSError:
                bad += 1
    return bad


def processes(of: int) -> Iterator[tuple[str, float, float]]:
    """Name, MB resident, MB of these that are its own share, of a process and all below it."""
    workers = 0
    for pid in below(of):
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        if "gunicorn" in command:
            name = "web worker" if workers else "web master"
            workers += 1
        else:
            known = {"relay_events": "relay", "celery": "worker"}
            name = next((name for word, name in known.items() if word in command), "supervisor")
        told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in told[1:]}
        yield name, sizes["Rss"], sizes["Pss"]


def main() -> None:
    clean_up_when_told_to_stop()
    say(f"{idle():.0f} % idle")
    drop(NAME)
    port = free_port()
    try:
        environment = create(NAME)
        with made_to_run(environment, port) as (_, first):
            say(f"the first start: {first:.1f} s")
        with made_to_run(environment, port) as (pid, again):
            say(f"the next: {again:.1f} s")
            bad = work(port)
            held = list(processes(pid)) if Path("/proc/self/smaps_rollup").exists() else []
    finally:
        drop(NAME)
    rows = [
        Row(f"`make run` until /health answers, an empty database, {VENDOR}", f"{first:.1f} s", "3 min"),
        Row(f"the same once it is migrated, {VENDOR}", f"{again:.1f} s", "3 min"),
    ]
    what = f"after {REQUESTS} requests, {VENDOR}"
    rows += [Row(f"memory of {name} {what}", f"{rss:.0f} MB resident, bad={bad}") for name, rss, _ in held]
    rows.append(Row(f"memory of all {what}", f"{sum(pss for *_, pss in held):.0f} MB, what is shared counted once"))
    table(rows)


if __name__ == "__main__":
    main()
