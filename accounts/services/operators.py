"""What operators do with anybody's account, in the back office."""

from accounts.models import LoginSession, User
from accounts.sessions import about, lock_session, require_fresh, require_operator, revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.usecase import use_case


@use_case
def end_log_in(*, actor: Actor, session_id: int) -> None:
    """End anybody's session. Raises PermissionDenied, StepUpRequired, NotFound; locks the session."""
    require_operator(actor)
    require_fresh(actor)
    session = lock_session(LoginSession.objects.alive(), session_id)
    if session is None:
        raise NotFound
    revoke(LoginSession.objects.filter(pk=session.pk))
    trail.record(about(EventName.SESSION_REVOKED, session), actor=actor)


@use_case
def set_active(*, actor: Actor, user_id: int, active: bool) -> None:
    """Let somebody in no more, which ends all their sessions, or again, which brings none back.

    Raises PermissionDenied, also about oneself, so that there is always an operator; StepUpRequired, NotFound. Locks
    the user.
    """
    require_operator(actor)
    require_fresh(actor)
    if user_id == actor.user:
        raise PermissionDenied("operator")
    user = User.objects.lock().filter(pk=user_id).exclude(is_active=active).first()
    if user is None:
        raise NotFound
    user.is_active = active
    user.security_epoch += 1
    user.save(update_fields=["is_active", "security_epoch"])
    revoke(LoginSession.objects.of(user.pk))
    name = EventName.REACTIVATED if active else EventName.DEACTIVATED
    trail.record(Event(name, "user", user.pk, {}), actor=actor)
