"""What the measurements share: a scratch database, the project as it runs, clients with sockets, rounds, a table.

In the environment: BENCH_ON=sqlite or postgresql (without it PostgreSQL, where it answers at TEST_DATABASE_URL),
BENCH_ROUNDS, BENCH_SECONDS for how long each figure of a round is measured.
Progress goes to stderr, the table, in Markdown, to stdout.
"""

import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(tempfile.gettempdir()) / "financebot_bench"
POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
PATIENCE = 60.0  # seconds until a server must have answered
STEADY = 90.0  # % of the processors that must be idle before a round for its times to count
FREE: list[float] = []  # what was found
sys.path.insert(0, str(ROOT))


def clean_up_when_told_to_stop() -> None:
    """A SIGTERM then ends servers and drops databases, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


# --- where the rows are


def postgres_answers() -> bool:
    with suppress(psycopg2.OperationalError):
        psycopg2.connect(POSTGRES, connect_timeout=1).close()
        return True
    return False


VENDOR = os.environ.get("BENCH_ON") or ("postgresql" if postgres_answers() else "sqlite")


def url_of(name: str) -> str:
    if VENDOR == "sqlite":
        return f"sqlite:///{FOLDER / name}/financebot.sqlite3"
    parts = urlsplit(POSTGRES)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def drop(name: str) -> None:
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    if VENDOR == "postgresql":
        _on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def create(name: str) -> dict[str, str]:
    """A database, unless it is there; what tells the project where it is."""
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    if VENDOR == "postgresql":
        with suppress(psycopg2.errors.DuplicateDatabase):
            _on_server(f'CREATE DATABASE "{name}"')
    return {"FINANCEBOT_DATA": str(FOLDER / name), "DATABASE_URL": url_of(name)}


def use(name: str) -> str:
    """A database, made unless it is there, with Django on it in this process; its URL."""
    os.environ |= create(name) | {"ALLOWED_HOSTS": "testserver", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return url_of(name)


@contextmanager
def scratch(name: str) -> Iterator[str]:
    """An empty database that is gone afterwards."""
    drop(name)
    try:
        yield use(name)
    finally:
        from django.db import connection

        connection.close()
        drop(name)


def _on_server(statement: str) -> None:
    connection = psycopg2.connect(POSTGRES)
    try:
        connection.autocommit = True
        connection.cursor().execute(statement)
    finally:
        connection.close()


# --- the project as it runs


def own_environment(**given: str) -> dict[str, str]:
    """As somebody has it who starts the project on the scratch database: its own settings, nothing of the tests.

    Save for the limits on how often one may ask, which no measurement would stay under.
    """
    ours = {"ALLOWED_HOSTS", "APP_ENV", "DJANGO_SETTINGS_MODULE", "REDIS_URL", "PYTHONWARNINGS"}
    return {k: v for k, v in os.environ.items() if k not in ours} | {"LOG_LEVEL": "ERROR", "RATE_LIMITS": "off"} | given


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    port: int
    pid: int = 0  # of gunicorn's master, where it is ours

    def cpu(self) -> float:
        """Seconds that master and workers have spent on a processor; 0 where the system does not tell."""
        spent = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in below(self.pid)]
        return sum(int(fields[11]) + int(fields[12]) for fields in spent) / os.sysconf("SC_CLK_TCK")


def below(pid: int) -> list[int]:
    """A process and all that descend from it, parents first; none where the system does not tell."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").glob("[0-9]*")}
    found = [pid] if pid in parents else []
    for one in found:
        found += sorted(child for child, parent in parents.items() if parent == one)
    return found


def _parent(path: Path) -> int:
    try:
        return int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:  # it ended meanwhile
        return 0


@contextmanager
def running(*, workers: int | None = None) -> Iterator[Server]:
    """gunicorn and the relay. `workers`: in place of one for each core."""
    port = free_port()
    given = {"PORT": str(port)} | ({"WEB_WORKERS": str(workers)} if workers else {})
    gunicorn = ["-m", "gunicorn", "financebot.wsgi:application", "--config", "deploy/gunicorn.conf.py"]
    started = []
    with ExitStack() as stack:
        for command in (gunicorn, ["manage.py", "relay_events", "--follow"]):
            log = stack.enter_context((FOLDER / "server.log").open("a"))
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=own_environment(**given), stdout=log, stderr=log
            )
            started.append(process.pid)
            stack.callback(process.wait, timeout=PATIENCE)
            stack.callback(process.terminate)
        wait_for(port)
        yield Server(port, started[0])


def wait_for(port: int) -> None:
    """Until /health says 200."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            line = HTTPConnection("127.0.0.1", port, timeout=1)
            line.request("GET", "/health")
            if line.getresponse().status == 200:
                return
        time.sleep(0.02)
    raise SystemExit(f"No server answers; see {FOLDER}/server.log.")


# --- clients


@dataclass
class Sample:
    """What clients saw: answers a second, the milliseconds of each, how many were not as they should be; `cpu`: the
    server's milliseconds on a processor for each."""

    rate: float = 0.0
    times: list[float] = field(default_factory=list)
    bad: int = 0
    cpu: float = 0.0

    def ms(self, percent: int) -> float:
        return percentile(self.times, percent)


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]


def wire(method: str, path: str, token: str, body: bytes | None = None) -> bytes:
    """A request as it is sent; one with a body has an Idempotency-Key of its own."""
    lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", f"Idempotency-Key: {uuid.uuid4()}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def drive(server: Server, make: Callable[[], bytes], *, clients: int, expect: int, seconds: float = SECONDS) -> Sample:
    """Clients that each send their next request once they are answered, on connections that are kept."""
    before = server.cpu()
    found = asyncio.run(_drive(server.port, make, clients, expect, seconds))
    found.cpu = (server.cpu() - before) * 1000 / max(1, len(found.times))
    return found


async def _drive(port: int, make: Callable[[], bytes], clients: int, expect: int, seconds: float) -> Sample:
    found = Sample()
    began = time.perf_counter()
    await asyncio.gather(*(_client(port, make, expect, began + seconds, found) for _ in range(clients)))
    found.rate = len(found.times) / (time.perf_counter() - began)
    return found


async def _client(port: int, make: Callable[[], bytes], expect: int, until: float, found: Sample) -> None:
    line = None
    while time.perf_counter() < until:
        asked = make()
        began = time.perf_counter()
        status = 0
        try:
            reader, writer = line = line or await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
            writer.write(asked)
            status, kept = await _answer(reader)
        except (OSError, EOFError):
            kept = False
        found.times.append((time.perf_counter() - began) * 1000)
        found.bad += status != expect
        if line and not kept:
            line[1].close()
            line = None
    if line:
        line[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    return int(head[9:12]), b"connection: close" not in head


# --- rounds and the table


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def idle(seconds: float = 1.0) -> float:
    """% of the processors that nobody uses; 100 where the system does not tell."""
    if not Path("/proc/stat").exists():
        return 100.0
    before = _ticks()
    time.sleep(seconds)
    spent = [after - earlier for after, earlier in zip(_ticks(), before, strict=True)]
    FREE.append(100 * (spent[3] + spent[4]) / max(1, sum(spent)))  # idle, and waiting for a disk
    return FREE[-1]


def _ticks() -> list[int]:
    return [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def interleaved(figures: dict[Any, Callable[[], Any]], rounds: int = ROUNDS) -> dict[Any, list[Any]]:
    """What each measures, once a round, one after the other; once before, for code to be loaded and caches filled."""
    found: dict[Any, list[Any]] = {name: [] for name in figures}
    for measure in figures.values():
        measure()
    for turn in range(rounds):
        free = idle()
        warning = "" if free >= STEADY else f", under {STEADY:.0f} %: something else runs: times do not count"
        say(f"round {turn + 1} of {rounds}: {free:.0f} % idle before it{warning}")
        for name, measure in figures.items():
            found[name].append(measure())
            say(f"  {name}: {_told(found[name][-1])}")
    return found


def _told(figure: Any) -> str:
    if isinstance(figure, Sample):
        times = f"p50 {figure.ms(50):.1f} ms, p95 {figure.ms(95):.1f} ms, CPU {figure.cpu:.1f} ms"
        return f"{figure.rate:.1f}/s, {times}, bad={figure.bad}"
    return f"{figure:.2f}" if isinstance(figure, float) else str(figure)


def rate(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.rate for sample in samples)


def ms(samples: Sequence[Sample], percent: int) -> float:
    return statistics.median(sample.ms(percent) for sample in samples)


def told(samples: Sequence[Sample]) -> str:
    """As the table has it."""
    cpu = statistics.median(sample.cpu for sample in samples)
    times = f"p50 {ms(samples, 50):.1f} ms, p95 {ms(samples, 95):.1f} ms"
    return f"{rate(samples):.0f}/s, {times}, {cpu:.1f} ms of CPU each, {bad(samples)}"


def ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """Median of the ratios, each of figures of one round."""
    return statistics.median(one / other for one, other in zip(these, those, strict=True))


def rates(samples: Sequence[Sample]) -> list[float]:
    return [sample.rate for sample in samples]


def bad(samples: Sequence[Sample]) -> str:
    """A figure with bad answers does not count."""
    wrong = sum(sample.bad for sample in samples)
    return f"bad={wrong}" + (" DOES NOT COUNT" if wrong else "")


@dataclass(frozen=True)
class Row:
    what: str
    figure: str
    goal: str = ""


def table(rows: Sequence[Row]) -> None:
    command = f"BENCH_ON={VENDOR} bench/{Path(sys.argv[0]).name}"
    print("| what | figure | goal | command |\n| --- | --- | --- | --- |")
    least = min(FREE, default=100.0)
    busy = "" if least >= STEADY else f"; {least:.0f} % IDLE: TIMES DO NOT COUNT"
    for row in rows:
        print(f"| {row.what} | {row.figure}{busy} | {row.goal} | `{command}` |", flush=True)
