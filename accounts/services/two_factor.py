"""The second factor: begun, confirmed by its first code, taken away, its backup codes made anew."""

from accounts import lockout, second_factor
from accounts.errors import InvalidCode, TwoFactorOn, WrongPassword
from accounts.models import TotpDevice, User
from accounts.passwords import Proof
from accounts.second_factor import Shown
from accounts.sessions import lock_person, require_fresh, require_operator
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import Changed, DomainError, NotFound, PermissionDenied
from financebot.common.usecase import Refused, use_case


@use_case
def enable_two_factor(*, actor: Actor, key: str) -> TotpDevice:
    """Keep the key of an app until it shows a first code. Locks the user; raises StepUpRequired, TwoFactorOn."""
    user = lock_person(actor)
    require_fresh(actor)
    if second_factor.device_of(user):
        raise TwoFactorOn
    TotpDevice.objects.of(user.pk).delete()
    device = TotpDevice.objects.create(user=user, key=key)
    trail.record(Event(EventName.TWO_FACTOR_BEGUN, "user", user.pk, {}), actor=actor)
    return device


@use_case
def verify_two_factor(*, actor: Actor, shown: Shown) -> list[str] | Refused:
    """The first code, which turns it on and is used by that: ten backup codes. Locks the user; raises TwoFactorOn.

    A wrong code is remembered.
    """
    user = lock_person(actor)
    device = TotpDevice.objects.of(user.pk).first()
    if device and device.confirmed_at:
        raise TwoFactorOn
    if device is None or not second_factor.accept(shown, user, device):
        return _remembered(user, InvalidCode(), actor)
    TotpDevice.objects.filter(pk=device.pk).update(confirmed_at=clock.now())
    made = second_factor.make_backup_codes(user)
    trail.record(Event(EventName.TWO_FACTOR_ENABLED, "user", user.pk, {}), actor=actor)
    return made


@use_case
def disable_two_factor(*, actor: Actor, proof: Proof, code: str) -> Refused | None:
    """Take it away, for the password and a code of either kind. Locks the user; a failure is remembered."""
    user = lock_person(actor)
    if wrong := _disproved(user, proof, code):
        return _remembered(user, wrong, actor)
    second_factor.remove(user)
    trail.record(Event(EventName.TWO_FACTOR_DISABLED, "user", user.pk, {}), actor=actor)
    return None


@use_case
def take_two_factor_away(*, actor: Actor, user_id: int) -> None:
    """What an operator does for somebody who has lost app and backup codes. Locks that user.

    Raises PermissionDenied, for one's own too, which takes a code; StepUpRequired, NotFound, Changed if there is none.
    """
    require_operator(actor)
    require_fresh(actor)
    if user_id == actor.user:
        raise PermissionDenied("another_operator")
    user = User.objects.lock().filter(pk=user_id).first()
    if user is None:
        raise NotFound
    if second_factor.device_of(user) is None:
        raise Changed
    second_factor.remove(user)
    trail.record(Event(EventName.TWO_FACTOR_DISABLED, "user", user.pk, {"by_operator": (None, True)}), actor=actor)


@use_case
def renew_backup_codes(*, actor: Actor, proof: Proof, code: str) -> list[str] | Refused:
    """Ten new ones for the password and a code of either kind; the old ones are gone. Locks the user; a failure is
    remembered."""
    user = lock_person(actor)
    if wrong := _disproved(user, proof, code):
        return _remembered(user, wrong, actor)
    made = second_factor.make_backup_codes(user)
    trail.record(Event(EventName.BACKUP_CODES_MADE, "user", user.pk, {}), actor=actor)
    return made


def _disproved(user: User, proof: Proof, code: str) -> DomainError | None:
    """What is wrong with the password, or else with the code, which is used up only where both are right."""
    if not proof.holds_for(user):
        return WrongPassword(field="password")
    device = second_factor.device_of(user)
    if device is None or not second_factor.spend_as(second_factor.factor_of(code), user, device, code):
        return InvalidCode()
    if proof.reservation:
        lockout.give_back(proof.reservation)
    return None


def _remembered(user: User, wrong: DomainError, actor: Actor) -> Refused:
    trail.record(Event(EventName.TWO_FACTOR_FAILED, "user", user.pk, {}), actor=actor)
    return Refused(wrong)
