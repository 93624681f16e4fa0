"""The index for searching texts: made where pg_trgm can be had, done without where it cannot."""

import logging

import pytest
from django.db import connection

from ledger import trigrams

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def ask(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def indexed() -> bool:
    return bool(ask(f"SELECT 1 FROM pg_indexes WHERE indexname = '{trigrams.INDEX}'"))


def drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {trigrams.INDEX}")


def test_migrate_makes_the_index_and_a_search_uses_it():
    assert indexed()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = ask("EXPLAIN SELECT id FROM ledger_transaction WHERE search::text LIKE '%ёлка%'")
    assert trigrams.INDEX in str(plan)


def test_it_is_made_once_and_again_when_it_is_gone():
    drop()
    for _ in range(2):
        trigrams.make_index()
        assert indexed()


def test_without_the_extension_it_is_done_without(house, monkeypatch, caplog):
    drop()
    monkeypatch.setattr(trigrams, "EXTENSION", "no_such_extension")
    with caplog.at_level(logging.WARNING, trigrams.__name__):
        trigrams.make_index()
    assert not indexed()
    assert "no_such_extension" in caplog.text
    found = house.spend("1", description="Ёлка").transaction.pk
    assert [row["id"] for row in house.owner.http.get("/transactions?search=ёлка").json()["results"]] == [found]
