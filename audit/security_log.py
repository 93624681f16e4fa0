"""What happened to accounts and clients, for people and for programs that watch logs (SIEM)."""

import hashlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from audit.models import EventLog
from audit.names import EventName

if TYPE_CHECKING:
    from audit.trail import Actor

log = logging.getLogger("financebot.security")

FAMILY_OF_NAMES = "security."
ALARMING = frozenset(
    {
        EventName.LOGIN_FAILED,
        EventName.STEP_UP_FAILED,
        EventName.PASSWORD_CHANGE_FAILED,
        EventName.TWO_FACTOR_FAILED,
        EventName.TWO_FACTOR_DISABLED,
        EventName.REFRESH_REUSED,
        EventName.LOCKED_OUT,
        EventName.ACCOUNT_SECURED,
    }
)


def follow(rows: Sequence[EventLog], actor: "Actor") -> None:
    """Log what is of security among these events once they are committed: what was rolled back did not happen."""
    if told := [row for row in rows if row.name.startswith(FAMILY_OF_NAMES)]:
        transaction.on_commit(lambda: _write(told, actor), robust=True)


def _write(rows: Sequence[EventLog], actor: "Actor") -> None:
    for row in rows:
        facts = _facts(row, actor)
        said = " ".join(f"{name}={value!r}" for name, value in facts.items() if name not in {"event", "request_id"})
        level = logging.WARNING if row.name in ALARMING else logging.INFO
        log.log(level, "%s %s", row.name, said, extra={"facts": facts})


def _facts(row: EventLog, actor: "Actor") -> dict[str, object]:
    """What people wrote is not in it; of the device the digest by which its row is found, since its id is a secret."""
    return {
        "event": row.name,
        "event_id": row.pk,
        "happened_at": row.created_at.isoformat(),
        "actor": row.actor_id,
        "about": f"{row.entity_type} {row.entity_id}",
        "changes": row.changes,
        "ip": actor.address,
        "device": hashlib.sha256(actor.device.encode()).hexdigest() if actor.device else "",
        "session": actor.session,
        "user_agent": actor.user_agent,
        "client": actor.client,
        "channel": row.channel,
        "request_id": row.request_id,
    }
