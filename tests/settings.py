"""The project's settings as the tests want them: the same file, a fast password hasher, no background thread."""

import os

os.environ["APP_ENV"] = "test"
from financebot.common.env import OAuthClient
from financebot.settings import *  # noqa: F403
from financebot.settings import BASE_DIR, CACHES, DATA, DATABASES, REDIS_URL

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ACCESS_LOG_THREAD = False
RATE_LIMITS = False
CALLER_CONCURRENCY = CONCURRENCY_LIMIT = 10_000  # of fifty at once none is sent away
NOWHERE = "http://127.0.0.1:9"
OAUTH = {name: OAuthClient("client", "its secret", NOWHERE, NOWHERE, NOWHERE) for name in ("google", "github")}
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
if not REDIS_URL:
    CACHES["default"]["LOCATION"] = str(DATA / f"cache-{WORKER}-{os.getpid()}.sqlite3")
CACHES["default"]["KEY_PREFIX"] = WORKER
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    name = os.environ.get("TEST_SQLITE_NAME", str(BASE_DIR / "var" / "test.sqlite3"))
    DATABASES["default"]["TEST"] = {"NAME": name}
else:
    # On a busy machine fifty threads may queue for longer than a client should have to wait.
    DATABASES["default"]["OPTIONS"]["options"] = "-c lock_timeout=30000 -c jit=off"
