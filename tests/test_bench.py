"""What the measurements stand on: their clients count every answer that is not as it should be."""

import asyncio
import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.installation import ROOT


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("BENCH_ON", "sqlite")
    spec = importlib.util.spec_from_file_location("bench_common", ROOT / "bench" / "common.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_common", module)
    spec.loader.exec_module(module)
    return module


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that gives these answers in turn, for ever; an empty one hangs up. Its port."""
    loop = asyncio.new_event_loop()
    given = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal given
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            text, given = answers[given % len(answers)], given + 1
            if not text:
                break
            writer.write(text)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


def test_every_answer_is_timed_and_the_wrong_ones_and_the_missing_ones_are_bad(common: Any):
    def asked() -> bytes:
        return common.wire("GET", "/wallets", "token")

    with answering(OK, CHUNKED) as port:
        good = common.drive(common.Server(port), asked, clients=2, expect=200, seconds=0.2)
    with answering(OK, BUSY, CHUNKED, b"") as port:
        mixed = common.drive(common.Server(port), asked, clients=1, expect=200, seconds=0.2)
    assert good.bad == 0
    assert len(good.times) > 2
    assert len(mixed.times) > 4
    assert abs(mixed.bad - len(mixed.times) / 2) <= 1


def test_a_request_that_records_has_a_key_of_its_own(common: Any):
    one, other = (common.wire("POST", "/transactions", "token", b"{}") for _ in range(2))
    assert b"Idempotency-Key: " in one
    assert one != other


def test_a_percentile_is_one_of_the_values(common: Any):
    assert common.percentile([5.0, 1.0, 3.0], 50) == 3.0
    assert common.percentile(list(range(1, 101)), 95) == 95
    assert common.percentile([7.0], 95) == 7.0


def test_a_figure_with_bad_answers_does_not_count(common: Any):
    samples = [common.Sample(10.0, [1.0], 0), common.Sample(12.0, [1.0], 1)]
    assert common.bad(samples) == "bad=1 DOES NOT COUNT"
    assert common.bad(samples[:1]) == "bad=0"


def test_every_script_stands_in_the_table_of_scripts():
    told = set(re.findall(r"^\| `(\w+\.py)` \|", (ROOT / "docs/figures.md").read_text("utf-8"), re.MULTILINE))
    shared = {"all.py", "common.py", "people.py"}
    assert told == {path.name for path in (ROOT / "bench").glob("*.py")} - shared
    ran = set(re.findall(r'"(\w+\.py)",', (ROOT / "bench/all.py").read_text("utf-8")))
    assert ran <= told
    assert "checks.py" in ran
