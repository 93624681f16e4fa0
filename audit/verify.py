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
PART = 5000  # positions that are looked at for one family at a time
WRONG_MAX = 100  # of which so many at most are named
UNREADABLE = (ValueError, TypeError, AttributeError)  # what the converters of columns raise


@dataclass(frozen=True, slots=True)
class Finding:
    """`family`: whose event it is, 0 for one of no family; None where that cannot be told."""

    position: int
    sentence: str
    family: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Up to where events are sealed, the digest of the last seal, and how many events wait for theirs."""

    sealed: int
    head: str
    unsealed: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a family is told of a part of the events, from `first` to `last`: at which positions something is wrong that
    may concern it. `next_after`: where to go on, None at the end of what is sealed."""

    first: int
    last: int
    sealed_to: int
    wrong_at: list[int]
    next_after: int | None

    @property
    def whole(self) -> bool:
        return not self.wrong_at


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


def verify_part(family: int, *, after: int) -> Part:
    """The same of at most `PART` positions, from the seal of the one after `after` on, for who may know of this family
    alone: other families' private parts are not spoken of."""
    seals = _run(after)
    sealed = sealed_to(AuditSeal.objects.latest_one())
    if not seals:
        return Part(after + 1, after, sealed, [], None)
    first, last = seals[0].first, seals[-1].last
    wrong = {found.position for found in _run_findings(seals) if found.family in {None, family}}
    return Part(first, last, sealed, sorted(wrong)[:WRONG_MAX], last if last < sealed else None)


def _run(after: int) -> list[AuditSeal]:
    """Seals that follow one another without a gap."""
    run: list[AuditSeal] = []
    for seal in AuditSeal.objects.filter(last__gt=after).order_by("first", "pk")[:CHUNK]:
        if run and (seal.first != run[-1].last + 1 or seal.last - run[0].first >= PART):
            break
        run.append(seal)
    return run


def _run_findings(seals: list[AuditSeal]) -> Iterator[Finding]:
    first = seals[0].first
    before = AuditSeal.objects.filter(last__lt=first).latest_one()
    previous, marks = before.digest if before else GENESIS, b""
    for seal in seals:
        yield from _seal(seal, previous)
        previous = seal.digest
        marks += bytes(seal.marks)
    yield from _events(first, seals[-1].last, marks)


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
        is_sealed = bool(marks) and marks[offset : offset + MARK_SIZE] == mark(event)
        if marks and not is_sealed:
            yield Finding(position, "the event is not the one that was sealed")
        if event.private is not None and not _is_private_part(event):
            whose = (event.family_id or 0) if is_sealed else None
            yield Finding(position, "its private part is neither the one that was written nor erased", whose)
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
