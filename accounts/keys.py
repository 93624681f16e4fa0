"""The keys of our tokens: the present one signs; the one before it, while keys are rolled, still verifies.

They live in the environment, outside of the database: who reads or writes rows can make no token.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

RSA_BITS_MIN = 2048  # RFC 7518, 3.3


@dataclass(frozen=True, slots=True)
class Key:
    """`kid` names it and tells nothing of it; `algorithm` is the only one that it is ever used with."""

    kid: str
    algorithm: str
    verifying: Any
    signing: Any = None


def live() -> tuple[Key, ...]:
    """The key that signs, and the one before it if that still counts. ImproperlyConfigured names the bad setting."""
    return _read(
        settings.JWT_SECRET_KEY,
        settings.JWT_SECRET_KEY_PREVIOUS,
        settings.JWT_PRIVATE_KEY,
        settings.JWT_PREVIOUS_PUBLIC_KEY,
    )


def current() -> Key:
    return live()[0]


def find(kid: object) -> Key | None:
    return next((key for key in live() if key.kid == kid), None)


@lru_cache(maxsize=8)
def _read(secret: str, secret_before: str, private: str, public_before: str) -> tuple[Key, ...]:
    if secret_before and public_before:
        raise ImproperlyConfigured("Set JWT_SECRET_KEY_PREVIOUS or JWT_PREVIOUS_PUBLIC_KEY, not both.")
    found = [_own(private) if private else _shared(secret)]
    if secret_before:
        found.append(_shared(secret_before))
    if public_before:
        found.append(_foreign(public_before))
    return tuple(found)


def _shared(secret: str) -> Key:
    return Key(_digest(b"financebot.jwt\0" + secret.encode()), "HS256", secret, secret)


def _own(pem: str) -> Key:
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(f"JWT_PRIVATE_KEY is no private key in PEM without a password: {error}") from error
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise ImproperlyConfigured("JWT_PRIVATE_KEY must be an RSA or an Ed25519 key.")
    return _pair("JWT_PRIVATE_KEY", private.public_key(), private)


def _foreign(pem: str) -> Key:
    try:
        public = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ImproperlyConfigured(f"JWT_PREVIOUS_PUBLIC_KEY is no public key in PEM: {error}") from error
    if not isinstance(public, RSAPublicKey | Ed25519PublicKey):
        raise ImproperlyConfigured("JWT_PREVIOUS_PUBLIC_KEY must be an RSA or an Ed25519 key.")
    return _pair("JWT_PREVIOUS_PUBLIC_KEY", public, None)


def _pair(setting: str, public: RSAPublicKey | Ed25519PublicKey, private: Any) -> Key:
    if isinstance(public, RSAPublicKey) and public.key_size < RSA_BITS_MIN:
        raise ImproperlyConfigured(f"{setting} must have at least {RSA_BITS_MIN} bits.")
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(_digest(der), "RS256" if isinstance(public, RSAPublicKey) else "EdDSA", public, private)


def _digest(material: bytes) -> str:
    return hashlib.sha256(material).hexdigest()[:16]
