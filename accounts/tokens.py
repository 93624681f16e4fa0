"""JSON Web Tokens (RFC 7519): what a client carries. The session row decides whether they mean anything."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import jwt
from django.conf import settings
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts import keys, moments
from accounts.clients import CLIENT_ID
from accounts.errors import InvalidToken
from accounts.models import LoginSession, ServiceToken
from financebot.common import clock

COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")  # RFC 7515, 3.1
HEADER = {"alg", "kid", "typ"}
ID = range(1, 2**63)
TURN = range(2**63)
TIME = range(1, 2**36)  # seconds, to the year 4147
PERSON = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class KeyedBackend(TokenBackend):
    """Signs with the present key; verifies with the one of ours that the header names, by that key's own algorithm.

    What the header says beyond `alg`, `kid` and `typ` (keys of its own in `jwk`, `jku`, `x5u` and `x5c`, `crit`) is
    nothing that we write, so such a token is none of ours (RFC 8725, 3.1 and 3.10).
    """

    def encode(self, payload: dict[str, Any]) -> str:
        key = keys.current()
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(claims, key.signing, algorithm=key.algorithm, headers={"kid": key.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the library's
        """The claims. TokenBackendError, whatever is wrong; nothing is ever read unverified."""
        try:
            raw = token.encode("ascii") if isinstance(token, str) else bytes(token)
            header = jwt.get_unverified_header(raw) if COMPACT.fullmatch(raw) else {}
            key = keys.find(header.get("kid"))
            if key is None or not header.keys() <= HEADER:
                raise TokenBackendError("no key of ours")
            return jwt.decode(
                raw,
                key.verifying,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options={"strict_aud": True},
            )
        except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise TokenBackendError("not a token of ours") from error


class OurToken(simplejwt.Token):
    """`numbers` and `texts`: the claims that it must have, of exactly these types, and what they may be."""

    numbers: ClassVar[Mapping[str, range]] = {"iat": TIME, "exp": TIME}
    texts: ClassVar[Mapping[str, re.Pattern[str]]] = {"sub": PERSON, "jti": re.compile(".{1,64}")}
    _token_backend = KeyedBackend(
        "HS256", issuer=str(settings.SIMPLE_JWT["ISSUER"]), audience=str(settings.SIMPLE_JWT["AUDIENCE"])
    )

    def verify(self) -> None:
        for name, allowed in self.numbers.items():
            number = self.payload.get(name)
            if type(number) is not int or number not in allowed:
                raise TokenError(f"its {name} is none of ours")
        for name, form in self.texts.items():
            text = self.payload.get(name)
            if not isinstance(text, str) or not form.fullmatch(text):
                raise TokenError(f"its {name} is none of ours")
        super().verify()  # its kind and its end


class AccessToken(OurToken):
    token_type = "access"  # noqa: S105 - a kind, not a secret
    lifetime = settings.ACCESS_TOKEN_LIFETIME
    numbers = {**OurToken.numbers, "sid": ID}
    texts = {**OurToken.texts, "scope": re.compile("[a-z_]{0,20}")}


class RefreshToken(OurToken):
    token_type = "refresh"  # noqa: S105 - a kind, not a secret
    lifetime = settings.SESSION_LIFETIME
    numbers = {**OurToken.numbers, "sid": ID, "n": TURN}


class ServiceAccess(OurToken):
    """Of a program that speaks for nobody: `sub` is its client."""

    token_type = "service"  # noqa: S105 - a kind, not a secret
    lifetime = settings.SERVICE_TOKEN_LIFETIME
    texts = {**OurToken.texts, "sub": CLIENT_ID, "scope": re.compile("[a-z_]{1,20}")}


@dataclass(frozen=True, slots=True)
class Pair:
    user_id: int
    access_token: str
    refresh_token: str
    expires_at: datetime
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
    return Pair(session.user_id, str(access), _refresh(session), datetime.fromtimestamp(access["exp"], UTC))


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


def service(row: ServiceToken) -> str:
    """The token that this row stands for."""
    token = ServiceAccess()
    token.payload.update(
        sub=row.client,
        scope=row.scope,
        jti=row.jti,
        iat=_seconds(row.issued_at),
        exp=_seconds(row.expires_at),
    )
    return str(token)


def read_refresh(text: str) -> RefreshClaims:
    """InvalidToken unless it is a refresh token of ours that has not run out."""
    try:
        payload = RefreshToken(text).payload  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken from error
    return RefreshClaims(session=payload["sid"], counter=payload["n"])


def read_access(text: str) -> tuple[int, int]:
    """Session and person of an access token of ours that has not run out; InvalidToken for anything else."""
    try:
        payload = AccessToken(text).payload  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken from error
    return payload["sid"], int(payload["sub"])


def proof_age(session: LoginSession) -> timedelta:
    return clock.now() - session.proof_at


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
