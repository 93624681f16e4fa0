"""Nothing but the second factor leads past it, however the calls are put together or sent at once."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts import codes, mailed, services
from accounts.authentication import SESSION_KEY, nobody
from accounts.lockout import Reservation
from accounts.models import CodePurpose, LoginSession, User
from accounts.services import Entered, Factor, Shown
from accounts.tokens import pair
from financebot.common.usecase import unit_of_work
from tests.accounts.app import App, protect
from tests.accounts.test_login_page import csrf_of
from tests.conftest import at_once, person
from tests.factories import PASSWORD
from tests.http import API, Http

pytestmark = pytest.mark.django_db

EMAIL = "ann@example.org"
LENGTH = 4


@dataclass
class Attacker:
    """Knows the password, codes that were used, a dead session's tokens and every challenge that was given out."""

    app: App
    used: str
    paper: str
    dead: str
    challenge: str = "A" * 32
    answers: list[Any] = field(default_factory=list)

    def register(self) -> Any:
        return Http().post("/auth/register", email=EMAIL, password=PASSWORD)

    def log_in(self) -> Any:
        answer = Http().post("/auth/login", email=EMAIL, password=PASSWORD)
        self.challenge = answer.json().get("challenge", self.challenge)
        return answer

    def refresh_the_dead(self) -> Any:
        return Http().post("/auth/refresh", refresh_token=self.dead)

    def refresh_the_challenge(self) -> Any:
        return Http().post("/auth/refresh", refresh_token=self.challenge)

    def show_a_used_code(self) -> Any:
        return self.app.enter(self.used, self.challenge)

    def show_a_used_backup_code(self) -> Any:
        return self.app.enter_by_paper(self.paper, self.challenge)

    def turn_it_off(self) -> Any:
        return Http(self.challenge).post("/auth/2fa/disable", password=PASSWORD, code=self.used)

    def reset_the_password(self) -> Any:
        """By the link in a letter, which proves who reads the mail and no more."""
        someone = User.objects.get(email=EMAIL)
        token = mailed.make(CodePurpose.PASSWORD_RESET, someone)
        return Http().post("/auth/password/reset/confirm", token=token, new_password=PASSWORD)

    def change_the_password(self) -> Any:
        return Http(self.challenge).post("/auth/password/change", current_password=PASSWORD, new_password="x" * 12)


CALLS: list[Callable[[Attacker], Any]] = [
    Attacker.log_in,
    Attacker.refresh_the_dead,
    Attacker.show_a_used_code,
    Attacker.show_a_used_backup_code,
]
MORE = [
    Attacker.register,
    Attacker.reset_the_password,
    Attacker.refresh_the_challenge,
    Attacker.turn_it_off,
    Attacker.change_the_password,
]


@pytest.fixture
def attacker() -> Attacker:
    someone = person(email=EMAIL)
    app = protect(someone.user)
    used, paper = app.code(1), app.backup_codes[0]
    assert app.enter(used).status_code == 200
    assert app.enter_by_paper(paper).status_code == 200
    LoginSession.objects.update(revoked_at=someone.session.created_at)
    return Attacker(app, used, paper, pair(someone.session).refresh_token)


def walk(attacker: Attacker, calls: list[Callable[[Attacker], Any]], length: int) -> Iterator[tuple[str, ...]]:
    """Make every sequence of calls, each after what came before it; those that brought a token or a session."""
    if not length:
        return
    for call in calls:
        mark, known = transaction.savepoint(), attacker.challenge
        before = LoginSession.objects.count()
        answer = call(attacker)
        if b"access_token" in answer.content or LoginSession.objects.count() != before:
            yield (call.__name__,)
        for rest in walk(attacker, calls, length - 1):
            yield (call.__name__, *rest)
        transaction.savepoint_rollback(mark)
        attacker.challenge = known


def test_no_sequence_of_calls_brings_a_token_without_the_second_factor(attacker: Attacker):
    assert list(walk(attacker, CALLS, LENGTH)) == []
    assert list(walk(attacker, [*CALLS, *MORE], 2)) == []
    attacker.log_in()
    assert attacker.app.enter_by_paper(attacker.app.backup_codes[1], attacker.challenge).status_code == 200


def test_a_new_password_by_mail_still_wants_the_second_factor(attacker: Attacker):
    assert attacker.reset_the_password().status_code == 204
    answer = attacker.log_in()
    assert (answer.status_code, answer.json()["two_factor_required"]) == (202, True)


def test_the_walk_would_notice_a_token(attacker: Attacker):
    def right(found: Attacker) -> Any:
        return found.app.enter_by_paper(found.app.backup_codes[1], found.challenge)

    assert list(walk(attacker, [Attacker.log_in, right], 2)) == [("log_in", "right")]


def test_the_challenge_is_no_token_of_any_kind(attacker: Attacker):
    attacker.log_in()
    for path in ("/users/me", "/auth/sessions", "/families"):
        assert Http(attacker.challenge).get(path).status_code == 401
    browser = Client()
    for name in ("session", "device"):
        browser.cookies[name] = attacker.challenge
    assert browser.get(f"{API}/users/me").status_code == 401


def test_pages_and_calls_cannot_be_mixed_into_a_log_in(attacker: Attacker):
    browser = Client(enforce_csrf_checks=True)
    token = csrf_of(browser.get("/login"))
    browser.post("/login", {"csrfmiddlewaretoken": token, "email": EMAIL, "password": PASSWORD})
    assert browser.get(f"{API}/users/me").status_code == 401
    body = {"challenge": browser.session["two_factor_challenge"], "code": attacker.used}
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


def test_old_tokens_do_not_answer_for_a_code(attacker: Attacker):
    """A dead session proves nothing, whatever code comes with it."""
    session = LoginSession.objects.filter(user=attacker.app.user).earliest("pk")
    LoginSession.objects.filter(pk=session.pk).update(expires_at=session.created_at + timedelta(days=1))
    http = Http(pair(session).access_token)
    assert http.post("/auth/step-up", code=attacker.app.code(1)).status_code == 401
