"""`manage.py verify_ledger` over a million transactions: processor time and peak memory, of the process itself.

    .venv/bin/python bench/verify.py

Of PostgreSQL its server does the work: there the seconds on the clock are what counts.
"""

import os
import subprocess
import sys
import time

from common import FOLDER, ROOT, Row, idle, own_environment, say, table
from django.db import connection
from million import COUNT, build


def main() -> None:
    build()
    say(f"{idle():.0f} % idle")
    command = [sys.executable, "manage.py", "verify_ledger"]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=own_environment(), stdout=subprocess.PIPE, text=True)
    answer = process.stdout.read().strip() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    if status:
        sys.exit(f"the ledger is not sound; the database is in {FOLDER}:\n{answer}")
    peak = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    figure = f"{took:.0f} s, {used.ru_utime + used.ru_stime:.1f} s of CPU, at most {peak:.0f} MB; {answer}"
    say(figure)
    table([Row(f"`manage.py verify_ledger` at {COUNT:,}, {connection.vendor}", figure, "bounded")])


if __name__ == "__main__":
    main()
