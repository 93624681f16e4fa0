"""Every operation × everybody: over HTTP, and again by the use cases alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import LoginSession
from accounts.services import issue_service_token
from audit.trail import Actor
from families.access import look
from families.roles import TABLE, P
from financebot.api.problems import PROBLEMS
from financebot.common.errors import DomainError
from financebot.common.usecase import Refused, unit_of_work
from tests.conftest import House
from tests.http import Http
from tests.permission_rows import PEOPLE
from tests.permission_table import ROWS, TOKEN_CALLS
from tests.routes import operations

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.once]
ROUTED = {
    f"{method} {route.removeprefix('api/v1/')}": view.calls[action] for method, route, view, action in operations()
}


def client(house: House, who: str) -> Http:
    return house.people[who].http if who in house.people else Http()


def actor(house: House, who: str) -> Actor:
    """The person, saying that they act in this family, whatever they are in it."""
    if who not in house.people:
        return Actor(family=house.family.pk)
    return replace(house.people[who].actor, family=house.family.pk)


def test_every_operation_has_a_row_and_every_row_an_operation():
    assert {row.operation for row in ROWS} == set(ROUTED)


def test_every_permission_has_a_call():
    assert {name for call in ROUTED.values() for name in call.needs.permissions} == set(P) == set(TABLE)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everybody_gets_from_the_api_what_the_table_says(house, row, who):
    path, body = row.call(house, who)
    answer = client(house, who).call(row.operation.split()[0].lower(), path, body)
    assert answer.status_code == row.status(who), answer.content
    if answer.status_code >= 400:
        problem = answer.json()
        assert PROBLEMS[problem["code"]].status == answer.status_code
        if answer.status_code == 404:
            assert problem["code"] == "not_found"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", [row for row in ROWS if row.work], ids=str)
def test_everybody_gets_from_the_use_case_what_the_table_says(house, row, who):
    found = 200
    work = row.work(house, who, actor(house, who))
    try:
        with unit_of_work():
            outcome = work()
        if isinstance(outcome, Refused):
            found = PROBLEMS[outcome.problem.code].status
    except DomainError as error:
        found = PROBLEMS[error.code].status
    if who == "nobody":
        assert found in {401, 404}, "without a person there is no family"
    else:
        assert found // 100 == row.status(who) // 100 == 2 or found == row.status(who)


@pytest.mark.parametrize("row", [row for row in ROWS if row.status("owner") < 300], ids=str)
def test_an_old_proof_is_not_enough_where_the_table_wants_a_step_up(house, row):
    path, body = row.call(house, "owner")
    owner = client(house, "owner")
    session = LoginSession.objects.filter(pk=house.owner.session.pk)
    session.update(proof_at=house.owner.session.proof_at - timedelta(minutes=10))
    answer = owner.call(row.operation.split()[0].lower(), path, body)
    call = ROUTED[row.operation]
    name = row.permission or next(iter(call.needs.permissions), None)
    if call.fresh or (name and TABLE[P(name)].step_up):
        assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    else:
        assert answer.status_code == row.status("owner")


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.status("owner") < 300 and row.operation not in TOKEN_CALLS], ids=str
)
def test_a_telegram_token_reaches_only_what_is_marked_for_it(house, row):
    LoginSession.objects.filter(pk=house.owner.session.pk).update(scope="telegram")
    path, body = row.call(house, "owner")
    answer = client(house, "owner").call(row.operation.split()[0].lower(), path, body)
    if row.telegram:
        assert answer.status_code == row.status("owner")
    else:
        assert answer.status_code in {403, 404}, "what it may not do, or not even see"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_service_token_reaches_only_what_is_marked_for_it(house, row):
    """What anyone may call looks at no token, so there it is as good as none."""
    with unit_of_work():
        token = issue_service_token(actor=Actor(), client_id="telegram_bot").token
    path, body = row.call(house, "nobody")
    answer = Http(token).call(row.operation.split()[0].lower(), path, body)
    kind = ROUTED[row.operation].needs.kind
    if kind == "anyone":
        assert answer.status_code == row.status("nobody")
    elif "service" not in kind:
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_session_without_any_proof_never_counts_as_fresh(house):

    assert not look(replace(house.owner.actor, proof_age=None), family=house.family.pk).fresh
