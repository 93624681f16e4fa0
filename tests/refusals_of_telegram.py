"""What is refused about chats of the bot, by whom."""

from typing import Any

from accounts import services
from accounts.models import TelegramIdentity
from financebot.common.usecase import unit_of_work
from tests.accounts.chats import new_chat
from tests.conftest import House
from tests.permission_rows import member
from tests.permission_table_of_telegram import asked, begun, of_the_owner
from tests.refusals import MEMBER, Given, Refusal, of_member, plain

CONFIRM = "POST auth/telegram/confirm"
CONSENT = f"POST {MEMBER}/telegram-consent"


def confirmed_too_late(house: House) -> tuple[None, dict[str, Any]]:
    """A right code, of a chat that has been bound meanwhile."""
    chat = new_chat()
    code = begun(chat)
    TelegramIdentity.objects.create(user=house.adult.user, chat_id=chat)
    return None, {"chat_id": chat, "code": code}


def sent_too_late(house: House) -> tuple[None, dict[str, Any]]:
    code = code_of(house)
    return None, {"chat_id": of_the_owner(house), "code": code}


def code_of(house: House) -> str:
    """That the owner got at the page."""
    with unit_of_work():
        return services.begin_by_person(actor=house.owner.actor).code


def bound(**more: Any) -> Given:
    return lambda house: (None, {"chat_id": of_the_owner(house), **more})


def consented_too_late(house: House) -> tuple[int, dict[str, Any]]:
    asked(house)
    TelegramIdentity.objects.create(user=house.child.user, chat_id=new_chat())
    return member(house, "child"), {}


TELEGRAM = [
    Refusal(CONFIRM, "invalid_code", "", plain(chat_id=1, code="A" * 8)),
    Refusal(CONFIRM, "already_bound", "", confirmed_too_late),
    Refusal("POST auth/telegram/start", "already_bound", "", bound(), by="bot"),
    Refusal("POST auth/telegram/link", "invalid_code", "", plain(chat_id=1, code="A" * 8), by="bot"),
    Refusal("POST auth/telegram/link", "already_bound", "", sent_too_late, by="bot"),
    Refusal("POST auth/telegram/account", "account_complete", "", bound(), by="bot"),
    Refusal(CONSENT, "membership_state", "", of_member("adult")),
    Refusal(CONSENT, "membership_state", "", of_member("child")),
    Refusal(CONSENT, "already_bound", "", consented_too_late),
]
