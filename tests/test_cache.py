"""The embedded cache is exact over threads and processes: what limits and nonces stand on."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine

from financebot.common.cache import SqliteCache

PROCESSES, EACH = 4, 100


@pytest.fixture
def cache(tmp_path):
    return SqliteCache(str(tmp_path / "cache.sqlite3"), {})


@pytest.mark.parametrize("value", [None, True, 0, -7, 2**63 - 1, "", "grün", [1, {"a": None}], {"b": [2]}])
def test_what_json_can_hold_comes_back(cache, value):
    cache.set("a", value)
    assert cache.get("a", "nothing") == value


def test_what_json_cannot_hold_is_refused(cache):
    with pytest.raises(TypeError):
        cache.set("a", object())


def test_what_is_not_there_is_the_default(cache):
    assert (cache.get("a"), cache.get("a", 1), "a" in cache) == (None, 1, False)


def test_time_ends_it(cache):
    with time_machine.travel(0, tick=False) as time:
        cache.set("a", 1, 10)
        time.shift(9)
        assert cache.get("a") == 1
        time.shift(1)
        assert cache.get("a") is None
        with pytest.raises(ValueError, match="there is no"):
            cache.incr("a")


def test_no_timeout_keeps_it_and_a_touch_lets_it_end(cache):
    with time_machine.travel(0, tick=False) as time:
        cache.set("a", 1, None)
        time.shift(10**8)
        assert cache.touch("a", 5)
        time.shift(5)
        assert not cache.touch("a", 5)


def test_what_is_set_anew_lasts_from_then(cache):
    with time_machine.travel(0, tick=False) as time:
        cache.set("a", 1, 10)
        time.shift(9)
        cache.set("a", 2, 10)
        time.shift(9)
        assert cache.get("a") == 2


def test_add_takes_what_is_free_or_over(cache):
    with time_machine.travel(0, tick=False) as time:
        assert cache.add("a", 1, 10)
        assert not cache.add("a", 2, 10)
        assert cache.get("a") == 1
        time.shift(10)
        assert cache.add("a", 3, 10)
        assert cache.get("a") == 3


def test_what_is_kept_for_ever_is_not_added_over(cache):
    cache.set("a", 1, None)
    assert not cache.add("a", 2)


def test_incr_adds_and_keeps_the_time_it_ends(cache):
    with time_machine.travel(0, tick=False) as time:
        cache.set("a", 1, 10)
        assert (cache.incr("a"), cache.incr("a", 5), cache.decr("a")) == (2, 7, 6)
        time.shift(10)
        assert cache.get("a") is None


def test_delete_and_clear(cache):
    cache.set_many({"a": 1, "b": 2, "c": 3})
    assert (cache.delete("a"), cache.delete("a")) == (True, False)
    assert cache.get_many(["a", "b", "c"]) == {"b": 2, "c": 3}
    cache.clear()
    assert cache.get("b") is None


def test_versions_are_apart(cache):
    cache.set("a", 1, version=1)
    assert cache.get("a", version=2) is None


def test_what_is_over_is_swept_away(cache, monkeypatch):
    monkeypatch.setattr("financebot.common.cache.WRITES_BETWEEN_SWEEPS", 10)
    with time_machine.travel(0, tick=False) as time:
        for number in range(8):
            cache.set(f"old {number}".replace(" ", ""), 1, 1)
        time.shift(2)
        cache.set_many({"x": 1, "y": 1})
    assert cache._run("SELECT COUNT(*) FROM cache")[0] == 2


def test_the_file_is_for_its_owner_alone(cache):
    cache.set("a", 1)
    assert cache.path.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_used_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        SqliteCache(str(tmp_path / "file" / "cache.sqlite3"), {}).get("a")


def _race(path: str, results: str) -> None:
    cache = SqliteCache(path, {})

    def work(number: int) -> int:
        cache.incr("count")
        return int(cache.add(f"nonce{number}", 1, 60))

    with ThreadPoolExecutor(4) as pool:
        won = sum(pool.map(work, range(EACH)))
    Path(results).write_text(json.dumps(won))


def test_nonces_win_once_and_no_increment_is_lost_over_processes(tmp_path, cache):
    cache.set("count", 0)
    context = multiprocessing.get_context("spawn")
    files = [tmp_path / f"{number}.json" for number in range(PROCESSES)]
    processes = [context.Process(target=_race, args=(str(cache.path), str(file))) for file in files]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert sum(json.loads(file.read_text()) for file in files) == EACH
    assert cache.get("count") == PROCESSES * EACH


def test_a_forked_child_uses_a_connection_of_its_own(cache):
    cache.set("a", 1)
    parents = cache._connection()

    def work() -> None:
        cache.incr("a")
        assert cache._connection() is not parents

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(30)
    assert (child.exitcode, cache.get("a"), cache._connection() is parents) == (0, 2, True)
