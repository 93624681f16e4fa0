"""Binding a chat to a person who confirms the code that the bot was given for it, and speaking for it."""

from datetime import timedelta

import pytest
import time_machine

from accounts.models import LoginSession, OneTimeCode, TelegramIdentity, User
from audit.names import EventName
from financebot.common import clock
from tests.accounts.chats import NAMES, new_bot, new_chat
from tests.accounts.tools import claims_of, events
from tests.conftest import person
from tests.http import Http
from tests.signing import code_of

pytestmark = pytest.mark.django_db

CONFIRM = "/auth/telegram/confirm"


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann")


@pytest.fixture
def eve(db):
    return person(email="eve@example.org")


@pytest.fixture
def bot(db):
    return new_bot()


def told(answer):
    return answer.status_code, code_of(answer)


@pytest.mark.parametrize("link", [False, True])
def test_a_person_confirms_the_chat_that_asked(ann, bot, link):
    chat = new_chat()
    code = bot.code(chat, link=link)
    assert ("match" in code) is link
    answer = ann.http.post(CONFIRM, **code)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert set(found) == {"success", "user_id", "jwt_token", "expires_at"}
    assert (found["success"], found["user_id"]) == (True, ann.user.pk)
    identity = TelegramIdentity.objects.get()
    assert (identity.user_id, identity.chat_id) == (ann.user.pk, chat)
    assert {name: getattr(identity, name) for name in NAMES} == NAMES
    claims = claims_of(found["jwt_token"])
    assert (claims["scope"], claims["sub"]) == ("telegram", str(ann.user.pk))
    assert (
        found["expires_at"] == f"{clock.now().fromtimestamp(claims['exp'], tz=clock.now().tzinfo):%Y-%m-%dT%H:%M:%SZ}"
    )


def test_the_code_lives_for_ten_minutes_and_is_told_once(bot):
    chat = new_chat()
    typed, linked = bot.start(chat).json(), bot.start(new_chat(), link=True).json()
    assert (typed["expires_in"], linked["expires_in"]) == (600, 600)
    assert (len(typed["code"]), len(linked["code"]), len(linked["match"])) == (8, 26, 6)
    kept = str(list(OneTimeCode.objects.values()))
    for secret in (typed["code"], linked["code"], linked["match"]):
        assert secret not in kept


def test_it_is_typed_in_any_case_with_blanks_and_look_alikes(ann, bot):
    code = bot.code(new_chat())
    shown = code["code"].replace("0", "o").replace("1", "l").lower()
    typed = f" {shown[:4]}-{shown[4:]} "
    assert ann.http.post(CONFIRM, **{**code, "code": typed}).status_code == 200


@pytest.mark.parametrize("seconds", [599, 600])
def test_a_late_code_is_none(ann, bot, seconds):
    with time_machine.travel(clock.now(), tick=False) as time:
        code = bot.code(new_chat())
        time.shift(timedelta(seconds=seconds))
        LoginSession.objects.filter(pk=ann.session.pk).update(proof_at=clock.now())
        answer = ann.http.post(CONFIRM, **code)
    assert told(answer) == ((200, "") if seconds < 600 else (400, "invalid_code"))


def test_a_code_works_once_and_the_next_takes_its_place(ann, eve, bot):
    chat = new_chat()
    old, new = bot.code(chat), bot.code(chat)
    assert told(eve.http.post(CONFIRM, **old)) == (400, "invalid_code")
    assert ann.http.post(CONFIRM, **new).status_code == 200
    assert told(eve.http.post(CONFIRM, **new)) == (400, "invalid_code")


@pytest.mark.parametrize(
    "change",
    [
        {"code": "AAAAAAAA"},
        {"code": "Z" * 26},
        {"match": "000000"},
        {"match": ""},
        {"match": None},
        {"chat_id": 77},
    ],
    ids=str,
)
def test_whatever_is_wrong_gets_one_answer_and_is_remembered(ann, bot, change):
    code = bot.code(new_chat(), link=True)
    wrong = {name: value for name, value in {**code, **change}.items() if value is not None}
    if wrong.get("match") == code["match"] and "match" in change:
        wrong["match"] = "000001"
    assert told(ann.http.post(CONFIRM, **wrong)) == (400, "invalid_code")
    assert not TelegramIdentity.objects.exists()
    assert [event.entity_id for event in events(EventName.TELEGRAM_REFUSED)] == [ann.user.pk]
    assert ann.http.post(CONFIRM, **code).status_code == 200


def test_digits_for_a_code_that_has_none_are_wrong(ann, bot):
    assert told(ann.http.post(CONFIRM, **bot.code(new_chat()), match="123456")) == (400, "invalid_code")


def test_the_digits_of_another_chat_are_wrong(ann, bot):
    mine, other = bot.code(new_chat(), link=True), bot.code(new_chat(), link=True)
    if mine["match"] != other["match"]:
        assert told(ann.http.post(CONFIRM, **{**mine, "match": other["match"]})) == (400, "invalid_code")


def test_without_the_service_token_there_is_nothing(ann, bot):
    for path in ("start", "link", "authenticate", "register", "unlink"):
        assert told(Http().post(f"/auth/telegram/{path}", chat_id=1)) == (401, "not_authenticated")
        assert told(ann.http.post(f"/auth/telegram/{path}", chat_id=1)) == (403, "permission_denied")
    for path in ("get", "refresh-telegram"):
        assert told(Http().post(f"/auth/token/{path}", chat_id=1)) == (401, "not_authenticated")


def test_a_bound_chat_is_spoken_for_by_one_log_in(ann, bot):
    chat = bot.bound(ann)
    first = bot.call("/auth/telegram/authenticate", chat_id=chat).json()
    assert set(first) == {"user_id", "jwt_token", "expires_at"}
    for path in ("get", "refresh-telegram"):
        pair = bot.call(f"/auth/token/{path}", chat_id=chat).json()
        assert set(pair) == {"success", "user_id", "access_token", "refresh_token", "expires_in"}
        assert (pair["success"], pair["user_id"], pair["expires_in"]) == (True, ann.user.pk, 900)
        assert claims_of(pair["access_token"])["sid"] == claims_of(first["jwt_token"])["sid"]
    [session] = LoginSession.objects.of(ann.user.pk).of_chats()
    assert (session.signed_by, session.expires_at - session.created_at) == ("telegram_bot", timedelta(days=30))
    me = bot.speaks(chat).call("GET", "/users/me")
    assert me.json()["id"] == ann.user.pk


def test_an_unbound_chat_is_spoken_for_by_nobody(bot):
    for path in (
        "/auth/telegram/authenticate",
        "/auth/token/get",
        "/auth/token/refresh-telegram",
        "/auth/telegram/unlink",
    ):
        assert told(bot.call(path, chat_id=new_chat())) == (404, "not_found")


def test_a_chat_registers_and_comes_back(bot):
    chat = new_chat()
    made = bot.call("/auth/telegram/register", chat_id=chat, **NAMES)
    again = bot.call("/auth/telegram/register", chat_id=chat, **NAMES)
    assert (made.status_code, again.status_code) == (201, 200)
    assert set(made.json()) == {"user_id", "jwt_token", "expires_at", "created", "message"}
    assert (made.json()["created"], again.json()["created"]) == (True, False)
    assert made.json()["user_id"] == again.json()["user_id"]
    user = User.objects.get(pk=made.json()["user_id"])
    assert (user.email, user.first_name, user.has_usable_password()) == (None, "Ann", False)
    assert bot.speaks(chat).call("GET", "/users/me").json()["email"] is None


def test_unlinking_ends_the_log_ins_of_the_chat(ann, bot):
    chat = bot.bound(ann)
    speaker = bot.speaks(chat)
    assert bot.call("/auth/telegram/unlink", chat_id=chat).json() == {"success": True}
    assert told(speaker.call("GET", "/users/me")) == (401, "invalid_token")
    assert told(bot.call("/auth/telegram/authenticate", chat_id=chat)) == (404, "not_found")
    assert ann.http.get("/users/me").status_code == 200
    bot.bound(ann, chat)


def test_a_bound_chat_is_to_be_unlinked_first(ann, eve, bot):
    chat, other = new_chat(), new_chat()
    late, own = bot.code(chat), bot.code(other)
    assert eve.http.post(CONFIRM, **late).status_code == 200
    assert told(bot.start(chat)) == (409, "already_bound")
    assert told(eve.http.post(CONFIRM, **own)) == (409, "already_bound")
    assert ann.http.post(CONFIRM, **own).status_code == 200
