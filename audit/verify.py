"""Checking that the events are those that were sealed, one after the other. It never repairs.

Noticed, with the position: an event that was changed, removed, replaced, moved or brought in, or its subjects; a seal
that was changed, removed or made without the key; a private part that is neither the one written nor erased.
Not noticed: an event that was changed before it was sealed, a minute after its commit while the worker runs; the latest
seals removed with their events, or removed alone and the events changed, so that the running server seals them
anew; whatever is done by who holds `SEAL_KEY` too. Against the second there is the head, the last position and its
digest, which the command and the log of the worker tell: kept elsewhere, it must be found again later.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from audit import trail
from audit.models import AuditSeal, EventLog
from audit.seals import GENESIS, MARK_SIZE, digest, mac, mark, sealed_to

CHUNK = 500
UNREADABLE = (ValueError, TypeError, AttributeError)  # what the converters of columns raise


@dataclass(frozen=True, slots=True)
class Finding:
    position: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Up to where events are sealed, the digest of the last seal, and how many events wait for theirs."""

    sealed: int
    head: str
    unsealed: int


def standing() -> Standing:
    seal = AuditSeal.objects.latest_one()
    sealed = sealed_to(seal)
    return Standing(sealed, seal.digest if seal else "", EventLog.objects.unsealed(sealed).count())


def verify() -> Iterator[Finding]:
    """What is wrong, by position; events and seals that come meanwhile do no harm. Memory: a chunk of events."""
    for stray in EventLog.objects.filter(position__lt=1).order_by("position")[:1]:
        yield Finding(stray.position or 0, "the event is out of the order")
    expected, previous = 1, GENESIS
    for seal in AuditSeal.objects.order_by("first", "pk").iterator(chunk_size=CHUNK // 10):
        if seal.first > expected:
            yield Finding(expected, f"the seal up to position {seal.first - 1} is missing")
            yield from _events(expected, seal.first - 1)
        if seal.first < expected:
            yield Finding(seal.first, "there is another seal of this position")
        yield from _seal(seal, previous if seal.first == expected else "")
        yield from _events(seal.first, seal.last, bytes(seal.marks))
        expected, previous = seal.last + 1, seal.digest
    yield from _events(expected)


def _seal(seal: AuditSeal, previous: str) -> Iterator[Finding]:
    """`previous`: empty where the seal before is missing."""
    which = f"the seal of positions {seal.first} to {seal.last}"
    if not hmac.compare_digest(mac(seal.digest).encode(), seal.mac.encode()):
        yield Finding(seal.first, f"{which} was not made with SEAL_KEY")
    if previous and digest(seal, previous=previous) != seal.digest:
        yield Finding(seal.first, f"{which} was changed, or the one before")


def _events(first: int, last: int | None = None, marks: bytes = b"") -> Iterator[Finding]:
    """Compare a range with its marks, where there are any."""
    found = EventLog.objects.filter(position__gte=first).order_by("position", "pk").prefetch_related("subjects")
    if last is not None:
        found = found.filter(position__lte=last)
    expected = first
    for position, event in _each(found):
        if position > expected:
            yield _missing(expected, position - 1)
        if position < expected:
            yield Finding(position, "another event has this position too")
        expected = position + 1
        if event is None:
            yield Finding(position, "the event cannot be read")
            continue
        offset = (position - first) * MARK_SIZE
        if marks and marks[offset : offset + MARK_SIZE] != mark(event):
            yield Finding(position, "the event is not the one that was sealed")
        if event.private is not None and not _is_private_part(event):
            yield Finding(position, "its private part is neither the one that was written nor erased")
    if last is not None and expected <= last:
        yield _missing(expected, last)


def _each(found: QuerySet[EventLog]) -> Iterator[tuple[int, EventLog | None]]:
    """Events with their positions; None for one that SQLite holds with a value which its column cannot mean."""
    done = 0
    try:
        for event in found.iterator(chunk_size=CHUNK):
            done = event.position or 0
            yield done, event
    except UNREADABLE:
        for pk, position in found.filter(position__gt=done).values_list("pk", "position").iterator(chunk_size=CHUNK):
            try:
                yield position or 0, found.get(pk=pk)
            except UNREADABLE:
                yield position or 0, None


def _missing(first: int, last: int) -> Finding:
    return Finding(first, "the event is missing" if first == last else f"the events up to position {last} are missing")


def _is_private_part(event: EventLog) -> bool:
    try:
        return trail.digest(event.private or {}) == event.private_digest
    except ValueError:  # what no text can hold
        return False
