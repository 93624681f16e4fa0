"""Whatever is sent to the API, rightly or wrongly, is answered as its OpenAPI document says.

As each role, as a stranger and as nobody, with requests that the document allows and ones that it forbids. In short
with the other tests; with dozens of requests for each operation and person as a slow proof.
"""

from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.case import Case

from financebot.api.problems import MEDIA_TYPE, PROBLEMS
from ledger.verify import verify
from tests.conftest import ROLES, House
from tests.fuzz import aim
from tests.fuzz.scene import Caller
from tests.load.live import live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

PEOPLE = (*ROLES, "stranger", "nobody")
ENDS_SESSIONS = ("/auth/logout", "/auth/password/change", "/auth/sessions/{id}")  # each call with a token of its own
OPEN_TO_ALL = (
    "/auth/register",
    "/auth/login",
    "/auth/refresh",
    "/auth/password/reset",
    "/auth/email/verify/resend",
    "/auth/oauth/google/start",
    "/auth/oauth/github/start",
)
URL_MAX = 8000  # a longer one is refused by the server, before it is a request


@pytest.fixture
def _django_db_helper(requests_made_up: Any) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


Source = tuple[Any, SearchStrategy[Case]]


@pytest.fixture(scope="module")
def requests_made_up(kept_house: House) -> Iterator[list[Source]]:
    """Of each operation what the document allows, and what it forbids where anything is taken; a server that runs."""
    with live(processes=1) as server:
        found = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")
        found.config.generation.with_security_parameters = False  # whose token it is, we say
        operations = [result.ok() for result in found.get_all_operations()]
        yield [(each, each.as_strategy(generation_mode=mode)) for each in operations for mode in modes(each)]


def modes(operation: Any) -> list[GenerationMode]:
    takes = operation.path_parameters or operation.query or operation.body
    return list(GenerationMode) if takes else [GenerationMode.POSITIVE]


def has_blanks_around(found: Any) -> bool:
    """Whether some text in it is shorter for us than it is written: blanks around it are dropped before it is read."""
    if isinstance(found, dict):
        return any(has_blanks_around(value) for value in found.values())
    if isinstance(found, list):
        return any(map(has_blanks_around, found))
    return isinstance(found, str) and found != found.strip()


def refusals_are_problems(ctx: Any, response: Any, case: Any) -> None:
    """A refusal says why, by a code that the document names for this operation and status."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == [MEDIA_TYPE]
    found = response.json()
    assert PROBLEMS[found["code"]].status == found["status"] == response.status_code
    told = case.operation.definition.raw["responses"].get(str(response.status_code), {"description": ""})
    assert found["code"] in told["description"].split(", "), f"{found['code']} is not documented"


# Of schemathesis' other checks, `positive_data_acceptance` cannot hold: that an id is one of ours, a cursor signed, a
# password hard to guess or a day not closed is more than a schema says. `ignored_auth` is what `nobody` is for, and
# `object_level_authorization` the permission table. `use_after_free` and `ensure_resource_availability` look at chains
# of calls, `missing_required_header`, `unsupported_method` and `allow_header_conformance` at requests which are not
# made here; `max_response_time` would measure the machine.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    refusals_are_problems,
]


class Fuzzer:
    """One person's requests to all operations, and what came of them."""

    def __init__(self, name: str, examples: int) -> None:
        self.caller = Caller(name)
        self.examples = examples
        self.answers: Counter[tuple[str, int]] = Counter()
        self.failures: list[BaseException] = []

    def run(self, sources: list[Source]) -> None:
        with requests.Session() as line:
            for source in sources:
                self.caller.come_again()
                try:
                    self.work(source, line)
                except (Exception, FailureGroup) as error:  # noqa: BLE001 - all are shown at the end
                    self.failures.append(error)

    def work(self, source: Source, line: requests.Session) -> None:
        operation, made_up = source
        same = self.caller.headers()

        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=aim.aimed(operation.path, made_up, self.caller.ids()))
        def answered_as_documented(case: Any) -> None:
            assume(len(requests.Request(**case.as_transport_kwargs()).prepare().url) < URL_MAX)
            assume(not has_blanks_around(case.query) and not has_blanks_around(case.body))
            headers = self.caller.headers() if operation.path.endswith(ENDS_SESSIONS) else same
            response = case.call(session=line, headers=headers)
            self.answers[operation.label, response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        answered_as_documented()


@pytest.mark.parametrize("examples", [1, pytest.param(30, marks=pytest.mark.long)], ids=["some", "many"])
@pytest.mark.parametrize("name", PEOPLE)
def test_whatever_is_sent_is_answered_as_documented(
    requests_made_up: list[Source], name: str, examples: int, capsys: Any
):
    began = monotonic()
    fuzzer = Fuzzer(name, examples)
    share = slice(PEOPLE.index(name) % 2, None, 2) if examples == 1 else slice(None)  # in short: half of all each
    fuzzer.run(requests_made_up[share])
    answers = fuzzer.answers
    with capsys.disabled():
        print(f"\n{answers.total()} requests as {name} in {monotonic() - began:.0f} s")  # noqa: T201 - for people
    assert not fuzzer.failures, "\n\n".join(map(str, fuzzer.failures))
    if name == "nobody":
        let_in = {label for label, status in answers if status < 400 and not label.endswith(OPEN_TO_ALL)}
        assert let_in == set()
    else:
        assert {status // 100 for _, status in answers} == {2, 4}
    assert list(verify()) == []
