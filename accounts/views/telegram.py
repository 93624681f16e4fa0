from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import serializers, services, tries
from accounts.binding import Bound, Chat
from accounts.errors import AccountComplete, AlreadyBound, InvalidCode, InvalidToken
from accounts.views.common import PersonViewSet
from financebot.api import limits
from financebot.api.views import PERSON_T_OR_SERVICE, SERVICE, Call, Instead, Needs, Query, in_address
from financebot.common.errors import DomainError, NotFound, PermissionDenied
from financebot.common.usecase import Refused

BOT_LIMIT = "300/m"  # of a bot, for all its chats
START_LIMIT = "3/10m"  # of a chat


def _call(body: Any, answer: Any, *problems: type[DomainError], **more: Any) -> Call:
    """A row of this table: whatever its body takes may stand in the address instead, and its answer is a secret."""
    row: dict[str, Any] = {"needs": SERVICE, "limit": BOT_LIMIT, **more}
    return Call(body=body, query=in_address(body), answer=answer, secret=True, problems=problems, **row)


class TelegramViewSet(PersonViewSet):
    """What a bot asks for chats by its service token, and a person for their own."""

    calls = {
        "start": _call(serializers.BeginChatWrite, serializers.BegunRead, AlreadyBound),
        "confirm": _call(
            serializers.ConfirmChatWrite,
            serializers.BoundRead,
            AlreadyBound,
            InvalidCode,
            PermissionDenied,
            needs=Needs("person", ("link_telegram",)),
            instead={202: serializers.ConsentRead},
            fresh=True,
            limit="",
        ),
        "link": _call(
            serializers.LinkChatWrite,
            serializers.BoundRead,
            AlreadyBound,
            InvalidCode,
            instead={202: serializers.ConsentRead},
        ),
        "store_token": _call(
            serializers.ChatTokenWrite, serializers.ChatTokenRead, InvalidToken, NotFound, needs=PERSON_T_OR_SERVICE
        ),
        "authenticate": _call(serializers.ChatWrite, serializers.SpeakingRead, NotFound),
        "register": _call(
            serializers.RegisterChatWrite,
            serializers.ChatRegisteredRead,
            status=201,
            instead={200: serializers.ChatRegisteredRead},
        ),
        "account": _call(serializers.ChatWrite, serializers.AccountLinkRead, NotFound, AccountComplete),
        "get_token": _call(serializers.ChatWrite, serializers.ChatTokensRead, NotFound),
        "refresh_token": _call(serializers.ChatWrite, serializers.ChatTokensRead, NotFound),
        "unlink": _call(serializers.ChatWrite, serializers.SuccessRead, NotFound),
    }

    def start(self, request: Request) -> Response:
        """A code that binds this chat; with `link` one for a link, good only with the `match`."""
        given = self.given(request)
        limits.demand("telegram start", f"chat {given['chat_id']}", START_LIMIT)

        def work() -> dict[str, Any]:
            begun = services.begin_in_chat(actor=self.actor, chat=chat_of(given), in_link=given["link"])
            return {name: value for name, value in asdict(begun).items() if value}

        return self.once(work)

    def confirm(self, request: Request) -> Response:
        """Bind the chat that the code came from to the caller."""
        given = self.given(request)
        offered = tries.of_binding(self.actor, given["code"], given["match"])
        return self.once(lambda: told(services.confirm_binding(actor=self.actor, chat=chat_of(given), offered=offered)))

    def link(self, request: Request) -> Response:
        """Bind the chat in which somebody sent a code that they got at the page `/auth/telegram`."""
        given = self.given(request)
        offered = tries.of_binding(self.actor, given["code"], chat_id=given["chat_id"])
        return self.once(lambda: told(services.confirm_in_chat(actor=self.actor, chat=chat_of(given), offered=offered)))

    def store_token(self, request: Request) -> Response:
        """Whether a token is good for this chat. It is kept nowhere: a bound chat is given new ones."""
        given = self.given(request)

        def work() -> dict[str, Any]:
            services.check_chat_token(actor=self.actor, chat_id=given["chat_id"], token=given["jwt_token"])
            return {"success": True, "message": _("The token is good for this chat."), "chat_id": given["chat_id"]}

        return self.once(work)

    def authenticate(self, request: Request) -> Response:
        return self._speak(request)

    def register(self, request: Request) -> Response:
        """The account of this chat, made if there is none."""
        given = self.given(request)

        def work() -> Any:
            bound = services.register_chat(actor=self.actor, chat=chat_of(given), invitation=given["invitation"])
            said = {**told(bound), "created": bound.created, "message": _("Welcome.")}
            return said if bound.created else Instead(200, said)

        return self.once(work)

    def account(self, request: Request) -> Response:
        """A link for the person of a chat to set an e-mail address and a password, good only with the `match`."""
        chat_id = self.given(request)["chat_id"]

        def work() -> dict[str, Any]:
            begun = services.begin_completion(actor=self.actor, chat_id=chat_id)
            url = f"{settings.PUBLIC_URL}/auth/account?{urlencode({'token': begun.code})}"
            return {"url": url, "match": begun.match, "expires_in": begun.expires_in}

        return self.once(work)

    def get_token(self, request: Request) -> Response:
        return self._speak(request)

    def refresh_token(self, request: Request) -> Response:
        return self._speak(request)

    def unlink(self, request: Request) -> Response:
        chat_id = self.given(request)["chat_id"]

        def work() -> dict[str, bool]:
            services.unlink_chat(actor=self.actor, chat_id=chat_id)
            return {"success": True}

        return self.once(work)

    def given(self, request: Request) -> Any:
        """What the body says, or in its place the address."""
        if not request.query_params:
            return self.body(request)
        self._read(Query, request.data)
        return self._read(self.call.body or Query, request.query_params)

    def _speak(self, request: Request) -> Response:
        chat_id = self.given(request)["chat_id"]
        return self.once(lambda: told(services.speak_for_chat(actor=self.actor, chat_id=chat_id)))


def chat_of(given: dict[str, Any]) -> Chat:
    names = {name: given.get(name) or "" for name in ("username", "first_name", "last_name")}
    return Chat(given["chat_id"], **names)


def told(outcome: Any) -> Any:
    """What a call answers to a binding; each shape takes of it what it names."""
    if isinstance(outcome, Bound):
        return {"success": True, "jwt_token": outcome.tokens.access_token, **asdict(outcome.tokens)}
    return outcome if isinstance(outcome, Refused) else Instead(202, outcome)
