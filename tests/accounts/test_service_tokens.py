"""`manage.py issue_service_token`: a token of a program that speaks for nobody, which opens what is marked for it."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.authentication import BearerAuthentication
from accounts.models import ServiceToken
from accounts.permissions import PersonPermission
from accounts.tokens import pair
from audit.models import EventLog
from audit.names import EventName
from financebot.api.views import ANYONE, PERSON, PERSON_T, Call, Needs, any_of
from financebot.common import clock
from financebot.common.errors import PermissionDenied
from tests.accounts.tools import claims_of, events, refresh, signed, without
from tests.conftest import person
from tests.http import Http
from tests.signing import Signer, code_of

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("issue_service_token", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def issued(db):
    return run()


def called_with(token):
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {token}"})
    return BearerAuthentication().authenticate(Request(request))


def test_a_token_is_issued_for_a_year_and_told_once(issued):
    row = ServiceToken.objects.get()
    assert set(issued) == {"token", "id", "expires_at"}
    assert issued["id"] == row.pk
    assert (row.client, row.scope, row.revoked_at) == ("telegram_bot", "telegram_bot", None)
    assert row.expires_at - row.issued_at == timedelta(days=365)
    assert issued["expires_at"] == f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    claims = claims_of(issued["token"])
    assert set(claims) == {"iss", "aud", "typ", "sub", "scope", "jti", "iat", "exp"}
    assert (claims["typ"], claims["sub"], claims["scope"]) == ("service", "telegram_bot", "telegram_bot")
    assert (claims["jti"], claims["exp"]) == (row.jti, int(row.expires_at.timestamp()))
    assert issued["token"] not in str([(event.changes, event.private) for event in EventLog.objects.iterator()])
    assert [event.entity_id for event in events(EventName.SERVICE_TOKEN_ISSUED)] == [row.pk]


def test_it_is_somebody_without_a_person(issued):
    user, actor = called_with(issued["token"])
    assert user is None
    assert (actor.user, actor.family, actor.session, actor.proof_age) == (None, None, None, None)
    assert (actor.token_scope, actor.bound_to, actor.channel) == ("telegram_bot", "telegram_bot", "bot")
    assert not actor.is_clock


@pytest.mark.parametrize("needs", [PERSON, PERSON_T, any_of("view_wallets")], ids=lambda needs: needs.kind)
def test_it_may_do_nothing_that_needs_a_person_or_a_permission(issued, needs):
    with pytest.raises(PermissionDenied):
        allowed(issued["token"], needs)


@pytest.mark.parametrize("needs", [Needs("service"), ANYONE], ids=lambda needs: needs.kind)
def test_it_may_do_what_is_marked_for_it(issued, needs):
    assert allowed(issued["token"], needs)


@pytest.mark.parametrize("scope", ["", "telegram"])
def test_no_person_may_do_what_is_marked_for_it(scope):
    session = person().session
    session.scope = scope
    session.save(update_fields=["scope"])
    with pytest.raises(PermissionDenied):
        allowed(pair(session).access_token, Needs("service"))


def allowed(token, needs):
    request = Request(APIRequestFactory().get("/"))
    request.user, request.auth = called_with(token)
    view = type("View", (), {"call": Call(needs=needs)})
    return PersonPermission().has_permission(request, view)


def refused(token):
    answer = Http(token).get("/users/me")
    return answer.status_code, answer.json()["code"]


def test_it_opens_nothing_of_a_person_s(issued):
    assert refused(issued["token"]) == (403, "permission_denied")
    assert refresh(issued["token"]).status_code == 401


def test_a_revoked_one_ends_with_the_next_request(issued):
    other = run()
    assert run("--revoke", str(issued["id"])) == {"id": issued["id"], "revoked": True}
    assert refused(issued["token"]) == (401, "invalid_token")
    assert refused(other["token"]) == (403, "permission_denied")
    assert [event.entity_id for event in events(EventName.SERVICE_TOKEN_REVOKED)] == [issued["id"]]
    with pytest.raises(CommandError, match="revoked already"):
        run("--revoke", str(issued["id"]))


def test_it_lasts_for_its_year(issued):
    end = ServiceToken.objects.get().expires_at
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert refused(issued["token"]) == (403, "permission_denied")
    with time_machine.travel(end, tick=False):
        assert refused(issued["token"]) == (401, "invalid_token")


def test_the_row_decides_even_where_the_token_says_it_lasts(issued):
    ServiceToken.objects.update(expires_at=clock.now())
    assert refused(issued["token"]) == (401, "invalid_token")


CHANGES = {
    "of another client": {"sub": "others"},
    "of another scope": {"scope": "everything"},
    "of an id that never was": {"jti": "0" * 32},
    "that is a person's": {"typ": "access", "sid": 1, "sub": "1"},
    "that is a person's in name": {"typ": "access"},
    "of no client": {"sub": ""},
    "of a client that is none": {"sub": "a b"},
    "without a scope": {"scope": ""},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_one_with_other_claims_is_refused_though_we_signed_it(issued, change):
    assert refused(signed(claims_of(issued["token"]))) == (403, "permission_denied")
    assert refused(signed(claims_of(issued["token"]) | change)) == (401, "invalid_token")


@pytest.mark.parametrize("name", ["iss", "aud", "typ", "sub", "scope", "jti", "iat", "exp"])
def test_one_that_lacks_a_claim_is_refused(issued, name):
    assert refused(signed(without(claims_of(issued["token"]), name))) == (401, "invalid_token")


def test_it_is_issued_only_to_a_client_that_signs():
    with pytest.raises(CommandError, match="There is no client nobody"):
        run("--client", "nobody")
    call_command("create_api_client", "reports", stdout=io.StringIO())
    assert claims_of(run("--client", "reports")["token"])["sub"] == "reports"
    call_command("create_api_client", "reports", "--revoke", stdout=io.StringIO())
    with pytest.raises(CommandError, match="or it is revoked"):
        run("--client", "reports")


def test_what_is_not_there_cannot_be_revoked():
    with pytest.raises(CommandError, match="There is no service token 7"):
        run("--revoke", "7")


def test_it_is_worth_nothing_without_its_client_s_signature(issued, settings):
    settings.REQUIRE_HMAC_VERIFICATION = True
    assert refused(issued["token"]) == (401, "signature_missing")
    bot = Signer("telegram_bot", settings.HMAC_SECRET_KEY)
    assert code_of(bot.sign("GET", "/users/me", token=issued["token"]).send()) == "permission_denied"
