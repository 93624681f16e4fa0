"""`make test`: the whole suite on SQLite, and once more on PostgreSQL and Redis where they answer."""

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def main() -> int:
    unset = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    results = {"SQLite": suite(unset, "SQLite")}
    for name, url in (("PostgreSQL", POSTGRES), ("Redis", REDIS)):
        if not answers(url):
            say(f"SKIPPED on PostgreSQL and Redis: no {name} answers at {urlsplit(url).hostname}")
            results["PostgreSQL"] = None
    if "PostgreSQL" not in results:
        results["PostgreSQL"] = suite({**unset, "DATABASE_URL": POSTGRES, "REDIS_URL": REDIS}, "PostgreSQL")
    for name, code in results.items():
        say(f"{name}: {'skipped' if code is None else 'passed' if code == 0 else 'FAILED'}")
    return max(code or 0 for code in results.values())


def suite(environment: dict[str, str], name: str) -> int:
    say(f"the suite on {name}")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *sys.argv[1:]]
    return subprocess.run(command, check=False, env=environment).returncode


def answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), timeout=1):
            return True
    except OSError:
        return False


def say(sentence: str) -> None:
    print(f"\n=== {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
