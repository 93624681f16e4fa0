"""The keys of tokens: which one signs, which ones verify, and how one follows another without ending log-ins."""

import secrets

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from rest_framework_simplejwt import tokens as simplejwt

from accounts import keys
from accounts.tokens import pair
from financebot.checks import unsafe_settings
from tests.accounts.tools import claims_of, compact, refresh, signed
from tests.http import Http

pytestmark = pytest.mark.django_db

RSA, OTHER_RSA = (rsa.generate_private_key(65537, 2048) for _ in range(2))
EDWARDS, OTHER_EDWARDS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NAMES = {RSA: "RS256", EDWARDS: "EdDSA"}


def private(key):
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def opens(token):
    return Http(token).get("/users/me").status_code == 200


def renews(token):
    return refresh(token).status_code == 200


def header(token):
    return jwt.get_unverified_header(token)


def test_both_tokens_name_the_key_that_signed_them(ann):
    made = pair(ann.session)
    for token in (made.access_token, made.refresh_token):
        assert header(token) == {"alg": "HS256", "typ": "JWT", "kid": keys.current().kid}
    assert keys.current().kid not in str(keys.current().signing)


@pytest.mark.parametrize("key", [RSA, EDWARDS], ids=NAMES.values())
def test_a_key_pair_signs_by_its_own_algorithm(ann, settings, key):
    settings.JWT_PRIVATE_KEY = private(key)
    made = pair(ann.session)
    assert {header(token)["alg"] for token in (made.access_token, made.refresh_token)} == {NAMES[key]}
    assert opens(made.access_token)
    assert renews(made.refresh_token)


ROLLS = {
    "a secret by another": (
        {"JWT_SECRET_KEY": "a" * 64},
        {"JWT_SECRET_KEY": "b" * 64},
        {"JWT_SECRET_KEY_PREVIOUS": "a" * 64},
    ),
    "RSA by Ed25519": (
        {"JWT_PRIVATE_KEY": private(RSA)},
        {"JWT_PRIVATE_KEY": private(EDWARDS)},
        {"JWT_PREVIOUS_PUBLIC_KEY": public(RSA)},
    ),
    "Ed25519 by another": (
        {"JWT_PRIVATE_KEY": private(EDWARDS)},
        {"JWT_PRIVATE_KEY": private(OTHER_EDWARDS)},
        {"JWT_PREVIOUS_PUBLIC_KEY": public(EDWARDS)},
    ),
    "a secret by RSA": (
        {"JWT_SECRET_KEY": "a" * 64},
        {"JWT_SECRET_KEY": "b" * 64, "JWT_PRIVATE_KEY": private(RSA)},
        {"JWT_SECRET_KEY_PREVIOUS": "a" * 64},
    ),
    "RSA by a secret": (
        {"JWT_PRIVATE_KEY": private(RSA)},
        {"JWT_PRIVATE_KEY": ""},
        {"JWT_PREVIOUS_PUBLIC_KEY": public(RSA)},
    ),
}


@pytest.mark.parametrize("roll", ROLLS.values(), ids=ROLLS.keys())
def test_a_key_follows_another_without_ending_a_log_in(ann, settings, roll):
    def now(given):
        for name, value in given.items():
            setattr(settings, name, value)

    first, second, before = roll
    now(first)
    old = pair(ann.session)
    now({**second, **before})
    assert opens(old.access_token)
    new = refresh(old.refresh_token).json()
    assert header(new["access_token"])["kid"] != header(old.access_token)["kid"]
    assert opens(new["access_token"])
    now(dict.fromkeys(before, ""))
    assert not opens(old.access_token)
    assert opens(new["access_token"])
    assert renews(new["refresh_token"])


def test_two_keys_at_most_are_live(settings):
    assert len(keys.live()) == 1
    settings.JWT_SECRET_KEY_PREVIOUS = "a" * 64
    assert len(keys.live()) == 2
    settings.JWT_PREVIOUS_PUBLIC_KEY = public(RSA)
    with pytest.raises(ImproperlyConfigured, match="not both"):
        keys.live()


@pytest.mark.parametrize("key", [RSA, EDWARDS], ids=NAMES.values())
def test_a_public_key_is_no_secret_to_sign_with(ann, settings, key):
    settings.JWT_PRIVATE_KEY = private(key)
    claims, kid = claims_of(pair(ann.session).access_token), keys.current().kid
    for text in (public(key), public(key).strip(), private(key)):
        forged = compact({"alg": "HS256", "typ": "JWT", "kid": kid}, claims, key=text)
        assert not opens(forged)


@pytest.mark.parametrize("previous", ["", public(OTHER_RSA)], ids=["alone", "rolling"])
def test_each_key_is_used_with_its_own_algorithm_alone(ann, settings, previous):
    settings.JWT_PRIVATE_KEY, settings.JWT_PREVIOUS_PUBLIC_KEY = private(RSA), previous
    claims, kid = claims_of(pair(ann.session).access_token), keys.current().kid
    assert opens(signed(claims))
    for algorithm in ("RS384", "RS512", "PS256"):
        assert not opens(signed(claims, algorithm=algorithm))
    assert not opens(signed(claims, algorithm="none"))
    assert not opens(signed(claims, key=settings.JWT_SECRET_KEY, algorithm="HS256"))
    assert not opens(signed(claims, key=OTHER_RSA, kid=kid))
    assert not opens(signed(claims, key=EDWARDS, algorithm="EdDSA", kid=kid))


def test_the_previous_key_verifies_under_its_own_name_alone(ann, settings):
    settings.JWT_PRIVATE_KEY, settings.JWT_PREVIOUS_PUBLIC_KEY = private(RSA), public(OTHER_RSA)
    claims = claims_of(pair(ann.session).access_token)
    current, before = (key.kid for key in keys.live())
    assert opens(signed(claims, key=OTHER_RSA, kid=before))
    assert not opens(signed(claims, key=OTHER_RSA, kid=current))
    assert not opens(signed(claims, kid=before))


def test_the_library_s_own_tokens_can_be_neither_made_nor_read():
    with pytest.raises(TypeError):
        str(simplejwt.AccessToken())


BAD = {
    "no PEM": ({"JWT_PRIVATE_KEY": "x" * 40}, "JWT_PRIVATE_KEY is no private key"),
    "a public key to sign with": ({"JWT_PRIVATE_KEY": public(RSA)}, "JWT_PRIVATE_KEY is no private key"),
    "a small key": ({"JWT_PRIVATE_KEY": private(rsa.generate_private_key(65537, 1024))}, "at least 2048 bits"),
    "a key of another kind": (
        {"JWT_PRIVATE_KEY": private(ec.generate_private_key(ec.SECP256R1()))},
        "JWT_PRIVATE_KEY must be an RSA or an Ed25519 key",
    ),
    "no PEM before": ({"JWT_PREVIOUS_PUBLIC_KEY": "x" * 40}, "JWT_PREVIOUS_PUBLIC_KEY is no public key"),
    "a private key before": ({"JWT_PREVIOUS_PUBLIC_KEY": private(RSA)}, "JWT_PREVIOUS_PUBLIC_KEY is no public key"),
    "a key of another kind before": (
        {"JWT_PREVIOUS_PUBLIC_KEY": public(ec.generate_private_key(ec.SECP256R1()))},
        "JWT_PREVIOUS_PUBLIC_KEY must be an RSA or an Ed25519 key",
    ),
    "two before": (
        {"JWT_PREVIOUS_PUBLIC_KEY": public(RSA), "JWT_SECRET_KEY_PREVIOUS": secrets.token_urlsafe(48)},
        "not both",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "named"), BAD.values(), ids=BAD.keys())
def test_a_key_that_cannot_be_used_is_named_before_anything_starts(settings, given, named):
    assert unsafe_settings() == []
    for name, value in given.items():
        setattr(settings, name, value)
    [error] = unsafe_settings()
    assert named in error.msg
    assert not [line for value in given.values() for line in value.splitlines() if line in error.msg]
