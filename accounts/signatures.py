"""Signed requests: HMAC-SHA256 (RFC 2104) over method, address, time and body, good once and for half a minute.

docs/signatures.md has the form, test vectors, and how to sign.
"""

import hashlib
import hmac
import logging
import re
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.cache import cache

from accounts.clients import CLIENT_ID, secrets_of
from accounts.errors import SignatureInvalid, SignatureMissing, SignatureReplayed, TimestampStale
from financebot.api import trace
from financebot.common import clock
from financebot.common.errors import Overloaded

log = logging.getLogger("financebot.signatures")

AGE_MAX = 30  # seconds, before or after now
REMEMBERED_FOR = 70  # seconds: longer than one signature can be good for, which is twice AGE_MAX
TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def base_string(*, method: str, endpoint: str, timestamp: str, body: bytes, nonce: str | None = None) -> bytes:
    """What is signed. `endpoint` is the path as sent, with `?` and the query if there is one.

    It can be read in one way only: the time is never 64 characters long, the digest of the body always is.
    """
    parts = [method, endpoint, timestamp, hashlib.sha256(body).hexdigest(), *([] if nonce is None else [nonce])]
    return ":".join(parts).encode("latin-1", "replace")  # a server hands over the bytes of an address as Latin-1


def signature_of(secret: str, base: bytes) -> str:
    return hmac.digest(secret.encode(), base, "sha256").hex()


def admit(request: Any) -> None:
    """For `ApiView`, once it is known who calls: note which client signed, and refuse who had to and did not."""
    signed_by = check(request)
    if now := trace.current.get():
        now.signed_by = signed_by
    if request.auth is not None:
        demand(bound_to=request.auth.bound_to, signed_by=signed_by)
        request.auth = replace(request.auth, signed_by=signed_by)


def check(request: Any) -> str:
    """The client that signed this request; empty where it does not claim to be signed.

    Raises SignatureMissing, SignatureInvalid, TimestampStale, SignatureReplayed; Overloaded without a cache to remember
    it in: a signature that may have been used already is no proof.
    """
    meta = request.META
    if "HTTP_X_SIGNATURE" not in meta and "HTTP_X_TIMESTAMP" not in meta:
        return ""
    client, timestamp, signature = (meta.get(f"HTTP_X_{name}", "") for name in ("CLIENT_ID", "TIMESTAMP", "SIGNATURE"))
    nonce = meta.get("HTTP_X_NONCE")
    if not (client and timestamp and signature):
        raise SignatureMissing
    # A header that came twice is two values with a comma between, which none of these forms takes.
    forms = ((CLIENT_ID, client), (TIMESTAMP, timestamp), (SIGNATURE, signature))
    if not all(form.fullmatch(text) for form, text in forms) or not (nonce is None or NONCE.fullmatch(nonce)):
        raise SignatureInvalid
    secrets = secrets_of(client)
    if not secrets:
        raise SignatureInvalid
    if abs(clock.now().timestamp() - int(timestamp)) > AGE_MAX:
        raise TimestampStale
    base = base_string(
        method=request.method, endpoint=_endpoint(request), timestamp=timestamp, body=request.body, nonce=nonce
    )
    if not any([hmac.compare_digest(signature, signature_of(secret, base)) for secret in secrets]):  # noqa: C419 - all
        raise SignatureInvalid
    _remember(client, base)
    return str(client)


def demand(*, bound_to: str, signed_by: str) -> None:
    """Refuse a token of a client that signs where it comes without that client's signature, or with another's."""
    if not bound_to or signed_by == bound_to:
        return
    if signed_by:
        raise SignatureInvalid
    if settings.REQUIRE_HMAC_VERIFICATION:
        raise SignatureMissing


def _endpoint(request: Any) -> str:
    """As sent, where the server tells; else the path and the query that it made of that, quoted again."""
    raw = request.META.get("RAW_URI")
    return str(raw) if raw else str(request.get_full_path())


def _remember(client: str, base: bytes) -> None:
    digest = hashlib.sha256(client.encode() + b"\0" + base).hexdigest()
    try:
        is_first = cache.add(f"signature:{digest}", 1, timeout=REMEMBERED_FOR)
    except Exception as error:
        log.error("a signed request is refused, for it cannot be remembered: %r", error)  # noqa: TRY400 - no trace
        raise Overloaded from error
    if not is_first:
        raise SignatureReplayed
