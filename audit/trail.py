"""Writing down what happened: the last thing that every use case does."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from audit import security_log
from audit.models import EventLog, EventSubject, SubjectKind
from audit.names import EventName
from financebot.common import clock

Change = tuple[Any, Any]
SCHEDULE = "schedule"  # the channel of what nobody asked for


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, from where and how: plain ids, known before any family is looked at.

    `client` is a label; `signed_by` the client whose signature this request bears, `bound_to` the one whose signature
    its token is worth nothing without.
    """

    user: int | None = None
    family: int | None = None
    membership: int | None = None
    session: int | None = None
    channel: str = "api"
    client: str = ""
    device: str = ""
    signed_by: str = ""
    bound_to: str = ""
    request_id: str = ""
    address: str = ""
    user_agent: str = ""
    languages: str = ""
    token_scope: str = ""
    proof_age: timedelta | None = None

    @classmethod
    def clock(cls, family: int) -> "Actor":
        """Time itself, which holds no permission and asks for none."""
        return cls(family=family, channel=SCHEDULE)

    @property
    def is_clock(self) -> bool:
        return self.user is None and self.channel == SCHEDULE


@dataclass(frozen=True, slots=True)
class Event:
    """`changes` and `texts` map fields to (before, after); `texts`, what people wrote, can be erased.

    `only_for`: the member who alone may see it, None for all who may see what it is about.
    """

    name: EventName
    entity_type: str
    entity_id: int
    changes: Mapping[str, Change]
    texts: Mapping[str, Change] | None = None
    wallets: Collection[int] = ()
    members: Collection[int] = ()
    only_for: int | None = None


def record(*events: Event, actor: Actor) -> None:
    """Write events in the unit of work under way, in this order; two statements however many they are. Those of
    security are logged too, after the commit."""
    now = clock.now()
    rows = EventLog.objects.bulk_create([_row(event, actor, now) for event in events])
    EventSubject.objects.bulk_create(
        EventSubject(event=row, kind=kind, subject=subject)
        for row, event in zip(rows, events, strict=True)
        for kind, subjects in ((SubjectKind.WALLET, event.wallets), (SubjectKind.MEMBER, event.members))
        for subject in sorted(set(subjects))
    )
    security_log.follow(rows, actor)


def _row(event: Event, actor: Actor, now: Any) -> EventLog:
    private = _plain(
        {
            "salt": secrets.token_hex(16),
            "address": actor.address,
            "user_agent": actor.user_agent,
            "texts": _changed(event.texts or {}),
        }
    )
    return EventLog(
        name=event.name,
        family_id=actor.family,
        actor_id=actor.user,
        entity_type=event.entity_type,
        entity_id=event.entity_id,
        only_for_id=event.only_for,
        changes=_plain(_changed(event.changes)),
        private=private,
        private_digest=digest(private),
        request_id=actor.request_id,
        client=actor.client,
        channel=actor.channel,
        created_at=now,
    )


def digest(private: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces. The salt inside keeps short texts from being guessed."""
    canonical = json.dumps(private, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _changed(changes: Mapping[str, Change]) -> dict[str, list[Any]]:
    return {field: [before, after] for field, (before, after) in changes.items() if before != after}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
