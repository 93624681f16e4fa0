"""Ending all that opens an account."""

from accounts import binding
from accounts.models import LoginSession, User
from accounts.sessions import revoke
from audit.trail import Event


def end_sessions(user: User, *changed: str) -> list[Event]:
    """Save what has changed of a person, locked, and end all their log-ins, with the chat that speaks for them, which
    would only be given a new token; what that brings."""
    user.security_epoch += 1
    user.save(update_fields=[*changed, "security_epoch"])
    revoke(LoginSession.objects.of(user.pk))
    return binding.end(user.pk)
