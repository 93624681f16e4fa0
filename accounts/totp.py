"""Time-based one-time passwords (RFC 6238 over RFC 4226), as every authenticator app knows them: SHA-1, 30 s, 6 digits.

Keys are base 32 text (RFC 4648), which is what apps and people are given.
"""

import base64
import hmac
import io
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

import segno
from django_otp.oath import hotp

STEP_SECONDS = 30
DIGITS = 6
KEY_BYTES = 20  # RFC 4226, 4, R6
TOLERANCE = 1  # steps either way, for clocks that differ and people who type (RFC 6238, 5.2)
ISSUER = "FinanceBot"


def new_key() -> str:
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(key: str, step: int) -> str:
    number: int = hotp(base64.b32decode(key), step, digits=DIGITS)  # type: ignore[no-untyped-call]
    return f"{number:0{DIGITS}d}"


def matching_step(key: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step that a code is of: this one or a neighbour, and later than `after`, the last one that was used."""
    here = step_at(now)
    steps = range(max(here - TOLERANCE, after + 1), here + TOLERANCE + 1)
    found = [step for step in steps if hmac.compare_digest(code_at(key, step).encode(), code.encode())]
    return min(found, default=None)


def uri(key: str, *, name: str) -> str:
    """The address that apps read from a QR code (Key Uri Format of Google Authenticator)."""
    query = {"secret": key, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{ISSUER}:{quote(name)}?{urlencode(query)}"


def qr_png(text: str) -> str:
    """A QR code of the text: the base64 of a PNG."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=5)
    return base64.b64encode(out.getvalue()).decode()
