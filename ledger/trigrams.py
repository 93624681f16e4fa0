"""The index by which PostgreSQL finds words inside texts.

It needs the extension pg_trgm, which comes with PostgreSQL but which not every server has, or lets us create. Without
it a search finds the same, by reading the family's entries; the next `migrate` tries again.
"""

import logging

from django.db import Error, connection, transaction

INDEX = "ledger_search"
EXTENSION = "pg_trgm"
# The list of what is not yet in the tree is read by every search: 4 MB by default, here 256 kB.
OPTIONS = "gin_pending_list_limit = 256"

log = logging.getLogger(__name__)


def make_index(**_: object) -> None:
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS {INDEX} ON ledger_transaction "
                f"USING gin (search gin_trgm_ops) WITH ({OPTIONS})"
            )
    except Error as error:
        log.warning("no index for searching texts: %s", error)
