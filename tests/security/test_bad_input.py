"""Whatever is sent: never a 5xx, a refusal is a problem document of the table, and a refusal writes nothing."""

import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from rest_framework import serializers

from tests.conftest import House
from tests.factories import PASSWORD
from tests.security.scene import (
    HERE,
    OPERATIONS,
    Operation,
    Scene,
    contents,
    faults_of,
    fields_of,
    has,
    named,
    with_text,
)

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]


def worth_sending(field: serializers.Field, value: Any) -> bool:
    """Whether a field lets a value through to what comes next, or fails otherwise than by saying no."""
    try:
        field.run_validation(value)
    except serializers.ValidationError:
        return False
    except Exception:  # noqa: BLE001 - that is what the request will show
        return True
    return True


WITH_BODY = [operation for operation in OPERATIONS if operation.call.body]
WITH_QUERY = [operation for operation in OPERATIONS if operation.call.query().fields]
WITH_IDS = [operation for operation in OPERATIONS if "<id:" in operation.route]

REFUSED = {  # what the house is not in the state for
    "POST /api/v1/auth/login": "invalid_credentials",
    "POST /api/v1/auth/2fa/verify": "two_factor_on",
    "POST /api/v1/invitations/accept": "already_member",
    "POST /api/v1/families/<id:family_pk>/reopen": "changed",
}

WRONG_TYPES = ["null", "true", "0", "-1", "1.5", "1e5", "[]", "{}", "[null]", "[" * 50 + "]" * 50]
NUMBERS = [str(2**63 - 1), str(2**63), str(2**64), "9" * 4299, "0.00001", "1e-400"]
DATES = ['"0000-01-01"', '"0001-01-01"', '"10000-01-01"', '"2025-02-30"']
TEXTS = [
    '""', '"  "', '"a\\u0000b"', '"\\ud800"', '"\\u202e"', '"NaN"', '"-0.00"', '"\u0663"', f'"{"9" * 5000}"',
    f'"{"a" * 100_000}"', f'"0.{"0" * 30}1"', '"99999999999999999999.99"',
    *(f'"{wide}"' for wide in ("\ufb03" * 50, "\ufb03" * 200, "\u0390" * 100)),
]  # fmt: skip
HOSTILE = [*WRONG_TYPES, *NUMBERS, *DATES, *TEXTS]


def read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_the_bodies_that_are_spoilt_below_are_good_and_have_every_field(operation: Operation, scene: Scene):
    bodies = scene.bodies(operation)
    paths = {path for path, _ in fields_of(operation.call.body())}
    assert {path for path in paths for body in bodies if has(body, path)} == paths
    answers = [scene.attempt(operation, json.dumps(body))[0] for body in bodies]
    codes = {answer.json()["code"] if answer.status_code >= 400 else "" for answer in answers}
    assert codes == {REFUSED.get(str(operation), "")}


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_hostile_value_in_any_field_of_a_body_is_taken_or_refused_cleanly(operation: Operation, scene: Scene):
    before, faults = contents(), []
    good = [(path, field, scene.body_with(operation, path)) for path, field in fields_of(operation.call.body())]
    nonsense = json.dumps(dict.fromkeys(operation.call.body().fields, HERE))
    for value in HOSTILE:
        sent = {
            str(path): with_text(body, path, value) for path, field, body in good if worth_sending(field, read(value))
        }
        sent["everywhere"] = nonsense.replace(json.dumps(HERE), value)
        for where, raw in sent.items():
            _, fault = scene.attempt(operation, raw)
            if fault:
                faults.append(f"{value[:50]} as {where}: {fault}")
    assert faults == []
    assert contents() == before


UNREADABLE = {
    "an array": b"[]",
    "null": b"null",
    "a string": b'"text"',
    "a number": b"1",
    "half an object": b'{"name": ',
    "two objects": b"{}{}",
    "a trailing comma": b'{"name": "x",}',
    "not a number": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "an exponent that no Decimal has": b'{"name": 1e9999999999999999999}',
    "a hundred thousand brackets": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a hundred thousand braces": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested just short of what Python takes": b'{"name": ' + b"[" * 880 + b"]" * 880 + b"}",
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "an encoded surrogate": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a NUL byte": b"\x00",
    "a raw control character": b'{"name": "\x01"}',
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_body_that_is_no_json_object_is_refused_as_invalid(operation: Operation, scene: Scene):
    before, wrong = contents(), []
    for name, raw in UNREADABLE.items():
        answer, fault = scene.attempt(operation, raw)
        if fault or answer.json()["code"] != "invalid":
            wrong.append(f"{name}: {answer.status_code} {fault}")
    assert wrong == []
    assert contents() == before


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_an_empty_body_means_an_object_without_fields(operation: Operation, scene: Scene):
    empty, fault = scene.attempt(operation, b"")
    assert fault == ""
    assert scene.attempt(operation, b"{}")[0].status_code == empty.status_code


SMUGGLED = [
    "id", "user_id", "is_superuser", "is_staff", "security_epoch", "scope", "family", "state", "status", "balance",
    "held", "version", "author_id", "self_approved", "archived_at", "visibility", "closed_until", "_method",
    "__class__", "", "\x00", "\ud800", "a" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_field_that_the_operation_does_not_know_is_refused(operation: Operation, scene: Scene):
    before, taken, body = contents(), [], scene.bodies(operation)[0]
    for name in SMUGGLED:
        if name not in operation.call.body().fields:
            answer, fault = scene.attempt(operation, json.dumps({**body, name: 1}))
            if fault or answer.status_code != 400 or answer.json()["code"] != "invalid":
                taken.append(f"{name[:20]!r}: {answer.status_code} {fault}")
    assert taken == []
    assert contents() == before


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_field_given_twice_is_refused(operation: Operation, scene: Scene):
    before = contents()
    for name in operation.call.body().fields:
        body = scene.body_with(operation, (name,))
        twice = json.dumps(body)[:-1] + f", {json.dumps(name)}: {json.dumps(body[name])}}}"
        answer, fault = scene.attempt(operation, twice)
        assert (fault, answer.status_code) == ("", 400), name
    assert contents() == before


QUERY_VALUES = [
    "", " ", "0", "-1", "1.5", "1e5", "NaN", "null", "[]", "\x00", "\ud800", "\u0663", "\ufb03" * 400, "%", "9" * 40,
    "9" * 5000, "0.00001", "-0", f"0.{'0' * 30}1", str(2**63 - 1), str(2**63), str(2**64), "0000-01-01", "10000-01-01",
    "9999-12-31", "2025-02-30", "' OR 1=1 --", "eyJhIjoxfQ:1abcde:zzzz", ":::", "1e9999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize("operation", WITH_QUERY, ids=str)
def test_a_hostile_query_parameter_is_taken_or_refused_cleanly(operation: Operation, scene: Scene):
    before, faults = contents(), []
    fields = operation.call.query().fields
    for value in QUERY_VALUES:
        alone = [[name] for name, field in fields.items() if worth_sending(field, value)]
        for names in (*alone, list(fields)):
            query = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name in names)
            _, fault = scene.attempt(operation, b"", path=f"{operation.path(scene.ids(operation))}?{query}")
            if fault:
                faults.append(f"{value[:40]!r} as {names}: {fault}")
    assert faults == []
    assert contents() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_query_parameter_that_nobody_knows_is_refused(operation: Operation, scene: Scene):
    before, path = contents(), operation.path(scene.ids(operation))
    for query in ("zzz=1", "_method=DELETE", "format=api", "%00=1", "%ff=%ff", "%ed%a0%80=1"):
        answer, fault = scene.attempt(operation, path=f"{path}?{query}")
        assert (fault, answer.status_code) == ("", 400), query
    assert contents() == before


BAD_IDS = [
    "0",
    "-1",
    "1e3",
    "9" * 18,
    "9" * 19,
    str(2**63),
    str(2**64),
    "%D9%A3",
    "%00",
    "1%00",
    "1.0",
    "NaN",
    "null",
    "%ED%A0%80",
]


@pytest.mark.parametrize("operation", WITH_IDS, ids=str)
def test_an_id_in_a_path_that_can_be_nothing_is_not_found(operation: Operation, scene: Scene):
    before, ids = contents(), scene.ids(operation)
    for place in re.findall(r"<id:(\w+)>", operation.route):
        for bad in BAD_IDS:
            answer, fault = scene.attempt(operation, path=operation.path({**ids, place: bad}))
            assert (fault, answer.status_code) == ("", 404), bad
    assert contents() == before


EXPANDS = "\ufdfa" * 60  # NFKC makes eighteen characters of each


def test_an_address_that_grows_past_its_length_when_normalised_is_refused(scene: Scene):
    register = named("POST /auth/register")
    body = {"email": f"a@{EXPANDS}.{EXPANDS}.org", "password": PASSWORD}
    answer, fault = scene.attempt(register, json.dumps(body))
    assert (fault, answer.status_code) == ("", 400)


def test_an_invitation_to_an_address_that_grows_past_its_length_is_refused(scene: Scene):
    invite = named("POST /families/<id:family_pk>/invitations")
    answer, fault = scene.attempt(invite, json.dumps({"role": "member", "email": f"a@{EXPANDS}.{EXPANDS}.org"}))
    assert (fault, answer.status_code) == ("", 400)


SPELLINGS = [
    "NEW@example.org",
    "new@EXAMPLE.org",
    " new@example.org ",
    "\uff4eew@example.org",
    "new@\uff45xample.org",
    "new@example\uff0eorg",
]


@pytest.mark.parametrize("email", SPELLINGS)
def test_one_address_in_another_spelling_opens_no_second_account(email: str, scene: Scene):
    register = named("POST /auth/register")
    mark = transaction.savepoint()
    assert scene.send(register).status_code == 201
    answer = scene.send(register, json.dumps({"email": email, "password": PASSWORD}))
    transaction.savepoint_rollback(mark)
    assert (answer.status_code, answer.json()["code"] in {"email_taken", "invalid"}) == (400, True)


def test_a_limit_of_minus_zero_is_zero(scene: Scene):
    edit = named("PATCH /families/<id:family_pk>")
    answer, fault = scene.attempt(edit, '{"approval_threshold": "-0.00"}')
    assert fault == ""
    assert answer.status_code == 422 or answer.json()["approval_threshold"] == "0.00"


@pytest.mark.parametrize("holder", ["nobody", "child"])
def test_a_private_wallet_passes_neither_to_the_family_nor_to_a_child(holder: str, house: House):
    secret = house.wallets["secret"].pk
    holder_id = house.child.membership.pk if holder == "child" else None
    answer = house.adult.http.patch(f"/wallets/{secret}", holder_id=holder_id)
    assert (answer.status_code, faults_of(answer)) == (answer.status_code, "")
    assert answer.status_code in {403, 409, 422}


MISTYPED = [
    ("/auth/register", {"email": "typed@example.org", "password": 918273645546372819}, "password"),
    ("/auth/logout", {"all": "yes"}, "all"),
    ("/families", {"name": 5, "base_currency": "EUR"}, "name"),
    ("/transactions", {"from_wallet_id": "1", "amount": "1"}, "from_wallet_id"),
    ("/transactions", {"from_wallet_id": 1, "amount": "1", "draft": 1}, "draft"),
    ("/transactions", {"from_wallet_id": 1, "amount": "1", "tags": ["trip", 7]}, "tags"),
]


@pytest.mark.parametrize(("path", "body", "field"), MISTYPED, ids=[field for _, _, field in MISTYPED])
def test_a_value_of_another_json_type_than_documented_is_refused(path, body, field, house: House):
    answer = house.owner.http.post(path, **body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid", [field])


def test_a_row_of_a_bulk_of_another_type_is_refused_by_its_place(house: House):
    good = {"from_wallet_id": house.wallets["cash"].pk, "amount": "1"}
    answer = house.owner.http.post("/transactions/bulk", transactions=[good, {**good, "notes": 5}])
    assert (answer.status_code, answer.json()["errors"]) == (400, {"1": {"notes": ["Not a valid string."]}})
