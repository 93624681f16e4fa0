"""`manage.py create_api_client`: a secret told once, replaced without a gap, ended at once."""

import io
import json
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import ApiClient, LoginSession, ServiceToken
from accounts.services import create_client, issue_service_token
from accounts.tokens import pair
from audit.models import EventLog
from audit.names import EventName
from audit.trail import Actor
from financebot.common import clock
from financebot.common.errors import Changed
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import events
from tests.conftest import person, session_of
from tests.http import Http
from tests.signing import Signer, code_of

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("create_api_client", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def token(db):
    return pair(person().session).access_token


def signs(token, client_id, secret):
    answer = Signer(client_id, secret).sign("GET", "/users/me", token=token).send()
    assert answer.status_code == 200 or code_of(answer) == "signature_invalid"
    return answer.status_code == 200


def test_a_client_is_made_and_its_secret_told_once(token):
    made = run("reports")
    assert set(made) == {"client_id", "secret"}
    assert len(made["secret"]) >= 43
    assert signs(token, **made)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_apiclient")
        assert made["secret"] not in str(cursor.fetchall())
    assert made["secret"] not in str([(event.changes, event.private) for event in EventLog.objects.iterator()])
    [event] = events(EventName.CLIENT_CREATED)
    assert (event.entity_id, event.channel) == (ApiClient.objects.get().pk, "command")
    assert event.changes == {"client_id": [None, "reports"]}


def test_people_are_told_in_words(capsys):
    call_command("create_api_client", "reports")
    told = dict(line.split(": ") for line in capsys.readouterr().out.splitlines())
    assert set(told) == {"client_id", "secret"}


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a,b", "ä", "a\n", "x" * 61, "a/b"])
def test_an_id_that_is_none_is_refused(name):
    with pytest.raises(CommandError, match="1 to 60"):
        run(name)
    assert not ApiClient.objects.exists()


def test_a_second_client_of_that_id_is_refused(token):
    made = run("reports")
    with pytest.raises(CommandError, match="--rotate"):
        run("reports")
    assert signs(token, **made)


def test_a_new_secret_works_at_once_and_the_old_one_for_a_day_more(token):
    old = run("reports")
    new = run("reports", "--rotate")
    assert set(new) == {"client_id", "secret", "previous_until"}
    with time_machine.travel(clock.now(), tick=False) as traveller:
        assert signs(token, **old)
        assert signs(token, "reports", new["secret"])
        until = ApiClient.objects.get().previous_until
        session = LoginSession.objects.get()
        LoginSession.objects.update(expires_at=session.expires_at + timedelta(days=2))
        traveller.move_to(until - timedelta(seconds=1))
        fresh = pair(LoginSession.objects.get()).access_token
        assert signs(fresh, **old)
        traveller.move_to(until)
        assert not signs(fresh, **old)
        assert signs(fresh, "reports", new["secret"])
    assert len(events(EventName.CLIENT_ROTATED)) == 1


def test_two_secrets_at_most_count(token):
    first, second, third = run("reports"), run("reports", "--rotate"), run("reports", "--rotate")
    assert not signs(token, **first)
    assert signs(token, "reports", second["secret"])
    assert signs(token, "reports", third["secret"])


def test_the_bot_s_secret_of_the_settings_can_be_replaced_like_any_other(token, settings):
    new = run("telegram_bot", "--rotate")
    assert signs(token, "telegram_bot", settings.HMAC_SECRET_KEY)
    assert signs(token, "telegram_bot", new["secret"])
    with time_machine.travel(ApiClient.objects.get().previous_until):
        fresh = pair(session_of(LoginSession.objects.get().user)).access_token
        assert not signs(fresh, "telegram_bot", settings.HMAC_SECRET_KEY)


def test_a_client_that_is_revoked_ends_with_all_that_it_opened(token):
    made, other = run("reports"), run("others")
    run("reports", "--rotate")
    by_it, by_other, by_none = person().session, person().session, person().session
    LoginSession.objects.filter(pk=by_it.pk).update(signed_by="reports")
    LoginSession.objects.filter(pk=by_other.pk).update(signed_by="others", client="reports")
    with unit_of_work():
        issued = issue_service_token(actor=Actor(), client_id="reports")
    assert run("reports", "--revoke") == {"client_id": "reports", "revoked": True}
    assert not signs(token, **made)
    assert signs(token, **other)
    alive = LoginSession.objects.alive()
    assert {row.pk for row in alive} >= {by_other.pk, by_none.pk}
    assert not alive.filter(pk=by_it.pk).exists()
    assert not ServiceToken.objects.alive().exists()
    assert Http(issued.token).get("/users/me").json()["code"] == "invalid_token"
    assert len(events(EventName.CLIENT_REVOKED)) == 1


def test_the_bot_can_be_revoked_with_every_telegram_session_and_made_again(token, settings):
    session = person().session
    LoginSession.objects.filter(pk=session.pk).update(scope="telegram")
    run("telegram_bot", "--revoke")
    assert not LoginSession.objects.alive().filter(pk=session.pk).exists()
    assert not signs(token, "telegram_bot", settings.HMAC_SECRET_KEY)
    with pytest.raises(CommandError, match="is revoked"):
        run("telegram_bot", "--rotate")
    assert signs(token, **run("telegram_bot"))
    assert not signs(token, "telegram_bot", settings.HMAC_SECRET_KEY)


@pytest.mark.parametrize("act", ["--rotate", "--revoke"])
def test_what_is_not_there_is_said(act):
    with pytest.raises(CommandError, match="There is no client reports"):
        run("reports", act)
    run("reports")
    run("reports", "--revoke")
    with pytest.raises(CommandError, match="reports is revoked"):
        run("reports", act)


def test_one_of_both_acts():
    with pytest.raises(CommandError, match="not allowed with"):
        run("reports", "--rotate", "--revoke")


@pytest.mark.postgres
def test_of_two_who_make_it_at_once_one_does(threads):
    barrier = Barrier(2)

    def make():
        barrier.wait(timeout=30)
        with unit_of_work():
            return create_client(actor=Actor(), client_id="reports")

    outcomes = threads([make, make])
    assert sum(isinstance(outcome, Changed) for outcome in outcomes) == 1
    assert ApiClient.objects.count() == 1
