"""Nobody gets a token by naming a chat, nobody is bound unawares, and what speaks for a chat does no more than that."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from queue import Queue
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.cache import caches
from django.db import IntegrityError, transaction

from accounts import services
from accounts.binding import Chat, Offered
from accounts.models import LoginSession, OneTimeCode, ServiceToken, TelegramIdentity, User
from accounts.tokens import pair
from audit.access_log import CAPACITY, writer
from audit.models import AccessLog, EventLog
from audit.names import EventName
from financebot.common import clock
from financebot.common.errors import StepUpRequired
from financebot.common.usecase import unit_of_work
from tests.accounts.app import protect
from tests.accounts.chats import NAMES, new_bot, new_chat
from tests.accounts.tools import events, refresh
from tests.conftest import House, at_once, person, session_of
from tests.http import Http
from tests.signing import code_of, new_client

pytestmark = pytest.mark.django_db

CONFIRM = "/auth/telegram/confirm"
OF_CHATS = {
    "/auth/telegram/start": {},
    "/auth/telegram/link": {"code": "A" * 8},
    "/auth/telegram/authenticate": {},
    "/auth/telegram/register": {},
    "/auth/token/get": {},
    "/auth/token/refresh-telegram": {},
    "/auth/telegram/unlink": {},
}
each_call = pytest.mark.parametrize(("path", "more"), OF_CHATS.items(), ids=OF_CHATS)


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann")


@pytest.fixture
def eve(db):
    return person(email="eve@example.org")


@pytest.fixture
def bot(db):
    return new_bot()


@pytest.fixture
def strict(settings):
    settings.REQUIRE_HMAC_VERIFICATION = True


@pytest.fixture
def limited(settings):
    settings.RATE_LIMITS = True
    caches["default"].clear()


def told(answer):
    return answer.status_code, code_of(answer)


# --- who may name a chat


@each_call
@pytest.mark.usefixtures("strict")
def test_naming_a_chat_needs_the_service_token_and_its_client_s_signature(ann, bot, path, more):
    chat = bot.bound(ann)
    body = {"chat_id": chat, **more}
    before = TelegramIdentity.objects.count(), LoginSession.objects.count()
    assert told(Http().post(path, **body)) == (401, "not_authenticated")
    assert told(bot.signer.sign("POST", path, body).send()) == (401, "not_authenticated")
    assert told(Http(bot.token).post(path, **body)) == (401, "signature_missing")
    assert told(new_client().sign("POST", path, body, token=bot.token).send()) == (401, "signature_invalid")
    assert told(ann.http.post(path, **body)) == (403, "permission_denied")
    assert (TelegramIdentity.objects.count(), LoginSession.objects.count()) == before


@each_call
def test_a_revoked_service_token_ends_with_the_next_request(ann, bot, path, more):
    chat = bot.bound(ann)
    ServiceToken.objects.update(revoked_at=clock.now())
    assert told(bot.call(path, chat_id=chat, **more)) == (401, "invalid_token")


@pytest.mark.usefixtures("strict")
def test_a_token_of_a_chat_is_worth_nothing_without_the_signature(ann, bot):
    chat = bot.bound(ann)
    pair_of_chat = bot.call("/auth/token/get", chat_id=chat).json()
    assert told(Http(pair_of_chat["access_token"]).get("/users/me")) == (401, "signature_missing")
    assert told(refresh(pair_of_chat["refresh_token"])) == (401, "signature_missing")
    assert bot.speaks(chat).call("GET", "/users/me").status_code == 200


@each_call
@pytest.mark.parametrize("chat", [0, -1001234567890, 2**63, "7x", 1.5, True, None, "", [1]], ids=str)
def test_a_group_or_what_is_no_chat_is_refused(bot, path, more, chat):
    assert told(bot.call(path, chat_id=chat, **more)) == (400, "invalid")


def test_the_database_takes_no_group_and_nothing_twice(ann, eve):
    TelegramIdentity.objects.create(user=ann.user, chat_id=7)
    for user, chat in ((eve.user, -100), (eve.user, 0), (eve.user, 7), (ann.user, 8)):
        with pytest.raises(IntegrityError), transaction.atomic():
            TelegramIdentity.objects.create(user=user, chat_id=chat)


# --- by address as by body


def by_address(bot, path, body=None, **given):
    return bot.signer.sign("POST", f"{path}?{urlencode(given)}", body, token=bot.token).send()


def test_what_a_bot_asks_may_stand_in_the_address(ann, bot):
    chat = new_chat()
    begun = by_address(bot, "/auth/telegram/start", chat_id=chat, link="true", username="ann_b").json()
    address = urlencode({"chat_id": chat, "code": begun["code"], "match": begun["match"]})
    assert ann.http.post(f"{CONFIRM}?{address}").json()["success"] is True
    assert TelegramIdentity.objects.get().username == "ann_b"
    token = by_address(bot, "/auth/telegram/authenticate", chat_id=chat).json()["jwt_token"]
    stored = by_address(bot, "/auth/telegram/store-token", chat_id=chat, jwt_token=token)
    assert (stored.status_code, stored.json()["chat_id"]) == (200, chat)
    assert by_address(bot, "/auth/token/get", chat_id=chat).json()["success"] is True
    assert by_address(bot, "/auth/telegram/unlink", chat_id=chat).json() == {"success": True}
    assert by_address(bot, "/auth/telegram/register", chat_id=chat).status_code == 201


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"chat_id": 7}, {"chat_id": 7}),
        ({}, {}),
        ({"chat_id": 7, "more": 1}, None),
        ({"username": "a"}, {"chat_id": 7}),
    ],
)
def test_in_one_place_and_wholly(bot, given, body):
    assert told(by_address(bot, "/auth/telegram/start", body, **given)) == (400, "invalid")


def test_no_log_and_no_event_holds_a_token_of_an_address(ann, bot, caplog, monkeypatch):
    monkeypatch.setattr(writer, "_rows", Queue(CAPACITY))  # without what other tests left
    chat = bot.bound(ann)
    token = bot.speaks(chat).token
    given = {"chat_id": chat, "jwt_token": token}
    assert by_address(bot, "/auth/telegram/store-token", **given).status_code == 200
    assert by_address(bot, "/auth/telegram/store-token", **given, more="x").status_code == 400
    monkeypatch.setattr("accounts.services.check_chat_token", lambda **_: 1 / 0)
    answer = by_address(bot, "/auth/telegram/store-token", **given)
    assert answer.status_code == 500
    writer.flush()
    assert AccessLog.objects.filter(route__endswith="store-token").count() == 3
    seen = caplog.text + str(list(AccessLog.objects.values())) + str(list(EventLog.objects.values()))
    assert "store_token" in caplog.text
    assert token not in seen
    assert token.split(".")[1] not in seen + answer.content.decode()


# --- codes


@pytest.mark.parametrize("link", [False, True])
def test_a_code_is_of_its_chat_alone(ann, bot, link):
    code, other = bot.code(new_chat(), link=link), new_chat()
    assert told(ann.http.post(CONFIRM, **{**code, "chat_id": other})) == (400, "invalid_code")
    assert not TelegramIdentity.objects.exists()


def test_a_forged_code_is_none_whatever_its_form(ann, bot):
    real = bot.code(new_chat())
    for forged in ("A" * 8, real["code"][:-1], real["code"] + "0", "%" * 8, "\u202e" * 8, "' OR 1=1"):
        assert told(ann.http.post(CONFIRM, chat_id=real["chat_id"], code=forged)) == (400, "invalid_code")


def test_five_wrong_codes_and_none_is_looked_at_for_five_minutes(ann, bot):
    code = bot.code(new_chat())
    with time_machine.travel(clock.now(), tick=False) as time:
        LoginSession.objects.update(proof_at=clock.now())
        for _ in range(5):
            assert told(ann.http.post(CONFIRM, chat_id=1, code="A" * 8)) == (400, "invalid_code")
        assert told(ann.http.post(CONFIRM, **code)) == (400, "invalid_code")
        assert [event.entity_id for event in events(EventName.LOCKED_OUT)] == [ann.user.pk]
        time.shift(timedelta(minutes=5))
        assert ann.http.post(CONFIRM, **code).status_code == 200


def test_they_are_counted_with_those_of_an_app(ann, bot):
    app = protect(ann.user)
    for _ in range(5):
        ann.http.post(CONFIRM, chat_id=1, code="A" * 8)
    assert told(ann.http.post("/auth/step-up", code=app.code())) == (400, "invalid_code")


def test_right_codes_are_not_counted(ann, bot):
    for _ in range(7):
        chat = bot.bound(ann)
        assert bot.call("/auth/telegram/unlink", chat_id=chat).status_code == 200


def page_code(who):
    """As the page makes it."""
    with unit_of_work():
        return services.begin_by_person(actor=who.actor).code


def test_wrong_codes_out_of_a_chat_are_counted_by_chat(ann, bot):
    code, guessing, honest = page_code(ann), new_chat(), new_chat()
    for _ in range(5):
        assert told(bot.call("/auth/telegram/link", chat_id=guessing, code="A" * 8)) == (400, "invalid_code")
    assert told(bot.call("/auth/telegram/link", chat_id=guessing, code=code)) == (400, "invalid_code")
    assert bot.call("/auth/telegram/link", chat_id=honest, code=code).status_code == 200


@pytest.mark.parametrize("end", ["password", "inactive", "late", "renewed"])
def test_a_code_of_the_page_ends_with_what_it_rests_on(ann, bot, end):
    code = page_code(ann)
    if end == "password":
        User.objects.filter(pk=ann.user.pk).update(security_epoch=1)
    elif end == "inactive":
        User.objects.filter(pk=ann.user.pk).update(is_active=False)
    elif end == "late":
        OneTimeCode.objects.update(expires_at=clock.now())
    else:
        page_code(ann)
    assert told(bot.call("/auth/telegram/link", chat_id=new_chat(), code=code)) == (400, "invalid_code")
    assert not TelegramIdentity.objects.exists()


def test_the_code_of_one_direction_is_none_in_the_other(ann, bot):
    chat = new_chat()
    assert told(bot.call("/auth/telegram/link", chat_id=chat, code=bot.code(chat)["code"])) == (400, "invalid_code")
    assert told(ann.http.post(CONFIRM, chat_id=ann.user.pk, code=page_code(ann))) == (400, "invalid_code")


def test_an_old_proof_confirms_nothing(ann, bot):
    LoginSession.objects.update(proof_at=clock.now() - timedelta(minutes=10))
    assert told(ann.http.post(CONFIRM, **bot.code(new_chat()))) == (403, "step_up_required")


# --- how often


@pytest.mark.usefixtures("limited")
def test_a_chat_starts_three_times_in_ten_minutes(bot):
    chat, other = new_chat(), new_chat()
    with time_machine.travel(clock.now(), tick=False) as time:
        assert [bot.start(chat).status_code for _ in range(3)] == [200] * 3
        over = bot.start(chat)
        assert told(over) == (429, "rate_limited")
        assert 0 < int(over.headers["Retry-After"]) <= 600
        assert bot.start(other).status_code == 200
        time.shift(timedelta(seconds=int(over.headers["Retry-After"]) + 1))
        assert bot.start(chat).status_code == 200


# --- what a token of a chat does not do


REFUSED = {
    "PATCH /users/me": {"first_name": "Eve"},
    "POST /auth/password/change": {"current_password": "x", "new_password": "another horse battery"},
    "POST /auth/step-up": {"password": "correct horse battery"},
    "POST /auth/2fa/enable": {},
    "POST /auth/2fa/verify": {"code": "000000"},
    "POST /auth/2fa/disable": {"password": "x", "code": "000000"},
    "POST /auth/2fa/backup-codes": {"password": "x", "code": "000000"},
    "GET /auth/sessions": None,
    "DELETE /auth/sessions/{session}": {},
    "POST /auth/telegram/confirm": {"chat_id": 1, "code": "A" * 8},
    "POST /auth/telegram/start": {"chat_id": 1},
    "POST /auth/telegram/authenticate": {"chat_id": 1},
    "PATCH /families/{family}": {"name": "Eve's"},
    "DELETE /families/{family}": {},
    "POST /families/{family}/transfer-ownership": {"membership_id": 1},
    "POST /families/{family}/invitations": {"role": "owner"},
    "PATCH /families/{family}/members/{member}": {"role": "owner"},
    "POST /families/{family}/members/{member}/suspend": {},
    "POST /families/{family}/members/{member}/telegram-consent": {},
    "DELETE /families/{family}/members/{member}": {},
}


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(("call", "body"), REFUSED.items(), ids=REFUSED)
def test_a_token_of_a_chat_reaches_neither_account_nor_membership(house: House, call, body):
    bot = new_bot()
    speaker = bot.speaks(bot.bound(house.owner))
    ids = {"family": house.family.pk, "member": house.child.membership.pk, "session": house.owner.session.pk}
    method, path = call.format(**ids).split()
    assert told(speaker.call(method, path, body)) == (403, "permission_denied")
    assert speaker.call("GET", f"/families/{house.family.pk}").status_code == 200


def test_a_token_of_a_chat_proves_nothing_freshly(ann, bot):
    chat = bot.bound(ann)
    bot.speaks(chat)
    [session] = LoginSession.objects.of(ann.user.pk).of_chats()
    assert clock.now() - session.proof_at >= timedelta(minutes=10)


# --- whose token it is


def test_a_token_is_good_for_the_chat_of_its_person_alone(ann, eve, bot):
    chat, token = bot.bound(ann), pair(ann.session).access_token
    path = "/auth/telegram/store-token"
    for http in (ann.http, Http(bot.token)):
        answer = http.post(path, chat_id=chat, jwt_token=token)
        assert (answer.status_code, set(answer.json())) == (200, {"success", "message", "chat_id"})
    foreign = [pair(eve.session).access_token, pair(ann.session).refresh_token, bot.token, "x.y.z", token[:-2]]
    for wrong in foreign:
        assert told(bot.call(path, chat_id=chat, jwt_token=wrong)) == (401, "invalid_token")
    assert told(eve.http.post(path, chat_id=chat, jwt_token=token)) == (404, "not_found")
    assert told(eve.http.post(path, chat_id=chat, jwt_token=pair(eve.session).access_token)) == (404, "not_found")
    assert told(bot.call(path, chat_id=new_chat(), jwt_token=token)) == (404, "not_found")
    assert told(Http().post(path, chat_id=chat, jwt_token=token)) == (401, "not_authenticated")
    LoginSession.objects.filter(pk=ann.session.pk).update(revoked_at=clock.now())
    assert told(bot.call(path, chat_id=chat, jwt_token=token)) == (401, "invalid_token")


def test_nobody_s_chat_speaks_for_who_is_not_active(ann, bot):
    chat = bot.bound(ann)
    speaker = bot.speaks(chat)
    User.objects.filter(pk=ann.user.pk).update(is_active=False)
    for path in ("/auth/telegram/authenticate", "/auth/token/get", "/auth/token/refresh-telegram"):
        assert told(bot.call(path, chat_id=chat)) == (403, "permission_denied")
    assert told(bot.call("/auth/telegram/register", chat_id=chat)) == (403, "permission_denied")
    assert told(speaker.call("GET", "/users/me")) == (401, "invalid_token")
    assert bot.call("/auth/telegram/unlink", chat_id=chat).json() == {"success": True}


def test_who_is_suspended_finds_nothing_of_the_family_in_the_chat(house: House):
    bot = new_bot()
    speaker = bot.speaks(bot.bound(house.suspended))
    assert told(speaker.call("GET", f"/families/{house.family.pk}")) == (404, "not_found")


def test_where_people_come_by_invitation_a_chat_needs_one(bot, settings):
    settings.REGISTRATION_MODE = "invite"
    chat, before = new_chat(), User.objects.count()
    for more in ({}, {"invitation": "none"}):
        assert told(bot.call("/auth/telegram/register", chat_id=chat, **more)) == (403, "permission_denied")
    assert User.objects.count() == before


def test_a_log_in_of_a_chat_lasts_thirty_days_and_the_binding_longer(ann, bot):
    chat = bot.bound(ann)
    first = LoginSession.objects.of_chats().get()
    with time_machine.travel(clock.now(), tick=False) as time:
        for _ in range(5):
            time.shift(timedelta(days=6, minutes=1))
            bot_again = new_bot()
            assert bot_again.call("/auth/telegram/authenticate", chat_id=chat).status_code == 200
    assert LoginSession.objects.of_chats().count() == 2
    assert LoginSession.objects.of_chats().latest("pk").created_at - first.created_at > timedelta(days=30)


# --- at once


@pytest.mark.postgres
def test_of_fifty_who_use_one_code_at_once_one_is_bound(threads):
    bot, chat = new_bot(), new_chat()
    people = [person() for _ in range(10)]
    code = bot.code(chat, link=True)
    sessions = [session_of(people[n % 10].user) for n in range(50)]
    calls = [lambda s=s: Http(pair(s).access_token).post(CONFIRM, **code) for s in sessions]
    answers = at_once(calls)
    found = sorted(told(answer) for answer in answers)
    assert [code for code in found if code[0] == 200] == [(200, "")]
    assert {code for code in found if code[0] != 200} <= {(400, "invalid_code"), (409, "already_bound"), (503, "busy")}
    assert TelegramIdentity.objects.count() == LoginSession.objects.of_chats().count() == 1


@pytest.mark.postgres
def test_of_chats_that_send_one_code_at_once_one_is_bound(threads):
    ann, bot = person(), new_bot()
    code, chats = page_code(ann), [new_chat() for _ in range(10)]
    answers = at_once([lambda c=c: bot.call("/auth/telegram/link", chat_id=c, code=code) for c in chats])
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    assert TelegramIdentity.objects.count() == 1


@pytest.mark.postgres
def test_of_two_people_with_a_code_of_one_chat_each_one_gets_it(threads):
    bot, chat, two = new_bot(), new_chat(), [person(), person()]
    works = [
        lambda: two[0].http.post(CONFIRM, **bot_code),
        lambda: bot.call("/auth/telegram/link", chat_id=chat, code=own),
    ]
    bot_code, own = bot.code(chat), page_code(two[1])
    answers = at_once(works)
    assert sorted(told(answer) for answer in answers) == [(200, ""), (409, "already_bound")]
    assert TelegramIdentity.objects.count() == 1


@pytest.mark.postgres
def test_of_ten_registrations_of_a_chat_at_once_one_makes_an_account(threads):
    bot, chat = new_bot(), new_chat()
    answers = at_once([lambda: bot.call("/auth/telegram/register", chat_id=chat, **NAMES)] * 10)
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert User.objects.count() == TelegramIdentity.objects.count() == 1


@pytest.mark.postgres
def test_of_ten_that_speak_for_a_chat_at_once_all_share_one_log_in(threads):
    ann, bot = person(), new_bot()
    TelegramIdentity.objects.create(user=ann.user, chat_id=7)
    answers = at_once([lambda: bot.call("/auth/telegram/authenticate", chat_id=7)] * 10)
    assert {answer.status_code for answer in answers} == {200}
    assert LoginSession.objects.of_chats().count() == 1


def test_what_a_person_does_about_a_chat_wants_a_fresh_proof_at_every_door(ann):
    old, offered = replace(ann.actor, proof_age=timedelta(minutes=10)), Offered("A" * 8, "", None)
    uses = (
        partial(services.begin_by_person, actor=old),
        partial(services.unlink_own_chat, actor=old),
        partial(services.look_at_binding, actor=old, offered=offered),
        partial(services.confirm_binding, actor=old, offered=offered, chat=Chat(1)),
    )
    for use in uses:
        with pytest.raises(StepUpRequired), unit_of_work():
            use()
