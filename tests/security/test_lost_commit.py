"""A commit may fail, or its answer be lost: with a key, asking again gives one effect. Commits here are real ones."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from ledger.models import Wallet
from tests.conftest import founder_of
from tests.security.scene import contents
from tests.security.test_crash import Crash

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spend() -> Callable[[], Any]:
    """Spend five from a new family's only wallet, always with the same key."""
    http = founder_of().http
    wallet = http.post("/wallets", name="Cash", type="cash").json()["id"]
    return partial(
        http.post, "/transactions", headers={"Idempotency-Key": "once"}, from_wallet_id=wallet, amount="5.00"
    )


def balance() -> str:
    return str(Wallet.objects.get().balance)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A switch: whether the next commit fails before it happens, or after."""
    switch = {"before": False, "after": False}
    commit = connection.commit

    def failing() -> None:
        before, after = switch["before"], switch["after"]
        switch.update(before=False, after=False)
        if before:
            raise Crash
        commit()
        if after:
            raise Crash

    monkeypatch.setattr(connection, "commit", failing)
    return switch


def test_a_commit_that_fails_leaves_nothing_and_the_key_free(spend: Callable[[], Any], commits: dict[str, bool]):
    before = contents()
    commits["before"] = True
    assert spend().json()["code"] == "busy"
    assert contents() == before
    assert spend().status_code == 201
    assert balance() == "-5.0000"


def test_an_answer_that_is_lost_after_the_commit_is_given_again_to_its_key(
    spend: Callable[[], Any], commits: dict[str, bool]
):
    commits["after"] = True
    assert spend().json()["code"] == "busy"
    answer = spend()
    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (201, "true")
    assert balance() == "-5.0000"
