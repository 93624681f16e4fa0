"""What letters about somebody's account say of each event; `%(when)s` is filled in by the letter."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from accounts.models import CodePurpose
from audit.names import EventName

NOTHING = lazy("If it was not you, do nothing: nothing changes without this link.")
WAS_YOU = lazy("If it was you, there is nothing to do.")


@dataclass(frozen=True, slots=True)
class Told:
    """All of it lazily translated. `is_alert`: whether it says from where it was done. `action`: what the link does,
    where that is more than others of its purpose do."""

    subject: Any
    sentence: Any
    closing: Any
    is_alert: bool = True
    action: Any = None


def _asked(subject: Any, sentence: Any, closing: Any = NOTHING) -> Told:
    return Told(subject, sentence, closing, is_alert=False)


def _alert(subject: Any, sentence: Any) -> Told:
    return Told(subject, sentence, WAS_YOU)


CONFIRM = lazy("Confirm your e-mail address")

ABOUT_ACCOUNT: dict[str, Told] = {
    EventName.REGISTERED: _asked(CONFIRM, lazy("Somebody, probably you, has registered with this e-mail address.")),
    EventName.VERIFICATION_ASKED: _asked(CONFIRM, lazy("You asked for another link to confirm this e-mail address.")),
    EventName.REGISTRATION_REPEATED: _asked(
        lazy("You have an account already"),
        lazy("Somebody, perhaps you, tried to register with this e-mail address, which has an account already."),
    ),
    EventName.PASSWORD_RESET_ASKED: _asked(
        lazy("Choose a new password"), lazy("Somebody, probably you, asked for a new password for your account.")
    ),
    EventName.ACCOUNT_SECURED: _asked(
        lazy("Your account is locked until you choose a new password"),
        lazy("You said that something was not you: everybody has been logged out, and the old password opens nothing."),
        lazy("Without a link that still works, ask for a new password where you log in."),
    ),
    EventName.PASSWORD_CHANGED: _alert(
        lazy("Your password was changed"), lazy("The password of your account was changed on %(when)s.")
    ),
    EventName.PASSWORD_RESET: _alert(
        lazy("Your password was changed"), lazy("A new password was chosen by a mailed link on %(when)s.")
    ),
    EventName.EMAIL_CHANGE_ASKED: _alert(
        lazy("Another e-mail address for your account"),
        lazy("On %(when)s somebody, probably you, asked for another e-mail address for your account."),
    ),
    EventName.EMAIL_CHANGED: _alert(
        lazy("Your e-mail address was changed"),
        lazy("This is the e-mail address of your account since %(when)s. Everybody has been logged out."),
    ),
    EventName.DATA_EXPORTED: _alert(
        lazy("A copy of your data was taken"),
        lazy("Somebody, probably you, took a copy of all your data on %(when)s."),
    ),
    EventName.REFRESH_REUSED: _alert(
        lazy("A log-in of yours was ended"),
        lazy("A token of yours was used twice on %(when)s, as if somebody had copied it. That log-in has ended."),
    ),
    EventName.LOCKED_OUT: _alert(
        lazy("Too many wrong log-ins"),
        lazy("After too many wrong log-ins to your account, we stopped them on %(when)s."),
    ),
    EventName.DEVICE_ADDED: _alert(
        lazy("A log-in from a new device"), lazy("Your account was opened on %(when)s by a device that is new to it.")
    ),
    EventName.DEVICE_CHANGED: _alert(
        lazy("A device of yours looks different"),
        lazy("A device that your account knows came with another program or in another language on %(when)s."),
    ),
    EventName.TWO_FACTOR_ENABLED: _alert(
        lazy("Two-factor authentication is on"), lazy("It was switched on for your account on %(when)s.")
    ),
    EventName.TWO_FACTOR_DISABLED: _alert(
        lazy("Two-factor authentication is off"), lazy("It was switched off for your account on %(when)s.")
    ),
    EventName.OAUTH_LINKED: _alert(
        lazy("Another way into your account"),
        lazy("Since %(when)s a log-in at Google or GitHub with this e-mail address opens your account too."),
    ),
    EventName.TELEGRAM_BOUND: _alert(
        lazy("A Telegram chat speaks for you now"),
        lazy("A Telegram chat was linked to your account on %(when)s: what is written there is done in your name."),
    ),
}
TO_NEW = _asked(
    CONFIRM,
    lazy("Somebody, probably you, wants to have this e-mail address for their account. They are logged out then."),
)
TO_FORMER = Told(
    lazy("Your e-mail address was changed"),
    lazy("The e-mail address of your account was changed on %(when)s: this is no longer it."),
    WAS_YOU,
    action=lazy("This was not me: log everybody out, lock the account and make this its address again:"),
)
TOGETHER = lazy("Since then it has happened %(count)s times in all; this is the one letter about them.")
ACTIONS: dict[str, Any] = {
    CodePurpose.PASSWORD_RESET: lazy("Choose a new password:"),
    CodePurpose.EMAIL_VERIFICATION: lazy("Confirm that the address is yours:"),
    CodePurpose.NOT_ME: lazy("This was not me: log everybody out and lock the account:"),
}

OF_WEEK: dict[str, Any] = {  # what operators are told of, in this order
    EventName.LOGIN_FAILED: lazy("Wrong passwords at a log-in"),
    EventName.TWO_FACTOR_FAILED: lazy("Wrong codes of a second factor"),
    EventName.STEP_UP_FAILED: lazy("Wrong proofs by somebody logged in"),
    EventName.LOCKED_OUT: lazy("Lockouts"),
    EventName.UNLOCKED: lazy("Lockouts that an operator ended"),
    EventName.REFRESH_REUSED: lazy("Tokens used twice, as if copied"),
    EventName.ACCOUNT_SECURED: lazy("Accounts locked by 'this was not me'"),
    EventName.DEVICE_ADDED: lazy("Log-ins from a new device"),
    EventName.LOGGED_IN: lazy("Log-ins"),
    EventName.REGISTERED: lazy("New accounts"),
    EventName.PASSWORD_CHANGED: lazy("Passwords changed"),
    EventName.PASSWORD_RESET: lazy("Passwords chosen by a mailed link"),
    EventName.EMAIL_CHANGED: lazy("E-mail addresses changed"),
    EventName.TWO_FACTOR_ENABLED: lazy("Second factors switched on"),
    EventName.TWO_FACTOR_DISABLED: lazy("Second factors switched off"),
    EventName.DATA_EXPORTED: lazy("Copies of somebody's data taken"),
    EventName.ACCOUNT_ERASED: lazy("Accounts erased"),
    EventName.CLIENT_CREATED: lazy("Clients made"),
    EventName.CLIENT_ROTATED: lazy("Clients given another secret"),
    EventName.CLIENT_REVOKED: lazy("Clients revoked"),
    EventName.SERVICE_TOKEN_ISSUED: lazy("Service tokens issued"),
    EventName.SERVICE_TOKEN_REVOKED: lazy("Service tokens revoked"),
}
