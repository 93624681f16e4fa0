"""What those who listen are told, and whether they still may listen: asked of the database for all of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from django.db.models import Q

from accounts.models import LoginSession
from audit.models import EventLog
from audit.trail import Actor
from delivery import selectors
from delivery.selectors import WalletsSeen
from delivery.serializers import EventRead
from families.access import look
from families.models import FamilyUserPermission
from families.roles import Access, P
from financebot.api.renderers import WireRenderer

BATCH = 100  # events read at a time


class Close(IntEnum):
    """Why a stream ends: the codes of RFC 6455, 7.4.2, that are ours to give."""

    REVOKED = 4401
    REMOVED = 4403
    TOO_SLOW = 4408


@dataclass(frozen=True, slots=True)
class Heard:
    """Messages in the order of their positions, up to `through`; `more` when there may be further ones."""

    messages: list[str]
    through: int
    more: bool


def last_position(family: int | None = None) -> int:
    """Of one family, or of all; 0 before the first."""
    numbered = EventLog.objects.numbered()
    found = numbered if family is None else numbered.in_family(family)
    return found.order_by("-position").values_list("position", flat=True).first() or 0


def news(*, since: int) -> dict[int | None, int]:
    """The last position of each family that has events behind `since`; positions are committed in their order."""
    later = EventLog.objects.numbered().filter(position__gt=since)
    return {
        family: position or 0 for family, position in later.order_by("position").values_list("family_id", "position")
    }


def hear(actor: Actor, *, after: int) -> Heard:
    """The events behind `after` that this listener may see, as they may see them now. Raises NotFound for strangers."""
    access, wallets = rights = _rights(actor)
    found = selectors.events(access, wallets).filter(position__gt=after).order_by("position")
    rows = list(found[:BATCH])
    if rows and _rights(actor) != rights:
        return hear(actor, after=after)  # what was read may be of a later moment than the right to it
    shown = EventRead(selectors.heard(rows, access, wallets), many=True).data
    messages = [WireRenderer().render(row).decode() for row in shown]
    through = max((row.position or 0 for row in rows), default=after)
    return Heard(messages, through, more=len(rows) == BATCH)


def _rights(actor: Actor) -> tuple[Access, WalletsSeen]:
    access = look(actor, family=actor.family)
    return access, selectors.wallets_seen(access)


def ended(actors: Iterable[Actor]) -> dict[Actor, Close]:
    """Those who may not listen any more, and why."""
    listening = set(actors)
    alive = set(LoginSession.objects.alive().filter(pk__in={a.session for a in listening}).values_list("pk", flat=True))
    pairs = Q(user_id__in={a.user for a in listening}, content_object_id__in={a.family for a in listening})
    rows = FamilyUserPermission.objects.filter(pairs, permission__codename=P.RECEIVE_EVENTS)
    permitted = set(rows.values_list("user_id", "content_object_id"))
    why = {a: Close.REMOVED for a in listening if (a.user, a.family) not in permitted}
    return why | {a: Close.REVOKED for a in listening if a.session not in alive}
