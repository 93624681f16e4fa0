"""Database triggers that hold what Python says: declared once, made for PostgreSQL and SQLite alike.

They go before every migration (a trigger that reads another table breaks Django's remake of that table on SQLite)
and come back after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate, pre_migrate

CHECK_VIOLATION = "23514"
_registered: dict[str, tuple["Guard", ...]] = {}


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuse `event` on a row of `table` where `refuse_when` is true.

    `event`: INSERT, UPDATE, UPDATE OF column, DELETE. `refuse_when`: an SQL condition over OLD and NEW in the words
    that both databases share.
    """

    name: str
    table: str
    event: str
    refuse_when: str = "1 = 1"

    def sql(self, vendor: str) -> list[str]:
        message = f"{self.table}: {self.name.replace('_', ' ')}"
        if vendor == "sqlite":
            condition = self.refuse_when.replace("IS DISTINCT FROM", "IS NOT")
            head = f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW WHEN {condition}"
            return [f"{head} BEGIN SELECT RAISE(ABORT, '{message}'); END"]
        row = "OLD" if self.event == "DELETE" else "NEW"
        refuse = f"RAISE EXCEPTION '{message}' USING ERRCODE = '{CHECK_VIOLATION}'"
        body = f"BEGIN IF {self.refuse_when} THEN {refuse}; END IF; RETURN {row}; END"
        trigger = f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW"
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
            f"{trigger} EXECUTE FUNCTION {self.name}()",
        ]


def changed(columns: Iterable[str | None]) -> str:
    """Whether any of these columns is to change."""
    return "(" + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns) + ")"


def never_deleted(*tables: str) -> list[Guard]:
    return [Guard(f"{table}_is_never_deleted", table, "DELETE") for table in tables]


def register(app: AppConfig, guards: Iterable[Guard]) -> None:
    """Called in `AppConfig.ready()`: from then on migrations keep these triggers in place."""
    _registered[app.name] = tuple(guards)
    pre_migrate.connect(_before_migrations, sender=app)
    post_migrate.connect(_after_migrations, sender=app)


def all_guards() -> list[Guard]:
    return [guard for guards in _registered.values() for guard in guards]


def install(guards: Iterable[Guard]) -> None:
    with connection.cursor() as cursor:
        for guard in guards:
            _drop(cursor, guard)
            for statement in guard.sql(connection.vendor):
                cursor.execute(statement)
            if connection.vendor == "postgresql" and guard.event == "DELETE":
                _forbid_truncate(cursor, guard)


def remove(guards: Iterable[Guard]) -> None:
    with connection.cursor() as cursor:
        for guard in guards:
            _drop(cursor, guard)


def missing() -> list[str]:
    """Names of guards that the database does not have."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return [guard.name for guard in all_guards() if guard.name not in present]


def _drop(cursor: object, guard: Guard) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    if connection.vendor == "sqlite":
        execute(f"DROP TRIGGER IF EXISTS {guard.name}")
        return
    for name in (guard.name, f"{guard.name}_at_once"):
        execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")


def _forbid_truncate(cursor: object, guard: Guard) -> None:
    at_once = Guard(f"{guard.name}_at_once", guard.table, "TRUNCATE")  # of no row: nothing to look at
    function, _ = at_once.sql("postgresql")
    cursor.execute(function)  # type: ignore[attr-defined]
    cursor.execute(  # type: ignore[attr-defined]
        f"CREATE TRIGGER {at_once.name} BEFORE TRUNCATE ON {guard.table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {at_once.name}()"
    )


def _before_migrations(sender: AppConfig, **_: object) -> None:
    remove(_registered[sender.name])


def _after_migrations(sender: AppConfig, **_: object) -> None:
    install(_registered[sender.name])
