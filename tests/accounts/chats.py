"""A bot, which has a service token and signs, and the chats that it speaks for."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.conf import settings

from accounts.services import issue_service_token
from audit.trail import Actor
from financebot.common.usecase import unit_of_work
from tests.conftest import Person
from tests.signing import Signer

NAMES = {"username": "ann_b", "first_name": "Ann", "last_name": "B"}
numbers = count(500_000_001)


def new_chat() -> int:
    return next(numbers)


@dataclass(frozen=True)
class Bot:
    token: str
    signer: Signer

    def call(self, path: str, **body: Any) -> Any:
        return self.signer.sign("POST", path, body, token=self.token).send()

    def start(self, chat_id: int, **more: Any) -> Any:
        return self.call("/auth/telegram/start", chat_id=chat_id, **NAMES, **more)

    def code(self, chat_id: int, **more: Any) -> dict[str, Any]:
        """What a person needs to confirm this chat."""
        answer = self.start(chat_id, **more)
        assert answer.status_code == 200, answer.content
        begun = answer.json()
        return {"chat_id": chat_id, **{name: begun[name] for name in ("code", "match") if name in begun}}

    def bound(self, person: Person, chat_id: int | None = None) -> int:
        """A chat that speaks for this person from now on."""
        chat_id = chat_id or new_chat()
        answer = person.http.post("/auth/telegram/confirm", **self.code(chat_id))
        assert answer.status_code == 200, answer.content
        return chat_id

    def speaks(self, chat_id: int) -> "Speaker":
        answer = self.call("/auth/telegram/authenticate", chat_id=chat_id)
        assert answer.status_code == 200, answer.content
        return Speaker(self, answer.json()["jwt_token"])


@dataclass(frozen=True)
class Speaker:
    """The bot, in somebody's name."""

    bot: Bot
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.bot.signer.sign(method, path, body, token=self.token).send()


def new_bot() -> Bot:
    with unit_of_work():
        issued = issue_service_token(actor=Actor(), client_id="telegram_bot")
    return Bot(issued.token, Signer("telegram_bot", settings.HMAC_SECRET_KEY))
