"""Tokens that open nothing: forged ones, made of the claims of a good one, and dead ones, which were good once."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts import keys
from accounts.models import LoginSession, User
from accounts.tokens import pair
from financebot.common import clock
from tests.accounts.tools import claims_of, compact, signed, without
from tests.conftest import Person, person

Forge = Callable[[Person], str]
OTHER = "x" * 64
HOUR = 3600
NUMBERS = ("sid", "exp", "iat")
REQUIRED = ("iss", "aud", "typ", "sub", "sid", "jti", "iat", "exp", "scope")


def good(someone: Person) -> dict[str, Any]:
    return claims_of(pair(someone.session).access_token)


def _by(change: Callable[[dict[str, Any]], str]) -> Forge:
    return lambda someone: change(good(someone))


def _header(**changes: Any) -> dict[str, Any]:
    found = {"alg": "HS256", "typ": "JWT", "kid": keys.current().kid, **changes}
    return {name: value for name, value in found.items() if value is not None}


def by_key() -> Iterator[tuple[str, Forge]]:
    """Signed by a key that is not ours, by none, or by ours in another way."""
    yield "another key", _by(lambda c: signed(c, key=OTHER))
    yield "Django's key", _by(lambda c: signed(c, key=settings.SECRET_KEY))
    yield "the key of the ciphertexts", _by(lambda c: signed(c, key=settings.ENCRYPTION_KEY))
    yield "no key", _by(lambda c: signed(c, algorithm="none"))
    for none in ("none", "None", "NONE", "", "nOnE"):
        yield f"alg {none!r}", _by(lambda c, none=none: compact(_header(alg=none), c))
        yield (
            f"alg {none!r}, unsigned",
            _by(lambda c, none=none: compact(_header(alg=none), c).rpartition(".")[0] + "."),
        )
    for name in ("HS384", "HS512"):
        yield name, _by(lambda c, name=name: signed(c, algorithm=name))
        yield f"{name} by name alone", _by(lambda c, name=name: compact(_header(alg=name), c))
    for name in ("RS256", "EdDSA", "ES256", "PS256", "dir", "hs256"):
        yield f"{name} by name alone", _by(lambda c, name=name: compact(_header(alg=name), c))
    rsa_key = rsa.generate_private_key(65537, 2048)
    yield "a key pair of RSA", _by(lambda c: signed(c, key=rsa_key, algorithm="RS256"))
    yield "a key pair of Ed25519", _by(lambda c: signed(c, key=Ed25519PrivateKey.generate(), algorithm="EdDSA"))


def by_header() -> Iterator[tuple[str, Forge]]:
    """With a good signature of ours or of a key that they bring, and a header that we do not write."""
    yield "no kid", _by(lambda c: signed(c, kid=None))
    for kid in ("", "0", "../../dev/null", "x' OR 1=1 --", "\0", "a" * 5000, "HS256"):
        yield f"kid {kid[:9]!r}", _by(lambda c, kid=kid: signed(c, kid=kid))
    for kid in (0, None, True, [], {}, [keys.current().kid], {"kid": keys.current().kid}):
        yield f"kid as {kid!r:.9}", _by(lambda c, kid=kid: compact({**_header(), "kid": kid}, c))
    brought = {
        "jwk": {"kty": "oct", "k": "eHh4"},
        "jku": "https://example.org/keys",
        "x5u": "https://example.org/keys",
        "x5c": ["MIIB"],
        "x5t": "x",
        "b64": False,
        "zip": "DEF",
        "unknown": 1,
    }
    for name, value in brought.items():
        extra = {name: value}
        yield f"{name}, our key", _by(lambda c, extra=extra: compact(_header(**extra), c))
        yield f"{name}, their key", _by(lambda c, extra=extra: compact(_header(**extra), c, key=OTHER))
    for crit in (["made-up"], ["kid"], [], "kid", ["b64"]):
        yield f"crit {crit}", _by(lambda c, crit=crit: compact({**_header(crit=crit), "made-up": 1}, c))
    for text in ("[]", "null", "1", '"x"', "{", "", "[" * 5000, '{"a":' * 1500, "\ud800", '{"alg": NaN}', "9" * 5000):
        yield f"header {text[:9]!r}", _by(lambda c, text=text: compact(text, c))


def by_form() -> Iterator[tuple[str, Forge]]:
    """Not what a token looks like."""
    yield "cut", _by(lambda c: signed(c)[:-2])
    yield "signature left out", _by(lambda c: signed(c).rpartition(".")[0] + ".")
    yield "two parts", _by(lambda c: signed(c).rpartition(".")[0])
    yield "four parts", _by(lambda c: signed(c) + ".x")
    yield "five parts", _by(lambda c: signed(c) + ".x.x")
    yield "padded", _by(lambda c: signed(c) + "=")
    yield "another's signature", lambda p: signed(good(p)).rpartition(".")[0] + "." + signed({}).rpartition(".")[2]
    yield "claims changed", lambda p: ".".join([*_parts(p)[:1], _other_claims(p), *_parts(p)[2:]])
    yield "no token", lambda p: "x"
    yield "dots", lambda p: ".."
    yield "a megabyte's beginning", lambda p: "a" * 7000
    for text in ("[]", "null", "1", '"x"', "{", "", "[" * 4000):
        yield f"claims {text[:9]!r}", lambda p, text=text: compact(_header(), text)


def _parts(someone: Person) -> list[str]:
    return signed(good(someone)).split(".")


def _other_claims(someone: Person) -> str:
    return signed(good(someone) | {"scope": "admin"}).split(".")[1]


def by_claims() -> Iterator[tuple[str, Forge]]:
    """Signed by our own key, as a mistake of ours might be: still nothing but what we write is taken."""
    for name in REQUIRED:
        yield f"without {name}", _by(lambda c, name=name: signed(without(c, name)))
        yield f"{name} null", _by(lambda c, name=name: compact(_header(), {**c, name: None}))
    wrong: dict[str, list[Any]] = {
        "iss": ["other", "", ["financebot"], 1, {"financebot": 1}],
        "aud": ["other", "", ["financebot-api"], ["financebot-api", "other"], 1],
        "typ": ["refresh", "service", "ACCESS", "", 1, ["access"]],
        "scope": ["Telegram", "a b", 1, ["telegram"], "x" * 21],
        "jti": ["", 1, "x" * 65, ["x"]],
        "sub": [5, True, [], {}, "", "abc", "-1", "0", " 1", "1 ", "٣", "1_0", "1e3", "9" * 5000, "Infinity"],
    }
    for name, values in wrong.items():
        for value in values:
            yield f"{name} {str(value)[:12]!r}", _by(lambda c, n=name, v=value: compact(_header(), {**c, n: v}))
    for name in NUMBERS:
        for value in (0, -1, True, 1.5, "1", [], {}, 2**63, 2**70, float("inf"), float("-inf"), float("nan")):
            yield f"{name} {value!r}", _by(lambda c, n=name, v=value: compact(_header(), {**c, n: v}))
    for value in (str(2**63), str(2**70)):
        yield f"sub {value}", _by(lambda c, value=value: signed(c | {"sub": value}))
    yield "not yet", _by(lambda c: signed(c | {"nbf": c["iat"] + HOUR}))
    yield "from tomorrow", _by(lambda c: signed(c | {"iat": c["iat"] + HOUR, "exp": c["exp"] + HOUR}))
    yield "nbf as text", _by(lambda c: signed(c | {"nbf": "soon"}))
    yield "nbf without end", _by(lambda c: compact(_header(), {**c, "nbf": float("inf")}))
    yield "just over", _by(lambda c: signed(c | {"exp": c["iat"]}))
    yield "long over", _by(lambda c: signed(c | {"exp": 1}))
    yield "a refresh token", lambda p: pair(p.session).refresh_token
    yield "a refresh token's claims", lambda p: signed(claims_of(pair(p.session).refresh_token))


def by_session() -> Iterator[tuple[str, Forge]]:
    """Good in every bit, of a session that stands no longer or never did."""
    yield "a session that never was", _by(lambda c: signed(c | {"sid": 2**62}))
    yield "another's session", lambda p: signed(good(p) | {"sid": person().session.pk})
    yield "another's name", lambda p: signed(good(p) | {"sub": str(person().user.pk)})
    yield "nobody's name", _by(lambda c: signed(c | {"sub": str(2**62)}))
    yield "revoked", _dead(lambda s: {"revoked_at": clock.now()})
    yield "over", _dead(lambda s: {"expires_at": clock.now()})
    yield "idle", _dead(lambda s: {"rotated_at": clock.now() - settings.SESSION_IDLE})
    yield "of an older epoch", _dead(lambda s: {"epoch": s.epoch + 1})
    yield "somebody switched off", lambda p: _switched_off()
    yield "sixteen minutes old", _old


def _dead(how: Callable[[LoginSession], dict[str, Any]]) -> Forge:
    def make(_: Person) -> str:
        session = person().session
        LoginSession.objects.filter(pk=session.pk).update(**how(session))
        return pair(session).access_token

    return make


def _switched_off() -> str:
    someone = person()
    User.objects.filter(pk=someone.user.pk).update(is_active=False)
    return pair(someone.session).access_token


def _old(someone: Person) -> str:
    with time_machine.travel(clock.now() - timedelta(minutes=16), tick=False):
        return pair(someone.session).access_token


FORGERIES: dict[str, Forge] = {
    **dict(by_key()),
    **dict(by_header()),
    **dict(by_form()),
    **dict(by_claims()),
    **dict(by_session()),
}


def forged_refreshes(someone: Person) -> Iterator[tuple[str, str]]:
    """What is no refresh token of ours, made of a good one's claims."""
    claims = claims_of(pair(someone.session).refresh_token)
    yield "an access token", pair(someone.session).access_token
    yield "an access token's claims", signed(good(someone))
    yield "another key", signed(claims, key=OTHER)
    yield "no key", signed(claims, algorithm="none")
    yield "no kid", signed(claims, kid=None)
    yield "jwk", signed(claims, jwk={"kty": "oct", "k": "eHh4"})
    yield "typ access", signed(claims | {"typ": "access"})
    for name in ("iss", "aud", "typ", "sub", "sid", "n", "jti", "iat", "exp"):
        yield f"without {name}", signed(without(claims, name))
    for name in ("sid", "n", "exp"):
        for value in ("0", -1, True, 1.5, [], 2**63, 2**70, float("inf"), float("nan")):
            yield f"{name} {value!r}", compact(_header(), {**claims, name: value})
    yield "over", signed(claims | {"exp": claims["iat"]})
    yield "not yet", signed(claims | {"nbf": claims["iat"] + HOUR})
    yield "half of a surrogate pair", json.loads('"\\ud800"')
    yield "beyond ASCII", "ä.ä.ä"
    yield "no token", "x"
