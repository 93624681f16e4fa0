"""What ends all log-ins of a person ends the binding of their chat; both ends of it are told."""

import pytest

from accounts import mailed, passwords, services
from accounts.authentication import nobody
from accounts.models import CodePurpose, LoginSession, TelegramIdentity, User
from audit.names import EventName
from financebot.common.usecase import unit_of_work
from tests.accounts.chats import NAMES, new_bot, new_chat
from tests.accounts.tools import NEW_PASSWORD, events
from tests.conftest import person
from tests.delivery.helpers import deliver, html, mailed_token
from tests.factories import PASSWORD
from tests.http import Http
from tests.signing import code_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann")


@pytest.fixture
def bot(db):
    return new_bot()


def change_password(ann):
    return ann.http.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)


def reset_password(ann):
    token = mailed.make(CodePurpose.PASSWORD_RESET, ann.user)
    return Http().post("/auth/password/reset/confirm", token=token, new_password=NEW_PASSWORD)


def say_it_was_not_me(ann):
    return Http().post("/auth/not-me", token=mailed.make(CodePurpose.NOT_ME, ann.user))


def log_out_everywhere(ann):
    return ann.http.post("/auth/logout", all=True)


def end_the_session_of_the_chat(ann):
    [session] = LoginSession.objects.of(ann.user.pk).of_chats()
    return ann.http.delete(f"/auth/sessions/{session.pk}")


ENDS = [change_password, reset_password, say_it_was_not_me, log_out_everywhere, end_the_session_of_the_chat]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_the_chat_speaks_for_nobody_any_more(ann, bot, end):
    chat = bot.bound(ann)
    speaker = bot.speaks(chat)
    assert end(ann).status_code < 300
    assert code_of(speaker.call("GET", "/users/me")) == "invalid_token"
    assert code_of(bot.call("/auth/telegram/authenticate", chat_id=chat)) == "not_found"
    assert not TelegramIdentity.objects.exists()
    [event] = events(EventName.TELEGRAM_UNBOUND)
    assert (event.entity_id, event.changes) == (ann.user.pk, {"chat": [f"…{str(chat)[-4:]}", None]})


def test_another_log_out_leaves_it(ann, bot):
    chat = bot.bound(ann)
    assert ann.http.post("/auth/logout").status_code == 200
    assert bot.call("/auth/telegram/authenticate", chat_id=chat).status_code == 200


def test_ending_another_session_leaves_it(ann, bot):
    chat = bot.bound(ann)
    assert ann.http.delete(f"/auth/sessions/{ann.session.pk}").status_code == 204
    assert bot.call("/auth/telegram/authenticate", chat_id=chat).status_code == 200


def test_a_log_out_in_the_chat_ends_its_log_in_alone(ann, bot):
    chat = bot.bound(ann)
    speaker = bot.speaks(chat)
    assert speaker.call("POST", "/auth/logout", {}).status_code == 200
    assert code_of(speaker.call("GET", "/users/me")) == "invalid_token"
    assert bot.speaks(chat).call("GET", "/users/me").status_code == 200


@pytest.mark.parametrize("end", [say_it_was_not_me, log_out_everywhere], ids=lambda end: end.__name__)
def test_what_ends_it_ends_what_would_lead_to_it(ann, bot, end):
    with unit_of_work():
        code = services.begin_by_person(actor=ann.actor).code
    end(ann)
    assert code_of(bot.call("/auth/telegram/link", chat_id=new_chat(), code=code)) == "invalid_code"


@pytest.mark.parametrize("way", ["confirmed", "sent"])
def test_a_new_binding_is_told_by_mail_with_a_way_back(ann, bot, way):
    chat = new_chat()
    if way == "confirmed":
        bot.bound(ann, chat)
    else:
        with unit_of_work():
            code = services.begin_by_person(actor=ann.actor).code
        assert bot.call("/auth/telegram/link", chat_id=chat, code=code, **NAMES).status_code == 200
    [letter] = deliver()
    assert letter.to == ["ann@example.org"]
    assert "Telegram" in letter.subject
    assert str(chat) not in letter.body + html(letter)
    assert Http().post("/auth/not-me", token=mailed_token(letter)).status_code == 204
    assert code_of(bot.call("/auth/telegram/authenticate", chat_id=chat)) == "not_found"


def test_the_events_hold_the_end_of_the_number_and_names_that_can_be_erased(ann, bot):
    chat = bot.bound(ann)
    [event] = events(EventName.TELEGRAM_BOUND)
    assert event.changes == {"chat": [None, f"…{str(chat)[-4:]}"]}
    assert event.private["texts"] == {"username": ["", "ann_b"], "name": ["", "Ann B"]}
    assert (event.actor_id, event.entity_id, event.family_id) == (ann.user.pk, ann.user.pk, None)


def test_an_owner_who_is_told_nothing_by_mail_has_no_address(bot):
    bot.call("/auth/telegram/register", chat_id=new_chat(), **NAMES)
    assert deliver() == []


def test_a_log_in_that_failed_leaves_it(ann, bot):
    chat = bot.bound(ann)
    wrong = passwords.prove(User.objects.get(pk=ann.user.pk), "wrong horse battery")
    with unit_of_work():
        services.log_in(actor=nobody(), proof=wrong)
    assert bot.call("/auth/telegram/authenticate", chat_id=chat).status_code == 200
