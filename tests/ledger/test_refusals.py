"""Every refusal that an operation's table names, provoked over HTTP: code, field to blame, and no trace of it."""

from typing import Any

import pytest

from families.errors import FamilyArchived
from families.viewsets import FamilyViewSet
from financebot.api.problems import PROBLEMS
from financebot.common.errors import DomainError
from tests.accounts.chats import new_bot
from tests.conftest import House
from tests.http import Http
from tests.ledger.refusals import RECORDED
from tests.ledger.refusals_of_entries import STANDING
from tests.ledger.refusals_of_wallets import THINGS
from tests.permission_rows import archived_family, invitation
from tests.refusals import PEOPLE, Refusal
from tests.refusals_of_telegram import TELEGRAM
from tests.security.scene import OPERATIONS, Operation, Scene, contents

pytestmark = pytest.mark.django_db

REFUSALS = [*PEOPLE, *RECORDED, *STANDING, *THINGS, *TELEGRAM]
STATUSES = {400, 409, 422}
KEYS = {"idempotency_key_reused", "idempotency_in_progress"}  # tests/wire/test_idempotency.py
BY_PROVIDERS = {"login_not_begun", "account_not_linked"}  # and what else those calls name: test_oauth.py
EVERYWHERE = {"invalid", "family_archived", *KEYS, *BY_PROVIDERS}  # test_bad_input.py, test_refused_shapes.py, below
OF_2FA = {"2fa/verify", "2fa/disable", "2fa/backup-codes"}
OF_CHATS = {"telegram/confirm", "telegram/link"}
PROOFS = {"step-up", "password/change", "users/me", *OF_2FA, *OF_CHATS}  # tries at them are counted


def name_of(operation: Operation) -> str:
    return f"{operation.method} {operation.route.removeprefix('/api/v1/')}"


def codes_of(operation: Operation) -> set[str]:
    named = {problem.code for problem in operation.call.problems}
    return {code for code in named - EVERYWHERE if PROBLEMS[code].status in STATUSES}


def test_every_refusal_that_a_table_names_has_a_row_and_every_row_is_named():
    named = {(name_of(operation), code) for operation in OPERATIONS for code in codes_of(operation)}
    named = {(operation, code) for operation, code in named if "oauth" not in operation}
    assert {(row.operation, row.code) for row in REFUSALS} == named


def test_every_refusal_that_there_is_has_a_row():
    def classes(kind: type[DomainError]) -> set[str]:
        own = {kind.code} if "code" in vars(kind) else set()
        return own.union(*(classes(below) for below in kind.__subclasses__()))

    found = {code for code in classes(DomainError) if PROBLEMS[code].status in STATUSES}
    assert found == {row.code for row in REFUSALS} | EVERYWHERE


def fields_of(errors: dict[str, Any]) -> list[str]:
    """Fields with something said about them; those of a row in a bulk after its place."""
    found = []
    for name, said in errors.items():
        found += [f"{name}.{field}" for field in said] if isinstance(said, dict) else [name]
    return found


def remembered(row: Refusal) -> set[str]:
    """The tables in which a refusal leaves something on purpose."""
    if row.operation.split()[1].removeprefix("auth/") not in PROOFS:
        return set()
    if row.code == "already_bound":  # the code was right, and was tried
        return {"accounts_loginthrottle", "accounts_onetimecode", "audit_eventlog"}
    return {"accounts_loginthrottle"} | (
        {"audit_eventlog"} if row.code in {"wrong_password", "invalid_code"} else set()
    )


@pytest.mark.parametrize("row", REFUSALS, ids=str)
def test_a_refusal_says_what_is_wrong_and_leaves_no_trace(row: Refusal, house: House):
    pk, body = row.call(house)
    path = row.operation.split()[1].replace("<id:family_pk>", str(house.family.pk)).replace("<id:pk>", str(pk))
    client = Http(new_bot().token) if row.by == "bot" else house.people[row.by].http
    before = contents()
    answer = client.call(row.operation.split()[0].lower(), f"/{path}", body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (PROBLEMS[row.code].status, row.code), problem
    assert fields_of(problem.get("errors", {})) == ([row.field] if row.field else [])
    after = contents()
    assert {table for table in after if after[table] != before[table]} == remembered(row)


OF_A_FAMILY = [op for op in OPERATIONS if op.method != "GET" and issubclass(op.view, FamilyViewSet)]
WRITES = [op for op in OF_A_FAMILY if op.route != "/api/v1/families/<id:family_pk>/restore"]


@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_nothing_is_written_in_an_archived_family(operation: Operation, house: House):
    scene = Scene(house)
    archived_family(house)
    before = contents()
    answer = scene.send(operation)
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")
    assert FamilyArchived in operation.call.problems
    assert contents() == before


def test_nobody_joins_an_archived_family(house: House):
    token = invitation(house, "owner").token
    archived_family(house)
    before = contents()
    answer = house.stranger.http.post("/invitations/accept", token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")
    assert contents() == before
