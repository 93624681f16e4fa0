"""Ending log-ins."""

from accounts import binding
from accounts.models import LoginSession
from accounts.sessions import about, lock_person, lock_session, person_of, revoke
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.usecase import use_case


@use_case
def log_out(*, actor: Actor, everywhere: bool) -> None:
    """End the caller's session, or all of theirs with the binding of their chat.

    Locks the user where all end. PermissionDenied for all by a token that speaks for a chat.
    """
    if everywhere and actor.token_scope:
        raise PermissionDenied("person")
    mine = LoginSession.objects.of(person_of(actor))
    ended = binding.end(lock_person(actor).pk) if everywhere else []
    revoke(mine if everywhere else mine.filter(pk=actor.session or 0))
    changes = {"everywhere": (None, everywhere)}
    trail.record(*ended, Event(EventName.LOGGED_OUT, "session", actor.session or 0, changes), actor=actor)


@use_case
def revoke_session(*, actor: Actor, session_id: int) -> None:
    """End one of the caller's sessions; with one that speaks for their chat the binding, which would only open another.

    Raises NotFound; locks the user and the session.
    """
    user = lock_person(actor)
    session = lock_session(LoginSession.objects.alive().of(user.pk), session_id)
    if session is None:
        raise NotFound
    revoke(LoginSession.objects.filter(pk=session.pk))
    ended = binding.end(user.pk) if session.scope == binding.SCOPE else []
    trail.record(*ended, about(EventName.SESSION_REVOKED, session), actor=actor)
