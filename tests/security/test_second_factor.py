"""Nothing but the second factor leads past it, however calls are mixed or sent at once; what is kept tells nobody."""

import base64
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import codes, mailed, services
from accounts.authentication import SESSION_KEY, nobody
from accounts.lockout import Reservation
from accounts.models import CodePurpose, LoginSession
from accounts.services import Entered, Factor, Shown
from financebot.common.usecase import unit_of_work
from tests.accounts.app import App, protect
from tests.accounts.test_login_page import csrf_of
from tests.accounts.tools import NEW_PASSWORD, log_in
from tests.conftest import at_once, person
from tests.factories import PASSWORD
from tests.http import API, Http

pytestmark = pytest.mark.django_db

EMAIL = "ann@example.org"


@pytest.fixture
def app() -> App:
    return protect(person(email=EMAIL).user)


def test_a_new_password_by_mail_still_wants_the_second_factor(app: App):
    token = mailed.make(CodePurpose.PASSWORD_RESET, app.user)
    answer = Http().post("/auth/password/reset/confirm", token=token, new_password=NEW_PASSWORD)
    assert answer.status_code == 204
    answer = log_in(EMAIL, NEW_PASSWORD)
    assert (answer.status_code, answer.json()["two_factor_required"]) == (202, True)


def test_the_challenge_is_no_token_of_any_kind(app: App):
    challenge = app.challenge()
    for path in ("/users/me", "/auth/sessions", "/families"):
        assert Http(challenge).get(path).status_code == 401
    browser = Client()
    for name in ("session", "device"):
        browser.cookies[name] = challenge
    assert browser.get(f"{API}/users/me").status_code == 401


def test_pages_and_calls_cannot_be_mixed_into_a_log_in(app: App):
    used = app.code(1)
    assert app.enter(used).status_code == 200
    browser = Client(enforce_csrf_checks=True)
    token = csrf_of(browser.get("/login"))
    browser.post("/login", {"csrfmiddlewaretoken": token, "email": EMAIL, "password": PASSWORD})
    assert browser.get(f"{API}/users/me").status_code == 401
    body = {"challenge": browser.session["two_factor_challenge"], "code": used}
    answer = browser.post(f"{API}/auth/login/2fa", body, content_type="application/json")
    assert answer.json()["code"] == "invalid_code"
    assert browser.get("/admin/").status_code == 302
    assert SESSION_KEY not in browser.session


def dumped() -> str:
    """All that the database holds, as a thief of it reads it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr([bytes(v) if isinstance(v, memoryview) else v for v in row]) for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_dump_of_the_database_shows_no_key_no_code_and_no_challenge():
    someone = person(email=EMAIL)
    key = someone.http.post("/auth/2fa/enable").json()["secret"]
    app = App(someone.user, key, [])
    confirmed = app.code()
    paper = someone.http.post("/auth/2fa/verify", code=confirmed).json()["backup_codes"]
    challenge, used = app.challenge(), app.code(1)
    app.enter_by_paper(paper[0], app.challenge())
    app.enter("never that one", app.challenge())
    app.enter(used, challenge)
    text = dumped().lower()
    raw = base64.b32decode(key)
    secrets = {
        "the key": key,
        "its bytes": raw.hex(),
        "its bytes in base 64": base64.b64encode(raw).decode(),
        "a challenge": challenge,
        "what was typed": "never that one",
        **{f"code {number}": code for number, code in enumerate(paper)},
        **{f"code {number} in one": code.replace("-", "") for number, code in enumerate(paper)},
    }
    assert EMAIL in text
    assert [name for name, secret in secrets.items() if secret.lower() in text] == []
    assert f"'{used}'" not in text


def test_the_logs_tell_no_code_and_no_key(caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    someone = person(email=EMAIL)
    app = protect(someone.user)
    challenge = app.challenge()
    app.enter(app.wrong(), challenge)
    used = app.code()
    app.enter(used, challenge)
    app.enter_by_paper(app.backup_codes[0])
    for secret in (app.key, challenge, app.backup_codes[0]):
        assert secret not in caplog.text


# --- at once


def answered(challenge: str, code: str, factor: Factor) -> Any:
    """A try past the lockout, which lets five through."""
    shown = Shown(code, factor, Reservation({}))
    with unit_of_work():
        return services.answer_challenge(actor=nobody(), challenge=challenge, shown=shown)


def challenges(app: App, count: int) -> list[str]:
    return [app.challenge() for _ in range(count)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("factor", list(Factor))
def test_of_thirty_uses_of_one_code_at_once_exactly_one_succeeds(factor: Factor):
    app = protect(person(email=EMAIL).user)
    code = app.code() if factor is Factor.APP else app.backup_codes[0]
    outcomes = at_once([partial(answered, challenge, code, factor) for challenge in challenges(app, 30)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len([outcome for outcome in outcomes if isinstance(outcome, Entered)]) == 1
    assert LoginSession.objects.filter(user=app.user).count() == 2  # with the one of the cast


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_thirty_at_once_over_http_are_one_log_in_too():
    app = protect(person(email=EMAIL).user)
    code, given = app.code(), challenges(app, 30)
    answers = at_once([partial(app.enter, code, challenge) for challenge in given])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 29


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_thirty_backup_codes_tried_at_one_challenge_at_once_open_one_session():
    app = protect(person(email=EMAIL).user)
    challenge = app.challenge()
    outcomes = at_once([partial(answered, challenge, code, Factor.BACKUP) for code in app.backup_codes * 3])
    assert len([outcome for outcome in outcomes if isinstance(outcome, Entered)]) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_thirty_wrong_tries_at_one_challenge_at_once_are_five():
    app = protect(person(email=EMAIL).user)
    challenge = app.challenge()
    at_once([partial(answered, challenge, "nothing", Factor.BACKUP)] * 30)
    [row] = codes.usable(CodePurpose.TWO_FACTOR_CHALLENGE)
    assert row.tries == 5


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_first_code_sent_thirty_times_at_once_brings_one_set_of_backup_codes():
    someone = person(email=EMAIL)
    key = someone.http.post("/auth/2fa/enable").json()["secret"]
    code = App(someone.user, key, []).code()
    http = someone.http

    def verify() -> Any:
        with unit_of_work():
            shown = Shown(code, Factor.APP, Reservation({}))
            return services.verify_two_factor(actor=someone.actor, shown=shown)

    outcomes = at_once([verify] * 30)
    [made] = [outcome for outcome in outcomes if isinstance(outcome, list)]
    assert http.post("/auth/2fa/disable", password=PASSWORD, code=made[0]).status_code == 204


def test_old_tokens_do_not_answer_for_a_code():
    """A dead session proves nothing, whatever code comes with it."""
    someone = person(email=EMAIL)
    app = protect(someone.user)
    LoginSession.objects.update(expires_at=someone.session.created_at)
    assert someone.http.post("/auth/step-up", code=app.code()).status_code == 401
