"""What the database itself refuses, whoever asks. Conditions are in SQL that PostgreSQL and SQLite share."""

from ledger.guards.categories import CATEGORIES, RATES
from ledger.guards.entries import ENTRIES, REFERENCES, TAGS

GUARDS = [*ENTRIES, *CATEGORIES, *RATES]

__all__ = ["GUARDS", "REFERENCES", "TAGS"]
