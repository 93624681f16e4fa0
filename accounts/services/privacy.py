"""What is on record about a person: handed over, and erased."""

from accounts.sessions import lock_person, require_fresh
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.usecase import use_case


@use_case
def note_export(*, actor: Actor) -> None:
    """Note that they take a copy of all that is on record about them. Locks the user; raises StepUpRequired."""
    user = lock_person(actor)
    require_fresh(actor)
    trail.record(Event(EventName.DATA_EXPORTED, "user", user.pk, {}), actor=actor)
