"""Binding a Telegram chat to a person, in both directions, and speaking for a chat that is bound.

Who names a chat without being its person is a bot, known by its service token; `actor.bound_to` is its client.
"""

from dataclasses import asdict

from accounts import binding, codes, tokens
from accounts.binding import Begun, Bound, Chat, Offered, Waiting
from accounts.errors import AlreadyBound, InvalidCode, InvalidToken
from accounts.models import CodePurpose, LoginSession, TelegramIdentity, User
from accounts.rules import stamp
from accounts.sessions import about, lock_person, require_fresh, require_invitation
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.errors import DomainError, NotFound
from financebot.common.usecase import Refused, use_case


@use_case
def begin_in_chat(*, actor: Actor, chat: Chat, in_link: bool) -> Begun:
    """A code that binds this chat to whoever confirms it; `in_link`: with digits that only the chat is shown.

    Revokes the chat's code before. Raises AlreadyBound.
    """
    if TelegramIdentity.objects.filter(chat_id=chat.id).exists():
        raise AlreadyBound
    codes.revoke(CodePurpose.CHAT_BINDING, subject=chat.id)
    asked = {"chat": asdict(chat), "client": actor.bound_to}
    begun = binding.begin(CodePurpose.CHAT_BINDING, subject=chat.id, payload=asked, in_link=in_link)
    trail.record(binding.about(EventName.TELEGRAM_BEGUN, 0, chat), actor=actor)
    return begun


@use_case
def look_at_binding(*, actor: Actor, offered: Offered) -> Chat | Refused:
    """Which chat a code without digits was asked for in; a look is a try at it. Locks the user; a wrong one is
    returned, so that it is remembered. Raises StepUpRequired."""
    user = lock_person(actor)
    require_fresh(actor)
    row = binding.find(CodePurpose.CHAT_BINDING, offered.code)
    if row is None or not binding.accept(row, offered):
        return _refused(InvalidCode(), user.pk, None, actor)
    return binding.chat_of(row)


@use_case
def confirm_binding(*, actor: Actor, chat: Chat, offered: Offered) -> Bound | Waiting | Refused:
    """Bind the chat that the code was asked for in, which `chat` has to name, to the caller.

    Locks the user. What is wrong is returned, so that the try is remembered: InvalidCode, or AlreadyBound for a right
    code that comes too late. Raises StepUpRequired, PermissionDenied.
    """
    user = lock_person(actor)
    require_fresh(actor)
    row = binding.find(CodePurpose.CHAT_BINDING, offered.code)
    if row is None or row.subject != chat.id or not binding.accept(row, offered):
        return _refused(InvalidCode(), user.pk, chat, actor)
    if TelegramIdentity.objects.taken(user_id=user.pk, chat_id=chat.id):
        return _refused(AlreadyBound(), user.pk, chat, actor)
    named = _named(binding.chat_of(row), chat)
    outcome, event = binding.settle(row, user, named, client=row.payload["client"], actor=actor)
    trail.record(event, actor=actor)
    return outcome


@use_case
def begin_by_person(*, actor: Actor) -> Begun:
    """A code that the caller sends in a chat, which binds it. Locks the user. Raises StepUpRequired, AlreadyBound."""
    user = lock_person(actor)
    require_fresh(actor)
    if TelegramIdentity.objects.of(user.pk).exists():
        raise AlreadyBound
    codes.revoke(CodePurpose.PERSON_BINDING, subject=user.pk)
    begun = binding.begin(CodePurpose.PERSON_BINDING, subject=user.pk, payload={"stamp": _stamp(user)})
    trail.record(Event(EventName.TELEGRAM_BEGUN, "user", user.pk, {}), actor=actor)
    return begun


@use_case
def confirm_in_chat(*, actor: Actor, chat: Chat, offered: Offered) -> Bound | Waiting | Refused:
    """Bind the chat that a code was sent in to the person who asked for it.

    Locks the user. Returns InvalidCode and AlreadyBound as `confirm_binding` does; raises PermissionDenied.
    """
    row = binding.find(CodePurpose.PERSON_BINDING, offered.code)
    user = User.objects.lock().filter(pk=row.subject, is_active=True).first() if row else None
    if row is None or user is None or row.payload["stamp"] != _stamp(user) or not binding.accept(row, offered):
        return _refused(InvalidCode(), 0, chat, actor)
    if TelegramIdentity.objects.taken(user_id=user.pk, chat_id=chat.id):
        return _refused(AlreadyBound(), user.pk, chat, actor)
    outcome, event = binding.settle(row, user, chat, client=actor.bound_to, actor=actor)
    trail.record(event, actor=actor)
    return outcome


@use_case
def register_chat(*, actor: Actor, chat: Chat, invitation: str = "") -> Bound:
    """The account of this chat: a new one, without address and password, or the one there is; a code that the chat
    had asked for is worth nothing then.

    Locks the user. Raises PermissionDenied for an account that is not active, and as `register` does; AlreadyBound
    for the later of two at once.
    """
    known = binding.person_of(chat.id)
    if known is None:
        require_invitation(invitation)
        user = User(first_name=chat.first_name, last_name=chat.last_name)
        user.set_unusable_password()
        user.save()
        codes.revoke(CodePurpose.CHAT_BINDING, subject=chat.id)
        events = [binding.bind(user, chat)]
    else:
        user, events = known, []
    session, is_new = binding.session_of(user, actor.bound_to, actor)
    entered = EventName.REGISTERED if known is None else EventName.LOGGED_IN if is_new else EventName.TOKEN_REFRESHED
    trail.record(*events, about(entered, session), actor=actor)
    return Bound(user.pk, tokens.pair(session), created=known is None)


@use_case
def speak_for_chat(*, actor: Actor, chat_id: int) -> Bound:
    """Tokens for a chat that is bound, of the log-in that this client has for it or of a new one.

    Locks user and session. Raises NotFound, PermissionDenied for an account that is not active.
    """
    user = binding.lock_person(chat_id)
    session, is_new = binding.session_of(user, actor.bound_to, actor)
    trail.record(about(EventName.LOGGED_IN if is_new else EventName.TOKEN_REFRESHED, session), actor=actor)
    return Bound(user.pk, tokens.pair(session))


@use_case
def check_chat_token(*, actor: Actor, chat_id: int, token: str) -> None:
    """Whether a token is good for this chat: an access token, alive, of the person whom the chat speaks for, shown by
    that person or by a bot. It is kept nowhere. Locks the user. Raises NotFound, InvalidToken."""
    user = binding.lock_person(chat_id)
    if actor.user not in {None, user.pk}:
        raise NotFound
    session_id, person = tokens.read_access(token)
    if person != user.pk or not LoginSession.objects.alive().of(person).filter(pk=session_id).exists():
        raise InvalidToken
    trail.record(
        Event(EventName.TELEGRAM_TOKEN_CHECKED, "session", session_id, {"user_id": (None, person)}), actor=actor
    )


@use_case
def unlink_chat(*, actor: Actor, chat_id: int) -> None:
    """End the binding of a chat, and all log-ins for it. Locks the user. Raises NotFound."""
    user = binding.lock_person(chat_id, active=False)
    trail.record(*binding.end(user.pk), actor=actor)


@use_case
def unlink_own_chat(*, actor: Actor) -> None:
    """The same by its person. Locks the user. Raises StepUpRequired, NotFound."""
    user = lock_person(actor)
    require_fresh(actor)
    ended = binding.end(user.pk)
    if not ended:
        raise NotFound
    trail.record(*ended, actor=actor)


def _refused(problem: DomainError, user_id: int, chat: Chat | None, actor: Actor) -> Refused:
    name = EventName.TELEGRAM_REFUSED
    trail.record(binding.about(name, user_id, chat) if chat else Event(name, "user", user_id, {}), actor=actor)
    return Refused(problem)


def _named(asked: Chat, said: Chat) -> Chat:
    """The chat with the names that the bot gave when it asked, else those that come with the confirmation."""
    return asked if asked.username or asked.first_name or asked.last_name else said


def _stamp(user: User) -> str:
    """What ends all log-ins ends a code that was asked for in one of them."""
    return stamp(user.security_epoch)
