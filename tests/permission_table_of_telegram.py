"""The rows of the permission table about chats of the bot."""

from functools import partial
from typing import Any

from accounts import services
from accounts.binding import Chat, Offered
from accounts.lockout import Reservation
from accounts.models import TelegramIdentity
from accounts.tokens import pair
from audit.trail import Actor
from families import services as families
from financebot.common.usecase import unit_of_work
from tests.accounts.chats import new_chat
from tests.permission_rows import OUT, Row, at_member, fixed, member

BOTS = "403 " * 8 + "401"  # what is for a service alone


def begun(chat_id: int) -> str:
    with unit_of_work():
        return services.begin_in_chat(actor=Actor(bound_to="telegram_bot"), chat=Chat(chat_id), in_link=False).code


def confirming(house: Any, who: str) -> tuple[str, dict[str, Any]]:
    chat = new_chat()
    return "/auth/telegram/confirm", {"chat_id": chat, "code": begun(chat)}


def confirming_by_use_case(house: Any, who: str, actor: Actor) -> Any:
    chat = new_chat()
    offered = Offered(begun(chat), "", Reservation({}))
    return partial(services.confirm_binding, actor=actor, chat=Chat(chat), offered=offered)


def of_the_owner(house: Any) -> int:
    return int(TelegramIdentity.objects.create(user=house.owner.user, chat_id=new_chat()).chat_id)


def newcomer() -> int:
    """The chat of somebody who came by it, with neither address nor password."""
    chat = new_chat()
    with unit_of_work():
        services.register_chat(actor=Actor(bound_to="telegram_bot"), chat=Chat(chat))
    return chat


def storing(house: Any, who: str) -> tuple[str, dict[str, Any]]:
    token = pair(house.owner.session).access_token
    return "/auth/telegram/store-token", {"chat_id": of_the_owner(house), "jwt_token": token}


def asked(house: Any) -> None:
    """The child has confirmed a chat, which waits."""
    confirm = confirming_by_use_case(house, "child", house.child.actor)
    with unit_of_work():
        confirm()


TELEGRAM = [
    *(
        Row(f"POST {path}", BOTS, fixed(f"/{path}", chat_id=1, **more))
        for path, more in {
            "auth/telegram/start": {},
            "auth/telegram/link": {"code": "A" * 8},
            "auth/telegram/authenticate": {},
            "auth/telegram/register": {},
            "auth/telegram/unlink": {},
            "auth/telegram/account": {},
            "auth/token/get": {},
            "auth/token/refresh-telegram": {},
        }.items()
    ),
    Row(
        "POST auth/telegram/confirm",
        "200 200 200 202 200 200 200 200 401",
        confirming,
        confirming_by_use_case,
    ),
    Row("POST auth/telegram/store-token", "200 " + "404 " * 7 + "401", storing, telegram=True),
    Row(
        "POST families/<id:family_pk>/members/<id:pk>/telegram-consent",
        "200 403 403 403 403" + OUT,
        lambda house, who: (asked(house), at_member("child", "/telegram-consent")(house, who))[1],
        lambda house, who, actor: (
            asked(house),
            partial(families.consent_to_telegram, actor=actor, membership_id=member(house, "child")),
        )[1],
    ),
]
