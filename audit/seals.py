"""Sealing numbered events, so that who changes them behind the guards is noticed: a chain that a key closes."""

import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.db.models import Max

from audit.models import AuditSeal, EventLog
from financebot.common import clock
from financebot.common.usecase import unit_of_work

BATCH = 500
ONE_SEALER = -2  # key of the advisory lock; the relay's is -1
GENESIS = "0" * 64  # what the first seal follows
MARK_SIZE = hashlib.sha256().digest_size
ABSENT = bytes(MARK_SIZE)  # the mark of a position that was missing already when it was sealed
COLUMNS = (  # all but `private`, which may be erased; its digest stays
    "id",
    "position",
    "name",
    "family_id",
    "actor_id",
    "entity_type",
    "entity_id",
    "only_for_id",
    "changes",
    "private_digest",
    "request_id",
    "client",
    "channel",
)

log = logging.getLogger("financebot.seals")


def seal_once() -> int:
    """Seal at most a batch of positions; how many.

    Safe to run anywhere, any number of times at once. A missing position is sealed as missing, for it must not end
    the sealing of what follows; a hole as wide as a batch does, and `verify_audit` names either.
    """
    numbered = EventLog.objects.aggregate(last=Max("position"))["last"] or 0
    if numbered <= sealed_to(AuditSeal.objects.latest_one()):
        return 0  # without a write lock: on SQLite there is one writer
    with unit_of_work(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_SEALER])
        before = AuditSeal.objects.latest_one()  # a later statement than the lock: it sees the seals we waited for
        first = sealed_to(before) + 1
        events = EventLog.objects.filter(position__range=(first, first + BATCH - 1)).prefetch_related("subjects")
        marks = {event.position: mark(event) for event in events}
        if not marks:
            return 0
        last = max(position for position in marks if position)
        seal = AuditSeal(first=first, last=last, created_at=clock.now())
        seal.marks = b"".join(marks.get(position, ABSENT) for position in range(first, last + 1))
        seal.digest = digest(seal, previous=before.digest if before else GENESIS)
        seal.mac = mac(seal.digest)
        seal.save(force_insert=True)
    log.info("events are sealed up to position %s: %s", last, seal.digest)
    return last - first + 1


def sealed_to(seal: AuditSeal | None) -> int:
    return seal.last if seal else 0


def mark(event: EventLog) -> bytes:
    """SHA-256 of the canonical JSON of an event and its subjects; without `private`."""
    fields = {column: getattr(event, column) for column in COLUMNS}
    fields["created_at"] = _moment(event.created_at)
    fields["subjects"] = sorted([subject.kind, subject.subject] for subject in event.subjects.all())
    return hashlib.sha256(_canonical(fields)).digest()


def digest(seal: AuditSeal, *, previous: str) -> str:
    """SHA-256 in hex of everything that a seal says and of the digest before it."""
    said = {
        "previous": previous,
        "first": seal.first,
        "last": seal.last,
        "marks": bytes(seal.marks).hex(),
        "created_at": _moment(seal.created_at),
    }
    return hashlib.sha256(_canonical(said)).hexdigest()


def mac(sealed: str) -> str:
    """HMAC-SHA256 (RFC 2104) in hex of a digest under `SEAL_KEY`."""
    return hmac.new(settings.SEAL_KEY.encode(), sealed.encode(), hashlib.sha256).hexdigest()


def _moment(moment: datetime | None) -> str | None:
    """None for what SQLite holds in place of a time: Django reads that as None."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def _canonical(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
