"""An e-mail address and a password for an account that came by Telegram."""

from django.conf import settings
from django.db import IntegrityError

from accounts import binding, codes
from accounts.binding import Begun, Offered
from accounts.errors import AccountComplete, EmailTaken, InvalidCode
from accounts.models import CodePurpose, TelegramIdentity, User
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common.usecase import Refused, use_case


@use_case
def begin_completion(*, actor: Actor, chat_id: int) -> Begun:
    """A code for a link, with digits that only the chat is shown. Locks the user.

    Raises NotFound, PermissionDenied as `speak_for_chat` does; AccountComplete: else whoever holds a chat could take
    over the account by another password.
    """
    user = binding.lock_person(chat_id)
    if _is_complete(user):
        raise AccountComplete
    codes.revoke(CodePurpose.COMPLETION, subject=user.pk)
    begun = binding.begin(CodePurpose.COMPLETION, subject=user.pk, payload={"chat_id": chat_id}, in_link=True)
    trail.record(Event(EventName.COMPLETION_BEGUN, "user", user.pk, {}), actor=actor)
    return begun


@use_case
def complete_account(*, actor: Actor, offered: Offered, email: str, password_hash: str) -> Refused | None:
    """Set both; nobody is logged in. `email` is normalised. Locks the user; InvalidCode is returned, so that the try is
    remembered. Raises EmailTaken, unless addresses are proven first: then its owner is told, and nobody else.
    """
    row = binding.find(CodePurpose.COMPLETION, offered.code)
    user = User.objects.lock().filter(pk=row.subject, is_active=True).first() if row else None
    if row is None or user is None or _is_complete(user) or not _speaks(user, row.payload["chat_id"]):
        return _refused(0, actor)
    if not binding.accept(row, offered):
        return _refused(user.pk, actor)
    codes.spend(row)
    owner = User.objects.holding(email).first()
    if owner and settings.EMAIL_VERIFICATION != "required":
        raise EmailTaken(field="email")
    if owner is None:
        _set(user, email, password_hash)
    event = EventName.REGISTRATION_REPEATED if owner else EventName.REGISTERED
    trail.record(Event(event, "user", (owner or user).pk, {}), actor=actor)
    return None


def _set(user: User, email: str, password_hash: str) -> None:
    user.email, user.password = email, password_hash
    try:
        user.save(update_fields=["email", "password"])
    except IntegrityError as error:
        raise EmailTaken(field="email") from error


def _is_complete(user: User) -> bool:
    return user.email is not None or user.has_usable_password()


def _speaks(user: User, chat_id: int) -> bool:
    return TelegramIdentity.objects.of(user.pk).filter(chat_id=chat_id).exists()


def _refused(user_id: int, actor: Actor) -> Refused:
    trail.record(Event(EventName.COMPLETION_REFUSED, "user", user_id, {}), actor=actor)
    return Refused(InvalidCode())
