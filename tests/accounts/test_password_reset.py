"""POST /auth/password/reset and …/confirm: a lost password, without a word about who has an account."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import mailed, passwords, services
from accounts.models import CodePurpose, LoginSession, OneTimeCode, User
from accounts.tokens import pair
from audit.models import EventLog
from audit.names import EventName
from audit.trail import Actor
from delivery.models import Delivery
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import NEW_PASSWORD, PERSONAL, REFUSED_PASSWORDS, events, log_in, refresh, said
from tests.conftest import person
from tests.delivery.helpers import deliver, mailed_token
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db


def ask(email="ann@example.org", path="/auth/password/reset"):
    return Http().post(path, email=email)


def confirm(token, new=NEW_PASSWORD):
    return Http().post("/auth/password/reset/confirm", token=token, new_password=new)


def asked_and_mailed():
    ask()
    [letter] = [found for found in deliver() if found.subject == "Choose a new password"]
    return mailed_token(letter)


def test_a_link_is_mailed_and_its_token_sets_a_new_password(ann):
    assert ask(" ANN@example.org ").status_code == 204
    [letter] = deliver()
    assert letter.to == ["ann@example.org"]
    assert confirm(mailed_token(letter)).status_code == 204
    assert log_in("ann@example.org", PASSWORD).status_code == 401
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def test_a_reset_ends_every_session_on_its_next_request_and_opens_none(ann):
    phone, mine = log_in("ann@example.org").json(), pair(ann.session)
    token = asked_and_mailed()
    stranger = person()
    assert confirm(token).content == b""
    for answer in (ann.http.get("/users/me"), Http(phone["access_token"]).get("/users/me")):
        assert answer.json()["code"] == "invalid_token"
    assert [refresh(found).status_code for found in (phone["refresh_token"], mine.refresh_token)] == [401, 401]
    assert not LoginSession.objects.of(ann.user.pk).filter(revoked_at=None).exists()
    LoginSession.objects.of(ann.user.pk).update(revoked_at=None)
    assert not LoginSession.objects.alive().of(ann.user.pk).exists(), "the epoch ends them too"
    assert stranger.http.get("/users/me").status_code == 200


def test_a_reset_proves_the_address_too(ann):
    confirm(asked_and_mailed())
    assert User.objects.get(pk=ann.user.pk).email_verified_at is not None


def test_a_token_works_once(ann):
    token = asked_and_mailed()
    assert confirm(token).status_code == 204
    again = confirm(token, "another long sentence")
    assert (again.status_code, again.json()["code"]) == (400, "invalid_code")
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def deaths(ann, token, time_machine):
    def change():
        proof = passwords.prove(User.objects.get(pk=ann.user.pk), PASSWORD)
        with unit_of_work():
            services.change_password(actor=ann.actor, proof=proof, password_hash="x")

    user = User.objects.filter(pk=ann.user.pk)
    other = person(email="other@example.org")
    return {
        "nobody's": lambda: "A" * 32,
        "changed password": change,
        "another epoch": lambda: user.update(security_epoch=7),
        "another hash": lambda: user.update(password="set by a command"),
        "another address": lambda: user.update(email="new@example.org"),
        "inactive": lambda: user.update(is_active=False),
        "late": lambda: time_machine.shift(timedelta(hours=1)),
        "used": lambda: OneTimeCode.objects.update(used_at=clock.now()),
        "another purpose": lambda: mailed.make(CodePurpose.EMAIL_VERIFICATION, other.user),
        "its person is gone": lambda: OneTimeCode.objects.update(subject=999_999_999),
    }


DEATHS = [
    "nobody's",
    "changed password",
    "another epoch",
    "another hash",
    "another address",
    "inactive",
    "late",
    "used",
    "another purpose",
    "its person is gone",
]


@pytest.mark.parametrize("death", DEATHS)
def test_a_token_that_does_not_work_gets_one_answer_whatever_is_wrong_with_it(ann, death, time_machine):
    time_machine.move_to(clock.now(), tick=False)
    known = said(confirm("B" * 32))
    token = asked_and_mailed()
    found = deaths(ann, token, time_machine)[death]()
    before = list(User.objects.order_by("pk").values_list("password", "security_epoch"))
    assert said(confirm(found if isinstance(found, str) else token)) == known
    assert known[0] == 400
    assert list(User.objects.order_by("pk").values_list("password", "security_epoch")) == before


def test_a_second_before_its_hour_is_over_a_token_works(ann, time_machine):
    time_machine.move_to(clock.now(), tick=False)
    token = asked_and_mailed()
    time_machine.shift(timedelta(minutes=59, seconds=59))
    assert confirm(token).status_code == 204


@pytest.mark.parametrize("new", REFUSED_PASSWORDS.values(), ids=REFUSED_PASSWORDS.keys())
def test_a_weak_password_is_refused_and_leaves_the_token_as_it_was(new):
    user = person(**PERSONAL).user
    token = mailed.make(CodePurpose.PASSWORD_RESET, user)
    answer = confirm(token, new)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["new_password"])
    assert confirm(token).status_code == 204


def test_an_account_without_a_password_gets_one(ann):
    User.objects.filter(pk=ann.user.pk).update(password="!nothing matches this")
    assert confirm(asked_and_mailed()).status_code == 204
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def people():
    """An account of each kind that an address may have or not have."""
    person(email="known@example.org", email_verified_at=clock.now())
    person(email="unverified@example.org")
    person(email="inactive@example.org", is_active=False)
    person(email="telegram@example.org", password="!")
    return ["known@example.org", "unverified@example.org", "inactive@example.org", "telegram@example.org"]


@pytest.mark.parametrize("path", ["/auth/password/reset", "/auth/email/verify/resend"])
@pytest.mark.parametrize("mode", ["off", "optional", "required"])
def test_nobody_learns_by_asking_who_has_an_account(path, mode, settings):
    settings.EMAIL_VERIFICATION = mode
    told, done = [], []
    for email in [*people(), "nobody@example.org"]:
        with CaptureQueriesContext(connection) as captured:
            answer = ask(email, path)
        headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
        told.append((answer.status_code, answer.content, headers))
        done.append([query["sql"].split()[0] for query in captured])
    assert told == [told[0]] * len(told)
    assert told[0][:2] == (204, b"")
    assert done == [done[0]] * len(done)


def test_what_was_asked_is_remembered_without_the_address(ann):
    ask()
    ask("nobody@example.org")
    found = events(EventName.PASSWORD_RESET_ASKED)
    assert [(event.entity_type, event.entity_id, event.actor_id) for event in found] == [
        ("user", ann.user.pk, None),
        ("user", 0, None),
    ]
    assert "example.org" not in str(list(EventLog.objects.values()))


def test_neither_token_nor_password_is_in_an_event_or_a_row(ann):
    token = asked_and_mailed()
    confirm(token)
    rows = [model.objects.values() for model in (EventLog, OneTimeCode, Delivery, User)]
    assert all(word not in str([list(found) for found in rows]) for word in (token, NEW_PASSWORD))
    [event] = events(EventName.PASSWORD_RESET)
    assert (event.entity_id, event.changes) == (ann.user.pk, {})


@pytest.mark.parametrize("email", ["", "ann", "ann@", None, 7, "a\x00@example.org", "a" * 250 + "@example.org"])
def test_what_is_no_address_is_refused_for_its_shape_alone(email):
    answer = ask(email)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["email"])


@pytest.mark.postgres
def test_of_fifty_uses_of_a_token_at_once_one_succeeds(threads):
    ann = person(email="ann@example.org")
    token = mailed.make(CodePurpose.PASSWORD_RESET, ann.user)

    def use(number):
        with unit_of_work():
            services.reset_password(actor=Actor(), token=token, password_hash=f"hash {number}")
        return number

    outcomes = threads([lambda n=n: use(n) for n in range(50)])
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert {type(outcome).__name__ for outcome in outcomes} == {"int", "InvalidCode"}
    user = User.objects.get(pk=ann.user.pk)
    assert (user.password, user.security_epoch) == (f"hash {winner}", 1)


@pytest.mark.postgres
def test_of_fifty_uses_of_a_token_over_http_one_succeeds(threads):
    ann = person(email="ann@example.org")
    token = mailed.make(CodePurpose.EMAIL_VERIFICATION, ann.user)
    answers = threads([lambda: Http().post("/auth/email/verify", token=token)] * 50)
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 49
    assert len(events(EventName.EMAIL_VERIFIED)) == 1


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_a_network_asks_five_times_an_hour_whoever_it_asks_about(ann, settings, email):
    settings.RATE_LIMITS = True
    caches["default"].clear()
    answers = [ask(email) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [204] * 5 + [429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    assert ask("other@example.org").status_code == 429
    caches["default"].clear()
