"""Who came by Telegram sets an address and a password: by a link, and the digits that the chat alone is shown."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import OneTimeCode, TelegramIdentity, User
from audit.names import EventName
from financebot.common import clock
from tests.accounts.chats import NAMES, new_bot, new_chat
from tests.accounts.tools import REFUSED_PASSWORDS, events, log_in
from tests.conftest import person
from tests.delivery.helpers import deliver, mailed_token
from tests.factories import PASSWORD
from tests.http import Http
from tests.security.scene import contents
from tests.signing import code_of

pytestmark = pytest.mark.django_db

ASK = "/auth/telegram/account"
HOST = "http://127.0.0.1:8000"
WRONG = "This code is wrong, used or no longer valid."


@pytest.fixture
def bot(db):
    return new_bot()


@pytest.fixture
def chat(bot):
    chat = new_chat()
    assert bot.call("/auth/telegram/register", chat_id=chat, **NAMES).status_code == 201
    return chat


@pytest.fixture
def link(bot, chat):
    answer = bot.call(ASK, chat_id=chat)
    assert (answer.status_code, set(answer.json())) == (200, {"url", "match", "expires_in"})
    return answer.json()


def press(link, **fields):
    path, token = link["url"].removeprefix(HOST).split("?token=")
    given = {"token": token, "match": link["match"], "email": "New@Example.org", "new_password": PASSWORD, **fields}
    return " ".join(Client(enforce_csrf_checks=True).post(path, given).content.decode().split())


def test_the_digits_and_the_link_together_complete_the_account(bot, chat, link):
    assert link["url"].startswith(f"{HOST}/auth/account?token=")
    assert (link["expires_in"], len(link["match"])) == (600, 6)
    assert 'role="status"' in press(link)
    user = TelegramIdentity.objects.get(chat_id=chat).user
    assert (user.email, user.email_verified_at) == ("new@example.org", None)
    assert log_in("new@example.org").json()["user_id"] == user.pk
    assert bot.speaks(chat).call("GET", "/users/me").json()["email"] == "new@example.org"
    assert WRONG in press(link)


def test_no_address_is_taken_that_may_still_take_another_account_back(link):
    person(email="ann@new.example", former_email="new@example.org", former_until=clock.now() + timedelta(days=1))
    assert 'role="status"' not in press(link)
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_link_that_is_looked_at_changes_nothing(link, client):
    before = contents()
    assert client.get(link["url"].removeprefix(HOST)).status_code == 200
    assert contents() == before


@pytest.mark.parametrize("change", [{"match": "12345"}, {"match": "１２３４５６"}, {"token": "Z" * 26}], ids=str)
def test_one_without_the_other_does_nothing(link, change):
    assert WRONG in press(link, **change)
    assert not User.objects.exclude(email=None).exists()
    press(link)
    assert User.objects.get().email == "new@example.org"


def test_digits_are_tried_five_times(link):
    for _ in range(5):
        assert WRONG in press(link, match="12345")
    assert len(events(EventName.LOCKED_OUT)) == 1
    with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)):
        assert WRONG in press(link)
    assert User.objects.get().email is None


@pytest.mark.parametrize("end", ["late", "unlinked", "inactive", "renewed"])
def test_a_link_ends_with_what_it_rests_on(bot, chat, link, end):
    if end == "late":
        OneTimeCode.objects.update(expires_at=clock.now())
    elif end == "unlinked":
        bot.call("/auth/telegram/unlink", chat_id=chat)
    elif end == "inactive":
        User.objects.update(is_active=False)
    else:
        bot.call(ASK, chat_id=chat)
    assert WRONG in press(link)
    assert User.objects.get().email is None


@pytest.mark.parametrize("fields", [{"email": "ann@example.org"}, {"password": "x"}], ids=str)
def test_no_chat_changes_the_password_of_an_account_that_has_one(bot, chat, link, fields):
    User.objects.update(**fields)
    answer = bot.call(ASK, chat_id=chat)
    assert (answer.status_code, code_of(answer)) == (409, "account_complete")
    assert WRONG in press(link)
    assert User.objects.filter(**fields).exists()


def test_a_bound_chat_is_no_way_to_another_password(bot):
    ann = person(email="ann@example.org")
    chat = bot.bound(ann)
    assert code_of(bot.call(ASK, chat_id=chat)) == "account_complete"
    assert code_of(bot.call(ASK, chat_id=new_chat())) == "not_found"
    assert code_of(ann.http.post(ASK, chat_id=chat)) == "permission_denied"
    assert code_of(Http().post(ASK, chat_id=chat)) == "not_authenticated"


@pytest.mark.parametrize("new", [REFUSED_PASSWORDS["too short"], REFUSED_PASSWORDS["common"], ""])
def test_a_weak_password_is_refused_and_costs_no_try(link, new):
    assert 'class="error"' in press(link, new_password=new)
    assert OneTimeCode.objects.get(purpose="completion").tries == 0
    press(link)
    assert User.objects.get().email == "new@example.org"


def test_an_address_of_somebody_else_is_refused(link):
    person(email="new@example.org")
    assert "already" in press(link)
    assert User.objects.filter(email=None).exists()


def test_where_addresses_are_proven_first_nobody_is_told_whose_it_is(settings, link, chat):
    settings.EMAIL_VERIFICATION = "required"
    person(email="new@example.org")
    assert 'role="status"' in press(link)
    assert TelegramIdentity.objects.get(chat_id=chat).user.email is None
    [letter] = deliver()
    assert "already" in letter.subject


def test_where_addresses_are_proven_first_the_letter_comes_before_the_log_in(settings, link):
    settings.EMAIL_VERIFICATION = "required"
    assert deliver() == []
    assert 'role="status"' in press(link)
    assert log_in("new@example.org").status_code == 401
    [letter] = deliver()
    assert Http().post("/auth/email/verify", token=mailed_token(letter)).status_code == 204
    assert log_in("new@example.org").status_code == 200
