"""The tests' settings, whose waits for a lock on PostgreSQL are longer, with the thread of the access log.

The cache is one file for all the processes of a server, and the gate lets in as many, as an installation has it.
"""

import os

from financebot import settings as own
from tests.settings import *  # noqa: F403
from tests.settings import CACHES, DATA

ACCESS_LOG_THREAD = True
CALLER_CONCURRENCY, CONCURRENCY_LIMIT = own.CALLER_CONCURRENCY, own.CONCURRENCY_LIMIT
CACHES["default"]["LOCATION"] = str(DATA / os.environ["LIVE_CACHE"])
