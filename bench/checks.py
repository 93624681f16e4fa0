"""What it costs to find out who calls: the check of a token and of a signature, as a request has it done.

    .venv/bin/python bench/checks.py

Tokens of each kind of key, alone and with the one query for the session's row; signed requests with a body of 200
bytes, with their client's row and the shared cache (Redis where REDIS_URL says so) that remembers them.
"""

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from typing import Any

from common import (
    SECONDS,
    VENDOR,
    Row,
    Sample,
    bad,
    clean_up_when_told_to_stop,
    interleaved,
    ms,
    scratch,
    table,
)

BODY = b"x" * 200
PATH = "/api/v1/transactions"


def drive(make: Callable[[], Any], check: Callable[[Any], Any]) -> Sample:
    """`check` of what `make` makes, over and over; the making is not timed."""
    found = Sample()
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        given = make()
        began = time.perf_counter()
        try:
            check(given)
        except Exception:  # noqa: BLE001 - whatever it is, the figure does not count
            found.bad += 1
        found.times.append((time.perf_counter() - began) * 1000)
    found.rate = 1000 * len(found.times) / sum(found.times)
    return found


def keys() -> dict[str, dict[str, str]]:
    """Settings of each kind of key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    def pem(key: Any) -> str:
        pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, pkcs8, plain).decode()

    return {
        "HS256": {"JWT_PRIVATE_KEY": ""},
        "RS256, 2048 bits": {"JWT_PRIVATE_KEY": pem(rsa.generate_private_key(65537, 2048))},
        "EdDSA": {"JWT_PRIVATE_KEY": pem(ed25519.Ed25519PrivateKey.generate())},
    }


def of_tokens(session: Any) -> dict[str, Callable[[], Sample]]:
    from django.test import RequestFactory, override_settings
    from rest_framework.request import Request

    from accounts.authentication import BearerAuthentication
    from accounts.tokens import AccessToken, pair

    def with_key(given: dict[str, str], run: Callable[[str], Sample]) -> Callable[[], Sample]:
        def measure() -> Sample:
            with override_settings(**given):
                return run(pair(session).access_token)

        return measure

    def alone(token: str) -> Sample:
        return drive(lambda: token, AccessToken)

    def with_the_row(token: str) -> Sample:
        request = RequestFactory().get(PATH, headers={"Authorization": f"Bearer {token}"})
        return drive(lambda: Request(request), BearerAuthentication().authenticate)

    found = {f"JWT, {name}": with_key(given, alone) for name, given in keys().items()}
    return {**found, "JWT, HS256, and its session's row": with_key({"JWT_PRIVATE_KEY": ""}, with_the_row)}


def of_signatures() -> dict[str, Callable[[], Sample]]:
    from django.test import RequestFactory

    from accounts.services import create_client
    from accounts.signatures import check
    from audit.trail import Actor
    from financebot.common.usecase import unit_of_work

    with unit_of_work():
        made = create_client(actor=Actor(channel="command"), client_id="bench")
    factory = RequestFactory()

    def signed() -> Any:
        now, nonce = str(int(time.time())), uuid.uuid4().hex
        base = f"POST:{PATH}:{now}:{hashlib.sha256(BODY).hexdigest()}:{nonce}"
        signature = hmac.new(made.secret.encode(), base.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Client-Id": "bench", "X-Timestamp": now, "X-Nonce": nonce, "X-Signature": signature}
        return factory.post(PATH, BODY, content_type="application/json", headers=headers, RAW_URI=PATH)

    return {"HMAC, its client's row, the cache": lambda: drive(signed, check)}


def main() -> None:
    clean_up_when_told_to_stop()
    with scratch("financebot_bench_checks"):
        from tests.conftest import person

        found = interleaved({**of_tokens(person().session), **of_signatures()})
    goals = {"JWT": "p95 ≤ 2 ms", "HMAC": "p95 ≤ 5 ms"}
    table(
        [
            Row(
                f"{what}, {VENDOR}",
                f"p50 {ms(s, 50):.2f} ms, p95 {ms(s, 95):.2f} ms, {bad(s)}",
                goals[what.split(",")[0]],
            )
            for what, s in found.items()
        ]
    )


if __name__ == "__main__":
    main()
