"""The OpenAPI document says what there is; the pages about it need nobody else's server."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from drf_spectacular.validation import validate_schema

from financebot.api.problems import DRF_CODES, PROBLEMS
from financebot.api.views import ApiView
from financebot.common.errors import DomainError, Several
from tests.permission_table import TOKEN_CALLS
from tests.signing import Signer

OF_THE_HANDLERS = {"rate_limited", "internal_error", "body_too_large"}
PAGES = ["/docs", "/redoc", "/docs/problems"]


@pytest.fixture(scope="module")
def document():
    answer = Client().get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def routes(patterns, prefix=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        else:
            yield from routes(pattern.url_patterns, route)


def routed_calls():
    """(path, method, view, action) of every action of our API."""
    for route, callback in routes(get_resolver().url_patterns):
        view = getattr(callback, "cls", None)
        if view and issubclass(view, ApiView):
            for method, action in callback.actions.items():
                if method != "head":
                    yield "/" + re.sub(r"<[^:>]+:(\w+)>", r"{\1}", route), method, view, action


CALLS = sorted(routed_calls(), key=lambda call: call[:2])


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


REFUSALS = {error for error in subclasses(DomainError) if not error.__module__.startswith("tests")}


def test_the_document_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    validate_schema(document)


def test_there_are_calls_to_speak_of():
    assert len(CALLS) > 30


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[1]} {call[0]}")
def test_every_routed_action_stands_in_its_views_table_and_in_the_document(document, call):
    path, method, view, action = call
    assert action in view.calls
    assert method in {verb for verbs in matching(document, path) for verb in verbs}


def matching(document, path):
    """What the document says of a path, whatever its parameters are called."""
    plain = re.sub(r"{\w+}", "{}", path)
    return [verbs for known, verbs in document["paths"].items() if re.sub(r"{\w+}", "{}", known) == plain]


def test_the_document_speaks_of_nothing_else(document):
    routed = {(re.sub(r"{\w+}", "{}", path), method) for path, method, _, _ in CALLS}
    told = {(re.sub(r"{\w+}", "{}", path), verb) for path, verbs in document["paths"].items() for verb in verbs}
    assert told == routed


def operations(document):
    return [(path, verb, row) for path, verbs in document["paths"].items() for verb, row in verbs.items()]


def test_every_operation_has_a_name_of_its_own(document):
    names = [row["operationId"] for _, _, row in operations(document)]
    assert len(names) == len(set(names))


def test_every_operation_tells_of_a_success_and_of_problems(document):
    for path, verb, row in operations(document):
        assert {"200", "201", "204"} & set(row["responses"]), (verb, path)
        assert "application/problem+json" in row["responses"]["400"]["content"], (verb, path)


def test_every_answer_is_told_as_the_one_object_that_it_is(document):
    for path, verb, row in operations(document):
        for status in {"200", "201"} & set(row["responses"]):
            [(media, answer)] = row["responses"][status]["content"].items()
            is_file = media != "application/json" and answer["schema"] == {"type": "string", "format": "binary"}
            assert is_file or "$ref" in answer["schema"], (verb, path)  # a page too: an array would be a list of pages


def test_bodies_say_that_they_take_no_unknown_fields(document):
    bodies = {name: told for name, told in document["components"]["schemas"].items() if name.endswith("Request")}
    assert len(bodies) > 20
    assert [name for name, told in bodies.items() if told["additionalProperties"] is not False] == []


def test_a_bulk_tells_the_shape_of_its_rows(document):
    rows = document["components"]["schemas"]["BulkWriteRequest"]["properties"]["transactions"]
    assert rows["items"] == {"$ref": "#/components/schemas/BulkRowRequest"}
    assert (rows["minItems"], rows["maxItems"]) == (1, 1000)


def test_the_list_of_members_promises_only_what_a_child_is_given_too(document):
    assert document["components"]["schemas"]["MemberListed"]["required"] == ["first_name", "id", "role"]


def test_amounts_and_rates_may_be_numbers_in_a_body_and_are_strings_in_an_answer(document):
    shapes = document["components"]["schemas"]
    for name in ("amount", "rate"):
        taken = shapes["TransactionWriteRequest"]["properties"][name]["type"]
        assert set(taken) - {"null"} == {"string", "number"}
    assert shapes["RateRead"]["properties"]["rate"]["type"] == "string"


def test_what_needs_a_token_says_so(document):
    for path, verb, row in operations(document):
        open_to_all = f"{verb.upper()} {path.removeprefix('/api/v1/')}" in TOKEN_CALLS
        shown = {} if open_to_all else {"bearer": []}
        assert row["security"][0] == shown, (verb, path)
        assert ("401" in row["responses"]) or open_to_all, (verb, path)


def test_every_call_may_be_signed_by_the_headers_that_the_document_names(document):
    schemes = document["components"]["securitySchemes"]
    headers = {name: scheme["name"] for name, scheme in schemes.items() if scheme["type"] == "apiKey"}
    assert set(headers.values()) == Signer("reports", "secret").sign("GET", "/users/me").headers.keys()
    for path, verb, row in operations(document):
        plain, signed = row["security"]
        assert signed == {**plain, **{name: [] for name in headers}}, (verb, path)


def test_every_action_in_a_table_is_routed():
    routed = {(view, action) for _, _, view, action in CALLS}
    assert {(view, action) for view, _ in routed for action in view.calls} == routed


def test_every_refusal_of_the_domain_has_a_row():
    assert {error.code for error in REFUSALS} <= set(PROBLEMS)


def test_every_row_is_used():
    assert set(PROBLEMS) == {error.code for error in REFUSALS} | {code for _, code in DRF_CODES} | OF_THE_HANDLERS


def test_no_two_refusals_share_a_code():
    codes = [error.code for error in REFUSALS if error is not Several]  # it takes the code of one of its rows
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_row_has_a_status_and_a_sentence(code):
    problem = PROBLEMS[code]
    assert 400 <= problem.status < 600
    assert str(problem.sentence).endswith(".")


def scripts_allowed(csp):
    rules = {name: sources for name, *sources in (rule.split() for rule in csp.split(";") if rule.strip())}
    return rules.get("script-src", rules["default-src"])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_only_our_own_scripts(path):
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert scripts_allowed(answer.headers["Content-Security-Policy"]) == ["'self'"]
    html = answer.content.decode()
    assert not [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag]
    assert not re.search(r"\son\w+\s*=", html)


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_a_page_refers_to_no_foreign_host_and_all_it_needs_is_there(path):
    html = Client().get(path).content.decode()
    found = re.findall(r"""(?:src|href|spec-url|action)=["']([^"']+)["']""", html)
    assert found
    assert "//" not in html.replace("<!DOCTYPE", "")
    for link in found:
        answer = Client().get(link if link.startswith("/") else f"{path}{link}")
        assert answer.status_code == 200, link
        answer.close()


def test_the_script_of_the_docs_refers_to_no_foreign_host():
    html = Client().get("/docs").content.decode()
    [own] = [src for src in re.findall(r'<script src="([^"]+)"', html) if "static" not in src]
    script = Client().get(own if own.startswith("/") else f"/docs{own}")
    assert script.headers["Content-Type"].startswith(("application/javascript", "text/javascript"))
    assert "/openapi.json" in script.content.decode()
    assert "://" not in script.content.decode()


def test_every_problem_has_its_place_on_the_page():
    html = Client().get("/docs/problems").content.decode()
    assert {code for code in PROBLEMS if f'id="{code}"' in html} == set(PROBLEMS)


@pytest.mark.parametrize("path", ["/openapi.json", *PAGES])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "image/png"])
def test_whatever_is_asked_for_the_answer_is_a_document_or_a_problem(path, accept):
    answer = Client().get(path, headers={"accept": accept})
    if answer.status_code == 406:
        assert answer.json()["code"] == "not_acceptable"
    else:
        assert answer.status_code == 200
