"""The tests' settings, whose waits for a lock on PostgreSQL are longer, with the thread of the access log."""

from tests.settings import *  # noqa: F403

ACCESS_LOG_THREAD = True
