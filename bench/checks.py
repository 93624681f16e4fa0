"""What it costs to find out who calls, as a request has it done, and to let somebody in, as the doors do it.

    .venv/bin/python bench/checks.py

Tokens of each kind of key, alone and with the one query for the session's row; signed requests with a body of 200
bytes, with their client's row and the shared cache (Redis where REDIS_URL says so) that remembers them. A log-in is
its try reserved, a comparison by a hash that costs nothing in place of bcrypt, the session, its tokens and events, both
commits; a check of the second factor the same with a code; tokens are issued alone and for a refresh token, committed.
"""

import hashlib
import hmac
import statistics
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
    found, spent = Sample(), 0.0
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        given = make()
        began, spent = time.perf_counter(), spent - time.process_time()
        try:
            check(given)
        except Exception:  # noqa: BLE001 - whatever it is, the figure does not count
            found.bad += 1
        found.times.append((time.perf_counter() - began) * 1000)
        spent += time.process_time()
    found.rate = 1000 * len(found.times) / sum(found.times)
    found.cpu = 1000 * spent / len(found.times)
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


def of_entering() -> dict[str, Callable[[], Sample]]:
    from accounts import second_factor, services, tokens, tries
    from accounts.models import TotpDevice
    from audit.trail import Actor
    from financebot.common.usecase import unit_of_work
    from tests.accounts.app import protect
    from tests.conftest import person
    from tests.factories import PASSWORD

    actor, someone, session = Actor(address="10.0.0.1"), person().user, person().session
    app = protect(person().user)
    device = TotpDevice.objects.get(user=app.user)

    def log_in(email: str) -> None:
        proof = tries.to_enter(actor, email=email, password=PASSWORD)
        with unit_of_work():
            outcome = services.log_in(actor=actor, proof=proof)
        assert isinstance(outcome, services.Entered)

    def challenged() -> tuple[str, str]:
        TotpDevice.objects.update(last_step=0)
        return second_factor.challenge(app.user, device).challenge, app.code()

    def answer(given: tuple[str, str]) -> None:
        challenge, code = given
        shown = tries.at_challenge(actor, challenge, code, services.Factor.APP)
        with unit_of_work():
            outcome = services.answer_challenge(actor=actor, challenge=challenge, shown=shown)
        assert isinstance(outcome, services.Entered)

    def refresh(token: str) -> None:
        with unit_of_work():
            outcome = services.refresh(actor=actor, claims=tokens.read_refresh(token))
        assert isinstance(outcome, tokens.Pair)

    def present() -> str:
        session.refresh_from_db()
        return tokens.pair(session).refresh_token

    return {
        "log-in, apart from bcrypt": lambda: drive(lambda: someone.email, log_in),
        "2FA, a code of the app": lambda: drive(challenged, answer),
        "tokens, a pair": lambda: drive(lambda: session, tokens.pair),
        "tokens, a pair for a refresh token": lambda: drive(present, refresh),
    }


def figure(samples: list[Sample]) -> str:
    cpu = statistics.median(sample.cpu for sample in samples)
    return f"p50 {ms(samples, 50):.2f} ms, p95 {ms(samples, 95):.2f} ms, {cpu:.2f} ms of CPU each, {bad(samples)}"


def main() -> None:
    clean_up_when_told_to_stop()
    with scratch("financebot_bench_checks"):
        from tests.conftest import person

        found = interleaved({**of_tokens(person().session), **of_signatures(), **of_entering()})
    goals = {"JWT": 2, "HMAC": 5, "log-in": 10, "2FA": 15, "tokens": 20}
    table([Row(f"{what}, {VENDOR}", figure(s), f"p95 ≤ {goals[what.split(',')[0]]} ms") for what, s in found.items()])


if __name__ == "__main__":
    main()
