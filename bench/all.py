"""`make bench`: every measurement, one after the other, and one table of all of them.

On SQLite, and on PostgreSQL where it answers. BENCH_QUICK=1 is a try of a few minutes whose figures mean nothing.
"""

import os
import subprocess
import sys
from pathlib import Path

from common import ROUNDS, SECONDS, postgres_answers, say

HERE = Path(__file__).parent
SCRIPTS = [
    "processes.py",
    "checks.py",
    "posts.py",
    "reads.py",
    "list_at_a_million.py",
    "totals.py",
    "verify.py",
    "growth.py",
]
QUICK = {"BENCH_ROUNDS": "1", "BENCH_SECONDS": "1", "BENCH_ROWS": "10000"}


def run(script: str, environment: dict[str, str], *arguments: str) -> tuple[list[str], bool]:
    """The lines of its table, and whether it ended well."""
    say(f"\n=== {script} {' '.join(arguments)} on {environment['BENCH_ON']}")
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, check=False, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        say(f"{script} FAILED")
    return done.stdout.splitlines(), done.returncode == 0


def main() -> int:
    quick = QUICK if os.environ.get("BENCH_QUICK") else {}
    found: list[str] = []
    all_well = True
    both = postgres_answers()
    say("on SQLite, then on PostgreSQL" if both else "on SQLite alone: no PostgreSQL answers")
    for on in ("sqlite", "postgresql") if both else ("sqlite",):
        environment = {**os.environ, **quick, "BENCH_ON": on}
        for script in SCRIPTS:
            sizes = ["1000", "10000"] if quick and script == "growth.py" else []
            lines, well = run(script, environment, *sizes)
            found += lines if not found else lines[2:]  # one head
            all_well &= well
        run("million.py", environment, "drop")
    say(f"\n{ROUNDS} rounds of {SECONDS:g} s each")
    print("\n".join(found))
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main())
