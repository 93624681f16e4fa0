"""What people change of their own account."""

from typing import Any

from accounts import binding, lockout
from accounts.errors import WrongPassword
from accounts.models import LoginSession, User
from accounts.passwords import Proof
from accounts.sessions import lock_person, revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import PreconditionFailed
from financebot.common.masking import mask_phone
from financebot.common.usecase import Refused, use_case


@use_case
def change_password(*, actor: Actor, proof: Proof, password_hash: str) -> Refused | None:
    """A new password; all other sessions and the chat's binding end. Locks the user; a failure is remembered."""
    user = lock_person(actor)
    if not proof.holds_for(user):
        trail.record(Event(EventName.PASSWORD_CHANGE_FAILED, "user", user.pk, {}), actor=actor)
        return Refused(WrongPassword(field="current_password"))
    if proof.reservation:
        lockout.give_back(proof.reservation)
    user.password = password_hash
    user.security_epoch += 1
    user.save(update_fields=["password", "security_epoch"])
    mine = LoginSession.objects.of(user.pk)
    revoke(mine.exclude(pk=actor.session or 0))
    mine.filter(pk=actor.session or 0).update(epoch=user.security_epoch, proof_at=clock.now())
    ended = binding.end(user.pk)
    trail.record(*ended, Event(EventName.PASSWORD_CHANGED, "user", user.pk, {}), actor=actor)
    return None


@use_case
def edit_profile(*, actor: Actor, changes: dict[str, Any], version: int | None) -> User:
    """Names, phone, language, time zone. Locks the user; PreconditionFailed if it is not the version that was seen."""
    user = lock_person(actor)
    if version is not None and version != user.version:
        raise PreconditionFailed
    before = {field: getattr(user, field) for field in changes}
    for field, value in changes.items():
        setattr(user, field, value)
    user.version += 1
    user.save(update_fields=[*changes, "version"])
    texts = {field: (_told(field, before[field]), _told(field, value)) for field, value in changes.items()}
    trail.record(Event(EventName.PROFILE_EDITED, "user", user.pk, {}, texts), actor=actor)
    return user


def _told(field: str, value: str | None) -> str | None:
    """What an event says of it: a number is encrypted, so it is written down nowhere else."""
    return mask_phone(value) if field == "phone" and value else value
