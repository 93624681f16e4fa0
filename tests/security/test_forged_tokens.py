"""No token that is forged or dead opens anything, wherever it is shown; and nothing falls over for it."""

import zlib

import pytest

from tests.security.forgeries import FORGERIES, forged_refreshes
from tests.security.scene import OPERATIONS, Operation, Scene, contents, faults_of, named

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.once]

GUARDED = [operation for operation in OPERATIONS if not operation.is_open]


def some(things: list, about: object, count: int) -> list:
    """A few of them, others for each `about`, and the same in every run."""
    first = zlib.crc32(str(about).encode())
    return [things[(first + step * 7919) % len(things)] for step in range(count)]


def opened(scene: Scene, operation: Operation, name: str, token: str) -> str:
    """What is wrong with the answer to this token; empty where it is the refusal that it should be."""
    answer = scene.send(operation, HTTP_AUTHORIZATION=f"Bearer {token}")
    fault = faults_of(answer)
    if fault or (answer.status_code, answer.json()["code"]) != (401, "invalid_token"):
        return f"{name} at {operation}: {answer.status_code} {fault}"
    return ""


def test_the_token_that_the_forgeries_are_made_of_opens(scene: Scene):
    assert scene.send(named("GET /users/me")).status_code == 200
    assert len(FORGERIES) >= 60


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_opens_none_of_three_operations(name: str, scene: Scene):
    token, before = FORGERIES[name](scene.owner), contents()
    assert [fault for op in some(GUARDED, name, 3) if (fault := opened(scene, op, name, token))] == []
    assert contents() == before


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_an_operation_is_opened_by_none_of_five_forged_tokens(operation: Operation, scene: Scene):
    chosen = {name: FORGERIES[name](scene.owner) for name in some(list(FORGERIES), operation, 5)}
    assert [fault for name, token in chosen.items() if (fault := opened(scene, operation, name, token))] == []


@pytest.mark.long
@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_an_operation_is_opened_by_no_forged_token(operation: Operation, scene: Scene):
    tokens = {name: forge(scene.owner) for name, forge in FORGERIES.items()}
    before = contents()
    assert [fault for name, token in tokens.items() if (fault := opened(scene, operation, name, token))] == []
    assert contents() == before


def test_a_forged_refresh_token_gives_no_other(scene: Scene):
    wrong, before = [], contents()
    refresh = named("POST /auth/refresh")
    for name, token in forged_refreshes(scene.owner):
        answer = scene.client.post(refresh.route, {"refresh_token": token}, content_type="application/json")
        if faults_of(answer) or answer.status_code not in {400, 401}:
            wrong.append(f"{name}: {answer.status_code} {faults_of(answer)}")
    assert wrong == []
    assert contents() == before
