"""What is on record about a person: handed over, and erased."""

from dataclasses import replace

from accounts import erasing, lockout, moments
from accounts.errors import WrongPassword
from accounts.models import User
from accounts.passwords import Proof
from accounts.sessions import lock_person, person_of, require_fresh
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.usecase import Refused, use_case


@use_case
def note_export(*, actor: Actor) -> None:
    """Note that they take a copy of all that is on record about them. Locks the user; raises StepUpRequired."""
    user = lock_person(actor)
    require_fresh(actor)
    trail.record(Event(EventName.DATA_EXPORTED, "user", user.pk, {}), actor=actor)


@use_case
def erase_account(*, actor: Actor, proof: Proof) -> Refused | None:
    """Leave all families, whose ledgers stay as they are, and erase what is on record about the person.

    Locks their families alone, the user, the memberships and what ends with them. Raises StepUpRequired, LastOwner,
    Busy, and WrongPassword where it was changed meanwhile; one that is wrong is remembered.
    """
    person = person_of(actor)
    require_fresh(actor)
    if not proof.right:
        user = lock_person(actor)
        trail.record(Event(EventName.STEP_UP_FAILED, "user", user.pk, {}), actor=actor)
        return Refused(WrongPassword(field="password"))
    left = [told for erase in moments.erasing for told in erase(person, actor)]
    user = User.objects.get(pk=person)  # locked by then, after the families
    if not proof.holds_for(user):
        raise WrongPassword(field="password")
    if proof.reservation:
        lockout.give_back(proof.reservation)
    erasing.erase(user)
    for by, events in left:
        trail.record(*events, actor=_unseen(by))
    trail.record(Event(EventName.ACCOUNT_ERASED, "user", user.pk, {}), actor=_unseen(actor))
    return None


def _unseen(actor: Actor) -> Actor:
    """What is erased is not written down anew: from where it was done."""
    return replace(actor, address="", user_agent="", device="")
