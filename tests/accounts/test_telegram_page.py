"""The page `/auth/telegram`: whose chat asks, a fresh proof, the digits of that chat, one explicit button."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client

from accounts.models import LoginSession, OneTimeCode, TelegramIdentity
from audit.names import EventName
from financebot.common import clock
from tests.accounts.app import protect
from tests.accounts.chats import new_bot, new_chat
from tests.accounts.test_login_page import csrf_of, enter
from tests.accounts.test_two_factor_pages import show
from tests.accounts.tools import events
from tests.conftest import House, person
from tests.factories import PASSWORD
from tests.security.scene import contents
from tests.signing import code_of

pytestmark = pytest.mark.django_db

PAGE = "/auth/telegram"
WRONG = "This code is wrong, used or no longer valid."


@pytest.fixture
def ann(db):
    return person(email="ann@example.org", first_name="Ann")


@pytest.fixture
def bot(db):
    return new_bot()


@pytest.fixture
def browser(db):
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def inside(ann, browser):
    enter(browser)
    return browser


def text(answer):
    return " ".join(answer.content.decode().split())


def press(browser, do, path=PAGE, **fields):
    token = csrf_of(browser.get(path))
    return browser.post(path, {"csrfmiddlewaretoken": token, "do": do, **fields})


def asking(bot, chat=None):
    """The address that the bot shows in a chat, the code in it, and the digits beside it."""
    code = bot.code(chat or new_chat(), link=True)
    return f"{PAGE}?code={code['code']}", code


def wrong(code):
    return "000000" if code["match"] != "000000" else "000001"


def test_a_link_shows_who_asks_and_binds_with_the_digits_of_that_chat(ann, inside, bot):
    link, code = asking(bot)
    page = text(inside.get(link))
    assert "Ann B (@ann_b)" in page
    assert "ann@example.org" in page
    assert code["match"] not in page
    assert "<script" not in page
    done = press(inside, "confirm", link, code=code["code"], match=code["match"])
    assert "is linked to your account" in text(done)
    assert TelegramIdentity.objects.get().chat_id == code["chat_id"]
    assert bot.speaks(code["chat_id"]).call("GET", "/users/me").json()["id"] == ann.user.pk
    assert [event.channel for event in events(EventName.TELEGRAM_BOUND)] == ["web"]


def test_a_link_that_is_looked_at_changes_nothing(inside, bot):
    link, _ = asking(bot)
    before = contents()
    assert [inside.get(link).status_code, inside.head(link).status_code] == [200, 200]
    assert contents() == before


def test_nobody_is_bound_by_a_link_that_somebody_else_sent(inside, bot):
    link, code = asking(bot)
    for match in ("", wrong(code)):
        answer = press(inside, "confirm", link, code=code["code"], match=match)
        assert 'role="alert"' in text(answer)
        assert "Ann B (@ann_b)" in text(answer)
    assert not TelegramIdentity.objects.exists()


def test_digits_are_tried_five_times(inside, bot):
    link, code = asking(bot)
    for network in range(5):  # of a network so many are looked at by themselves
        inside.defaults["REMOTE_ADDR"] = f"10.0.{network}.1"
        press(inside, "confirm", link, code=code["code"], match=wrong(code))
    inside.defaults["REMOTE_ADDR"] = "10.0.9.1"
    assert WRONG in text(press(inside, "confirm", link, code=code["code"], match=code["match"]))
    assert not TelegramIdentity.objects.exists()


def test_a_code_that_is_typed_shows_who_asks_before_it_binds(ann, inside, bot):
    code = bot.code(new_chat())["code"]
    page = press(inside, "look", code=f"{code[:4]} {code[4:].lower()}")
    assert "Ann B (@ann_b)" in text(page)
    assert not TelegramIdentity.objects.exists()
    done = inside.post(PAGE, {"csrfmiddlewaretoken": csrf_of(page), "do": "confirm", "code": code})
    assert "is linked to your account" in text(done)
    assert TelegramIdentity.objects.get().user_id == ann.user.pk


def test_a_long_code_that_is_typed_leads_to_its_digits(inside, bot):
    link, code = asking(bot)
    answer = press(inside, "look", code=code["code"])
    assert (answer.status_code, answer.headers["Location"]) == (302, link)


@pytest.mark.parametrize("do", ["look", "confirm"])
def test_a_wrong_code_is_counted_like_one_of_an_app(ann, inside, bot, do):
    right = bot.code(new_chat())["code"]
    for _ in range(5):
        assert WRONG in text(press(inside, do, code="A" * 8))
    assert len(events(EventName.TELEGRAM_REFUSED)) == 5
    assert [event.entity_id for event in events(EventName.LOCKED_OUT)] == [ann.user.pk]
    press(inside, do, code=right)
    assert OneTimeCode.objects.get().tries == 0
    assert not TelegramIdentity.objects.exists()


def test_no_short_code_is_looked_at_but_as_a_try(inside, bot):
    code = bot.code(new_chat())["code"]
    hidden = code[:4] + "-" * 40 + code[4:]
    answers = [inside.get(PAGE, {"code": code}), press(inside, "confirm", code=hidden), press(inside, "x", code=code)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "ann_b" not in "".join(map(text, answers))


@pytest.mark.parametrize("end", ["used", "late"])
def test_a_link_that_is_over_says_so(inside, bot, end):
    link, _ = asking(bot)
    OneTimeCode.objects.update(**({"used_at": clock.now()} if end == "used" else {"expires_at": clock.now()}))
    page = text(inside.get(link))
    assert WRONG in page
    assert "ann_b" not in page
    assert "/start" in page


def test_names_are_shown_as_text_in_one_line(inside, bot):
    answer = bot.call("/auth/telegram/start", chat_id=1, link=True, first_name="<b>Eve\u202e\n", username="eve")
    page = text(inside.get(PAGE, {"code": answer.json()["code"]}))
    assert "&lt;b&gt;Eve (@eve)" in page


def test_who_has_no_name_is_shown_by_the_end_of_the_number(inside, bot):
    answer = bot.call("/auth/telegram/start", chat_id=987654321, link=True)
    page = text(inside.get(PAGE, {"code": answer.json()["code"]}))
    assert "…4321" in page
    assert "987654321" not in page


# --- who is not logged in, or was long ago


def test_who_is_not_logged_in_logs_in_and_comes_back_to_the_code(ann, browser, bot):
    link, _ = asking(bot)
    answer = browser.get(link)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login?next=")
    page = browser.get(answer.headers["Location"])
    wanted = re.search(r'name="next" value="([^"]*)"', page.content.decode()).group(1)
    assert enter(browser, next=wanted).headers["Location"] == link
    assert "Ann B (@ann_b)" in text(browser.get(link))


def test_the_second_step_of_a_log_in_is_asked_for_too(ann, browser, bot):
    app, (link, _) = protect(ann.user), asking(bot)
    where = enter(browser, next=link).headers["Location"]
    assert browser.get(link).status_code == 302
    assert show(browser, app.code(), where).headers["Location"] == link
    assert "Ann B (@ann_b)" in text(browser.get(link))


def test_an_old_proof_is_made_anew_by_the_password(inside, bot):
    link, code = asking(bot)
    token = csrf_of(inside.get(link))
    LoginSession.objects.update(proof_at=clock.now() - timedelta(minutes=10))
    for answer in (inside.get(link), inside.post(link, {"csrfmiddlewaretoken": token, "do": "confirm", **code})):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/step-up?next=")
    assert not TelegramIdentity.objects.exists()
    page = inside.get(answer.headers["Location"])
    fields = {"csrfmiddlewaretoken": csrf_of(page), "next": link}
    assert "not right" in text(inside.post("/step-up", {**fields, "password": "wrong horse battery"}))
    answer = inside.post("/step-up", {**fields, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, link)
    assert "Ann B (@ann_b)" in text(inside.get(link))


def test_the_step_up_is_for_who_is_logged_in(browser):
    for answer in (browser.get("/step-up?next=/auth/telegram"), Client().post("/step-up", {"password": "x"})):
        assert answer.headers["Location"].startswith("/login?next=")


def test_the_step_up_leads_to_our_own_paths_only(inside):
    page = inside.get("/step-up?next=//example.org")
    fields = {"csrfmiddlewaretoken": csrf_of(page), "next": "//example.org", "password": PASSWORD}
    assert inside.post("/step-up", fields).headers["Location"] == "/api/v1/users/me"


def test_a_button_needs_its_csrf_token(inside, bot):
    link, code = asking(bot)
    answer = inside.post(link, {"do": "confirm", **code})
    assert (answer.status_code, code_of(answer)) == (403, "csrf_failed")
    assert not TelegramIdentity.objects.exists()


# --- the other direction


def test_a_code_of_the_page_binds_the_chat_that_sends_it(ann, inside, bot, settings):
    settings.TELEGRAM_BOT_USERNAME = "our_bot"
    page = text(press(inside, "begin"))
    code = re.search(r"/link ([0-9A-Z]{8})<", page).group(1)
    assert f"https://t.me/our_bot?start={code}" in page
    chat = new_chat()
    answer = bot.call("/auth/telegram/link", chat_id=chat, code=code.lower(), username="ann_b")
    assert (answer.status_code, answer.json()["user_id"]) == (200, ann.user.pk)
    assert TelegramIdentity.objects.get().chat_id == chat
    assert "@ann_b" in text(inside.get(PAGE))
    again = bot.call("/auth/telegram/link", chat_id=new_chat(), code=code)
    assert (again.status_code, code_of(again)) == (400, "invalid_code")


def test_without_the_name_of_the_bot_there_is_no_link_to_it(inside, settings):
    settings.TELEGRAM_BOT_USERNAME = ""
    assert "t.me" not in text(press(inside, "begin"))


def test_who_is_bound_sees_by_which_chat_and_ends_it(ann, inside, bot):
    chat = bot.bound(ann)
    assert "linked already" in text(press(inside, "begin"))
    assert press(inside, "unlink").headers["Location"] == PAGE
    assert not TelegramIdentity.objects.exists()
    assert bot.call("/auth/telegram/authenticate", chat_id=chat).status_code == 404
    assert "There is nothing here." in text(press(inside, "unlink"))


def test_a_child_is_told_that_an_owner_has_to_agree(house: House, browser, bot):
    enter(browser, house.child.user.email)
    link, code = asking(bot)
    assert "has to agree" in text(press(browser, "confirm", link, code=code["code"], match=code["match"]))
    assert not TelegramIdentity.objects.exists()


def test_a_network_has_thirty_tries_a_minute(inside, settings):
    settings.RATE_LIMITS = True
    caches["default"].clear()
    codes = [press(inside, "look", code="A" * 8).status_code for _ in range(31)]
    assert codes == [*[200] * 30, 429]
