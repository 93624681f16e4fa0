"""The Idempotency-Key header: claimed and answered in the transaction of the effect, so neither exists alone."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext as _
from rest_framework.request import Request

from financebot.api.models import IdempotencyKey
from financebot.common import clock
from financebot.common.errors import IdempotencyInProgress, IdempotencyKeyReused, Invalid

LOCK_TIMEOUT = "55P03"
KEY = re.compile(r"[ -~]{1,255}")
CLAIM = """
INSERT INTO api_idempotencykey AS k (caller, key, fingerprint, etag, created_at) VALUES (%s, %s, %s, '', %s)
ON CONFLICT (caller, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, etag = '', created_at = excluded.created_at
WHERE k.created_at < %s RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Stored:
    status: int
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Claim:
    id: int

    def store(self, answer: Stored) -> None:
        IdempotencyKey.objects.filter(pk=self.id).update(status=answer.status, body=answer.body, etag=answer.etag)

    def give_up(self) -> None:
        IdempotencyKey.objects.filter(pk=self.id).delete()


def key_of(request: Request) -> str | None:
    """The header's value; Invalid unless it has 1 to 255 printable ASCII characters."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise Invalid({"Idempotency-Key": [_("1 to 255 printable characters.")]})
    return key


def fingerprint_of(request: Request) -> str:
    raw = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(raw).hexdigest()


def claim(*, caller: str, key: str, fingerprint: str) -> Claim | Stored:
    """Take the key, or find the first answer. A second call waits here for the first to commit.

    Runs inside the unit of work. IdempotencyInProgress when the first takes over 5 s (PostgreSQL's lock timeout),
    IdempotencyKeyReused when the key came with another method, path or body.
    """
    now = clock.now()
    stale = now - timedelta(hours=settings.IDEMPOTENCY_HOURS)
    adapt = connection.ops.adapt_datetimefield_value
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [caller, key, fingerprint, adapt(now), adapt(stale)])
            row = cursor.fetchone()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == LOCK_TIMEOUT:
            raise IdempotencyInProgress from error
        raise
    if row:
        return Claim(row[0])
    kept = IdempotencyKey.objects.get(caller=caller, key=key)
    if kept.fingerprint != fingerprint or kept.status is None or kept.body is None:
        raise IdempotencyKeyReused
    return Stored(kept.status, bytes(kept.body), kept.etag)


def was_emptied(*, caller: str, key: str, fingerprint: str) -> bool:
    """Whether the first answer to this request is kept and has no body."""
    fresh = clock.now() - timedelta(hours=settings.IDEMPOTENCY_HOURS)
    found = IdempotencyKey.objects.filter(caller=caller, key=key, fingerprint=fingerprint, created_at__gte=fresh)
    return found.filter(status=HTTPStatus.NO_CONTENT).exists()
