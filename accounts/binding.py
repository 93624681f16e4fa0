"""Which Telegram chat speaks for whom: the codes that bind one, the binding, the log-in that its tokens come from."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from accounts import codes, lockout, moments, tokens
from accounts.errors import AlreadyBound, InvalidCode
from accounts.lockout import Reservation
from accounts.models import CodePurpose, LoginSession, OneTimeCode, TelegramIdentity, User
from accounts.sessions import create_session, revoke
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.text import one_line

CODE_LIFE = timedelta(minutes=10)
CONSENT_LIFE = timedelta(days=7)
TYPED_LENGTH = 8  # letters of a code that somebody types
LINK_LENGTH = 26  # of one that stands in a link: 130 bits
TRIES = 5
SCOPE = "telegram"


@dataclass(frozen=True, slots=True)
class Chat:
    """A private chat with the bot, and the names that its person has on Telegram."""

    id: int
    username: str = ""
    first_name: str = ""
    last_name: str = ""

    @property
    def title(self) -> str:
        """Who asks, as a person reads it; only the user name is nobody else's."""
        name = one_line(f"{self.first_name} {self.last_name}")
        username = one_line(self.username)
        return f"{name} (@{username})" if name and username else name or (f"@{username}" if username else mask(self.id))


@dataclass(frozen=True, slots=True)
class Begun:
    """A code, told once; with `match` it works only together with these six digits. `expires_in`: seconds."""

    code: str
    match: str = ""
    expires_in: int = int(CODE_LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class Offered:
    """A code that somebody gives, counted as wrong before it is looked at; without `reservation` it is not."""

    code: str
    match: str
    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class Bound:
    """The chat speaks for this person from now on; the first pair of its tokens. `created`: the person is new."""

    user_id: int
    tokens: tokens.Pair
    created: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """All was right, and an owner of the family has to consent."""

    consent_required: bool = True


def mask(chat_id: int) -> str:
    return f"…{str(chat_id)[-4:]}"


def begin(purpose: CodePurpose, *, subject: int, payload: Mapping[str, Any], in_link: bool = False) -> Begun:
    """A new code of this chat or person."""
    code = codes.letters(LINK_LENGTH if in_link else TYPED_LENGTH)
    match = f"{secrets.randbelow(10**6):06d}" if in_link else ""
    kept = {**payload, "match": _match(code, match)}
    codes.keep(purpose, code, subject=subject, life=CODE_LIFE, payload=kept)
    return Begun(code, match)


def find(purpose: CodePurpose, code: str) -> OneTimeCode | None:
    """The row of a code as somebody typed it, if it could be used now."""
    return codes.usable(purpose).filter(digest=codes.digest(codes.as_typed(code))).first()


def accept(row: OneTimeCode, offered: Offered) -> bool:
    """Count a try at the code; when its digits are right too, give the person's try back."""
    typed = _match(codes.as_typed(offered.code), "".join(offered.match.split()))
    if offered.reservation is None or not codes.take_try(row, most=TRIES):
        return False
    if not hmac.compare_digest(typed, row.payload["match"]):
        return False
    lockout.give_back(offered.reservation)
    return True


def chat_of(row: OneTimeCode) -> Chat:
    """Whose chat a code was asked for in."""
    return Chat(**row.payload["chat"])


def chat_asking(code: str) -> Chat | None:
    """The chat that a code which could be used now was asked for in."""
    row = find(CodePurpose.CHAT_BINDING, code)
    return chat_of(row) if row else None


def person_of(chat_id: int, *, active: bool = True) -> User | None:
    """Whom the chat speaks for, locked; None where it is bound to nobody. PermissionDenied for who is not active."""
    user: User | None = User.objects.lock().filter(telegram_identity__chat_id=chat_id).first()
    if user is None or not TelegramIdentity.objects.of(user.pk).filter(chat_id=chat_id).exists():
        return None  # unlinked while we waited
    if active and not user.is_active:
        raise PermissionDenied("active")
    return user


def lock_person(chat_id: int, *, active: bool = True) -> User:
    """The same where there has to be somebody. Raises NotFound."""
    user = person_of(chat_id, active=active)
    if user is None:
        raise NotFound
    return user


def chat_bound(identity: TelegramIdentity) -> Chat:
    return Chat(identity.chat_id, identity.username, identity.first_name, identity.last_name)


def settle(row: OneTimeCode, user: User, chat: Chat, *, client: str, actor: Actor) -> tuple[Bound | Waiting, Event]:
    """Use the code up: bind, or note that it waits for consent; and what happened. The user's row is locked.

    Raises InvalidCode, AlreadyBound where somebody was faster, PermissionDenied where a family has taken the right.
    """
    codes.spend(row)
    if any([waits(user.pk) for waits in moments.binding]):  # noqa: C419 - each may refuse
        codes.revoke(CodePurpose.BINDING_CONSENT, subject=user.pk)
        waiting = {"chat": asdict(chat)}
        codes.make(CodePurpose.BINDING_CONSENT, subject=user.pk, life=CONSENT_LIFE, payload=waiting)
        return Waiting(), about(EventName.TELEGRAM_CONSENT_ASKED, user.pk, chat)
    bound = bind(user, chat)
    session = open_session(user, client, actor)
    return Bound(user.pk, tokens.pair(session)), bound


def bind(user: User, chat: Chat) -> Event:
    """Of two at once one gets the chat. Raises AlreadyBound."""
    names = {"username": chat.username, "first_name": chat.first_name, "last_name": chat.last_name}
    try:
        TelegramIdentity.objects.create(user=user, chat_id=chat.id, **names)
    except IntegrityError as error:
        raise AlreadyBound from error
    return about(EventName.TELEGRAM_BOUND, user.pk, chat)


def consent(user: User) -> Event:
    """Bind what waits for it. The user's row is locked. Raises InvalidCode where nothing waits, AlreadyBound."""
    waiting = codes.usable(CodePurpose.BINDING_CONSENT).filter(subject=user.pk).first()
    if waiting is None:
        raise InvalidCode
    codes.spend(waiting)
    return bind(user, chat_of(waiting))


def end(user_id: int) -> list[Event]:
    """End a person's binding with its log-ins, and what would lead to one; the event, if there was one."""
    for purpose in (CodePurpose.PERSON_BINDING, CodePurpose.BINDING_CONSENT):
        codes.revoke(purpose, subject=user_id)
    identity = TelegramIdentity.objects.of(user_id).first()
    if identity is None:
        return []
    identity.delete()
    revoke(LoginSession.objects.of(user_id).of_chats())
    return [Event(EventName.TELEGRAM_UNBOUND, "user", user_id, {"chat": (mask(identity.chat_id), None)})]


def session_of(user: User, client: str, actor: Actor) -> tuple[LoginSession, bool]:
    """The log-in that this client speaks by for the person's chat, kept awake, or a new one; whether it is new."""
    mine = LoginSession.objects.alive().of(user.pk).of_chats().filter(signed_by=client)
    session = mine.select_for_update(no_key=True, of=("self",)).order_by("-pk").first()
    if session is None:
        return open_session(user, client, actor), True
    session.rotated_at = session.last_used_at = clock.now()
    session.save(update_fields=["rotated_at", "last_used_at"])
    return session, False


def open_session(user: User, client: str, actor: Actor) -> LoginSession:
    """Nobody has proved anything for it: its proof is too old from the beginning."""
    return create_session(user, actor, scope=SCOPE, signed_by=client, proof_at=clock.now() - settings.STEP_UP_LIFETIME)


def about(name: EventName, user_id: int, chat: Chat) -> Event:
    texts = {"username": ("", chat.username), "name": ("", f"{chat.first_name} {chat.last_name}".strip())}
    return Event(name, "user", user_id, {"chat": (None, mask(chat.id))}, texts)


def _match(code: str, digits: str) -> str:
    """What is kept of the digits: nothing can be tried at it by who does not know the code."""
    return codes.digest(f"{code}:{digits}") if digits else ""
