"""What each use case about chats is given where the database fails at any of its statements."""

from typing import Any

from accounts import services
from accounts.binding import Chat, Offered
from accounts.lockout import Reservation
from accounts.tokens import pair
from audit.trail import Actor
from financebot.common.usecase import unit_of_work
from tests.accounts.chats import new_chat
from tests.conftest import House
from tests.permission_table_of_telegram import asked, begun, newcomer, of_the_owner
from tests.refusals_of_telegram import code_of
from tests.security.ledger_runs import Given

BOT = Actor(bound_to="telegram_bot")


def offered(code: str) -> Offered:
    return Offered(code, "", Reservation({}))


def confirming(house: House, code: str = "") -> dict[str, Any]:
    chat = new_chat()
    return {"chat": Chat(chat), "offered": offered(code or begun(chat))}


def by_the_child(house: House) -> dict[str, Any]:
    return {"actor": house.child.actor, **confirming(house)}


def sent(house: House) -> dict[str, Any]:
    return {"actor": BOT, "chat": Chat(new_chat()), "offered": offered(code_of(house))}


def speaking(house: House) -> dict[str, Any]:
    """A chat that has a log-in already."""
    given = {"actor": BOT, "chat_id": of_the_owner(house)}
    with unit_of_work():
        services.speak_for_chat(**given)
    return given


def checking(house: House) -> dict[str, Any]:
    return {"actor": BOT, "chat_id": of_the_owner(house), "token": pair(house.owner.session).access_token}


def consenting(house: House) -> dict[str, Any]:
    asked(house)
    return {"membership_id": house.child.membership.pk}


def bound(house: House) -> dict[str, Any]:
    of_the_owner(house)
    return {}


def completing(house: House) -> dict[str, Any]:
    chat = newcomer()
    with unit_of_work():
        link = services.begin_completion(actor=BOT, chat_id=chat)
    shown = Offered(link.code, link.match, Reservation({}))
    return {"actor": Actor(), "offered": shown, "email": "new@example.org", "password_hash": "x"}


TELEGRAM_RUNS: dict[str, Given] = {
    "accounts.begin_in_chat": lambda h: {"actor": BOT, "chat": Chat(new_chat()), "in_link": True},
    "accounts.begin_by_person": lambda h: {},
    "accounts.confirm_binding": confirming,
    "accounts.confirm_binding (by a child)": by_the_child,
    "accounts.confirm_binding (refused)": lambda h: confirming(h, "A" * 8),
    "accounts.confirm_in_chat": sent,
    "accounts.confirm_in_chat (refused)": lambda h: {**sent(h), "offered": offered("A" * 8)},
    "accounts.register_chat": lambda h: {"actor": BOT, "chat": Chat(new_chat(), first_name="New")},
    "accounts.speak_for_chat": lambda h: {"actor": BOT, "chat_id": of_the_owner(h)},
    "accounts.speak_for_chat (again)": speaking,
    "accounts.check_chat_token": checking,
    "accounts.unlink_chat": lambda h: {"actor": BOT, "chat_id": of_the_owner(h)},
    "accounts.unlink_own_chat": bound,
    "accounts.look_at_binding": lambda h: {"offered": offered(begun(new_chat()))},
    "accounts.look_at_binding (refused)": lambda h: {"offered": offered("A" * 8)},
    "accounts.begin_completion": lambda h: {"actor": BOT, "chat_id": newcomer()},
    "accounts.complete_account": completing,
    "accounts.complete_account (refused)": lambda h: {**completing(h), "offered": offered("A" * 26)},
    "families.consent_to_telegram": consenting,
}
