"""JSON Web Tokens (RFC 7519): what a client carries. The session row decides whether they mean anything."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.exceptions import TokenError

from accounts import moments
from accounts.errors import InvalidToken
from accounts.models import LoginSession
from financebot.common import clock


class AccessToken(simplejwt.AccessToken):
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(simplejwt.Token):
    token_type = "refresh"  # noqa: S105 - a kind, not a secret
    lifetime = settings.SESSION_LIFETIME


@dataclass(frozen=True, slots=True)
class Pair:
    user_id: int
    access_token: str
    refresh_token: str
    expires_in: int = int(settings.ACCESS_TOKEN_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    session: int
    counter: int


def pair(session: LoginSession) -> Pair:
    access = AccessToken()
    access["sub"] = str(session.user_id)
    access["sid"] = session.pk
    access["scope"] = session.scope
    for claims in moments.claims:
        access.payload.update(claims(session.user_id))
    return Pair(session.user_id, str(access), _refresh(session))


def _refresh(session: LoginSession) -> str:
    """The token of the session's present counter: the same bytes whenever it is built."""
    token = RefreshToken()
    token.payload.update(
        sub=str(session.user_id),
        sid=session.pk,
        n=session.refresh_counter,
        jti=hashlib.sha256(f"{session.pk}:{session.refresh_counter}".encode()).hexdigest()[:32],
        iat=_seconds(session.rotated_at),
        exp=_seconds(min(session.rotated_at + settings.SESSION_IDLE, session.expires_at)),
    )
    return str(token)


def read_refresh(text: str) -> RefreshClaims:
    """InvalidToken unless it is a refresh token of ours that has not run out."""
    try:
        payload = RefreshToken(text).payload  # type: ignore[arg-type]
    except (TokenError, TypeError, ValueError) as error:
        raise InvalidToken from error
    return RefreshClaims(session=claim_of(payload, "sid"), counter=claim_of(payload, "n", least=0))


def proof_age(session: LoginSession) -> timedelta:
    return clock.now() - session.proof_at


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def claim_of(token: Any, name: str, *, least: int = 1) -> int:
    """A claim that holds one of our numbers; InvalidToken when it is anything else."""
    try:
        value = int(token[name])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InvalidToken from error
    if not least <= value < 2**63:
        raise InvalidToken
    return value
