"""Whatever is sent to the API, rightly or wrongly, is answered as its OpenAPI document says.

As each role, as a stranger and as nobody, with requests that the document allows and ones that it forbids. In short
with the other tests; with hundreds of requests for each operation and person as a slow proof.
"""

from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
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

from financebot.api.problems import MEDIA_TYPE, PROBLEMS
from ledger.verify import verify
from tests.conftest import ROLES, House
from tests.fuzz import aim
from tests.fuzz.scene import Caller
from tests.load.live import live

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = (*ROLES, "stranger", "nobody")
ENDS_SESSIONS = ("/auth/logout", "/auth/password/change", "/auth/sessions/{id}")  # each call with a token of its own
OPEN_TO_ALL = ("/auth/register", "/auth/login", "/auth/refresh")
URL_MAX = 8000  # a longer one is refused by the server, before it is a request


@pytest.fixture
def _django_db_helper(document: Any) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


@pytest.fixture(scope="module")
def document(kept_house: House) -> Iterator[Any]:
    with live(processes=1) as server:
        found = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/openapi.json")
        found.config.generation.with_security_parameters = False  # whose token it is, we say
        yield found


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

    def run(self, document: Any) -> None:
        with requests.Session() as line:
            for result in document.get_all_operations():
                operation = result.ok()
                takes = operation.path_parameters or operation.query or operation.body
                for mode in GenerationMode if takes else [GenerationMode.POSITIVE]:
                    self.caller.come_again()
                    try:
                        self.work(operation, mode, line)
                    except (Exception, FailureGroup) as error:  # noqa: BLE001 - all are shown at the end
                        self.failures.append(error)

    def work(self, operation: Any, mode: GenerationMode, line: requests.Session) -> None:
        same = self.caller.headers()

        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=aim.requests(operation, mode, self.caller.ids()))
        def answered_as_documented(case: Any) -> None:
            assume(len(requests.Request(**case.as_transport_kwargs()).prepare().url) < URL_MAX)
            headers = self.caller.headers() if operation.path.endswith(ENDS_SESSIONS) else same
            response = case.call(session=line, headers=headers)
            self.answers[operation.label, response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        answered_as_documented()


@pytest.mark.parametrize("examples", [1, pytest.param(200, marks=pytest.mark.long)], ids=["some", "hundreds"])
@pytest.mark.parametrize("name", PEOPLE)
def test_whatever_is_sent_is_answered_as_documented(document: Any, name: str, examples: int, capsys: Any):
    began = monotonic()
    fuzzer = Fuzzer(name, examples)
    fuzzer.run(document)
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
