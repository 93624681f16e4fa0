"""Who is calling: a bearer token or the session cookie, and behind both a `LoginSession` row that still stands."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed

from accounts.clients import bound_to
from accounts.errors import InvalidToken
from accounts.models import LoginSession, ServiceToken, User
from accounts.tokens import ServiceAccess, proof_age
from audit.trail import Actor
from financebot.api import trace
from financebot.common import clock
from financebot.common.errors import Invalid

SESSION_KEY = "login_session"
NOTE_USE_EVERY = timedelta(minutes=1)


class BearerAuthentication(JWTAuthentication):
    """A token of a person's session, or of a service, which has no person."""

    def authenticate(self, request: Request) -> tuple[User | None, Actor] | None:  # type: ignore[override]
        header = self.get_header(request)
        if header is None:
            return None
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            raise Invalid({"Authorization": [_("Send a bearer token or the session cookie, never both.")]})
        try:
            raw = self.get_raw_token(header)
            token = self.get_validated_token(raw) if raw else None
        except AuthenticationFailed as error:
            raise InvalidToken from error
        if token is None:
            raise InvalidToken
        if isinstance(token, ServiceAccess):
            return None, _service(token)
        session = LoginSession.objects.alive().of(int(token["sub"]))
        return admit(session, token["sid"], channel="api")


class CookieAuthentication(SessionAuthentication):
    """For pages: the id of the log-in lies in Django's session; every call that writes needs the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        session_id = request.session.get(SESSION_KEY)
        if session_id is None:
            return None
        found = admit(LoginSession.objects.alive(), session_id, channel="web")
        self.enforce_csrf(request)
        return found


def admit(sessions: Any, session_id: int, *, channel: str) -> tuple[User, Actor]:
    """Who has this log-in, if it still stands. Raises InvalidToken."""
    session = sessions.select_related("user").filter(pk=session_id).first()
    if session is None:
        raise InvalidToken
    _note_use(session)
    if now := trace.current.get():
        now.user = session.user_id
    return session.user, actor_of_session(session, channel=channel)


def _service(token: ServiceAccess) -> Actor:
    row = ServiceToken.objects.alive().filter(jti=token["jti"]).first()
    if row is None or (row.client, row.scope) != (token["sub"], token["scope"]):
        raise InvalidToken
    return _actor(channel="bot", token_scope=row.scope, bound_to=row.client)


def _note_use(session: LoginSession) -> None:
    """At most once a minute, and never at the price of the request."""
    now = clock.now()
    if now - session.last_used_at < NOTE_USE_EVERY:
        return
    try:
        LoginSession.objects.filter(pk=session.pk).update(last_used_at=now)
    except OperationalError:
        return


def actor_of_session(session: LoginSession, *, channel: str) -> Actor:
    return _actor(
        user=session.user_id,
        session=session.pk,
        token_scope=session.scope,
        bound_to=bound_to(session),
        proof_age=proof_age(session),
        channel="bot" if session.scope == "telegram" else channel,
    )


def nobody(*, channel: str = "api") -> Actor:
    """Somebody who has not said who they are."""
    return _actor(channel=channel)


def _actor(**known: Any) -> Actor:
    now = trace.current.get()
    if now is None:
        return Actor(**known)
    return Actor(
        client=now.client,
        device=now.device,
        signed_by=now.signed_by,
        request_id=now.request_id,
        address=now.address,
        user_agent=now.user_agent,
        languages=now.languages,
        **known,
    )
