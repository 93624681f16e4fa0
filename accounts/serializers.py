from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework import serializers

from accounts.rules import normalise_email
from financebot.api.serializers import ID_MAX, Answer, StrictSerializer, WholeField
from financebot.api.views import Query

PASSWORD_MAX = 1024
CODE_MAX = 40


class PasswordField(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=PASSWORD_MAX, trim_whitespace=False, style={"input_type": "password"}, **kwargs)


class CodeField(serializers.CharField):
    """Six digits of an app, or a backup code; spaces and dashes as somebody types them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=CODE_MAX, **kwargs)


class ZoneField(serializers.CharField):
    """The name of an IANA time zone."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(max_length=64, **kwargs)  # type: ignore[arg-type]

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in available_timezones():
            raise serializers.ValidationError(_("Not a time zone, such as Europe/Berlin."))
        return name


class NameField(serializers.CharField):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(max_length=100, **kwargs)  # type: ignore[arg-type]


class AddressField(serializers.EmailField):
    """An e-mail address as we keep it; its length counts after it has been normalised."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        return normalise_email(super().to_internal_value(data))


class PhoneField(serializers.RegexField):
    """A number as E.164 writes it: a plus, the country's code, at most 15 digits."""

    default_error_messages = {"invalid": lazy("Not a phone number, such as +4915123456789.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^\+[1-9][0-9]{6,14}$", **kwargs)


class RegisterWrite(StrictSerializer):
    email = AddressField()
    password = PasswordField()
    first_name = NameField(required=False, allow_blank=True, default="")
    last_name = NameField(required=False, allow_blank=True, default="")
    invitation = serializers.CharField(
        required=False, max_length=200, default="", allow_blank=True, help_text="an invitation's token"
    )


class LoginWrite(StrictSerializer):
    email = serializers.CharField(max_length=254)
    password = PasswordField()


class RefreshWrite(StrictSerializer):
    refresh_token = serializers.CharField(max_length=4000)


class LogoutWrite(StrictSerializer):
    all = serializers.BooleanField(default=False)


class StepUpWrite(StrictSerializer):
    """The password, or a code of the app."""

    password = PasswordField(required=False)
    code = CodeField(required=False)

    def validate(self, attrs: Any) -> Any:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Send the password or a code, one of them."))
        return attrs


class ChallengeCodeWrite(StrictSerializer):
    challenge = serializers.CharField(max_length=200)
    code = CodeField()


class ChallengeBackupWrite(StrictSerializer):
    challenge = serializers.CharField(max_length=200)
    backup_code = CodeField()


class CodeWrite(StrictSerializer):
    code = CodeField()


class PasswordWrite(StrictSerializer):
    password = PasswordField()


class PasswordAndCodeWrite(StrictSerializer):
    password = PasswordField()
    code = CodeField()


class PasswordChangeWrite(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class AddressWrite(StrictSerializer):
    email = AddressField()


class MailedTokenWrite(StrictSerializer):
    token = serializers.CharField(max_length=200)


class ResetWrite(MailedTokenWrite):
    new_password = PasswordField()


class ProfileWrite(StrictSerializer):
    first_name = NameField(required=False, allow_blank=True)
    last_name = NameField(required=False, allow_blank=True)
    language = serializers.ChoiceField(required=False, choices=settings.LANGUAGES)
    timezone = ZoneField(required=False)
    phone = PhoneField(required=False, allow_null=True)


class OAuthStartQuery(Query):
    next = serializers.CharField(required=False, max_length=500, help_text="a path here, for browsers")
    invitation = serializers.CharField(
        required=False, max_length=200, default="", help_text="an invitation's token, for who has no account yet"
    )


class OAuthCallbackQuery(Query):
    """What the provider adds beside these means nothing to us (RFC 6749, 4.1.2)."""

    state = serializers.CharField(max_length=200)
    code = serializers.CharField(required=False, max_length=2000)
    error = serializers.CharField(required=False, max_length=200)

    def to_internal_value(self, data: Any) -> Any:
        known = data.copy()
        for name in set(data) - set(self.fields):
            del known[name]
        return super().to_internal_value(known)


class OAuthStartRead(Answer):
    authorization_url = serializers.URLField(help_text="where a browser is to be sent, with the cookie kept")
    expires_in = serializers.IntegerField(help_text="seconds")


class TokensRead(Answer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class LoginRead(TokensRead):
    user_id = serializers.IntegerField()
    device_id = serializers.CharField(help_text="send it as X-Device-Id at the next log-in")


class ChallengeRead(Answer):
    two_factor_required = serializers.BooleanField()
    challenge = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds")


class EnableRead(Answer):
    secret = serializers.CharField(help_text="base 32")
    otpauth_uri = serializers.CharField()
    qr_png = serializers.CharField(help_text="a PNG in base64")


class BackupCodesRead(Answer):
    backup_codes = serializers.ListField(child=serializers.CharField(), help_text="shown once")


class VerifyRead(BackupCodesRead):
    enabled = serializers.BooleanField()


class RegisterRead(Answer):
    """Without tokens where the address is to be verified first."""

    success = serializers.BooleanField()
    message = serializers.CharField()
    user_id = serializers.IntegerField(required=False)
    access_token = serializers.CharField(required=False)
    refresh_token = serializers.CharField(required=False)
    expires_in = serializers.IntegerField(required=False, help_text="seconds")
    device_id = serializers.CharField(required=False, help_text="send it as X-Device-Id at the next log-in")


class MessageRead(Answer):
    message = serializers.CharField()


class StepUpRead(Answer):
    valid_until = serializers.DateTimeField()


class ProfileRead(Answer):
    id = serializers.IntegerField()
    email = serializers.EmailField(allow_null=True)
    email_verified = serializers.SerializerMethodField()
    new_email = serializers.EmailField(allow_null=True, help_text="asked for, not proven yet")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    timezone = serializers.CharField()
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_email_verified(self, user: object) -> bool:
        return getattr(user, "email_verified_at", None) is not None


class SessionRead(Answer):
    id = serializers.IntegerField()
    client = serializers.CharField()
    device = serializers.CharField(source="user_agent")
    network = serializers.CharField(source="address")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField()

    def get_current(self, session: object) -> bool:
        return bool(getattr(session, "pk", None) == self.context["request"].auth.session)


class ChatWrite(StrictSerializer):
    """A private chat: its id is its person's on Telegram."""

    chat_id = WholeField(min_value=1, max_value=ID_MAX)


class NamedChatWrite(ChatWrite):
    """With the names that Telegram gives, null for one that is missing."""

    username = serializers.CharField(required=False, max_length=64, allow_blank=True, allow_null=True)
    first_name = NameField(required=False, allow_blank=True, allow_null=True)
    last_name = NameField(required=False, allow_blank=True, allow_null=True)


class BeginChatWrite(NamedChatWrite):
    link = serializers.BooleanField(default=False)


class ConfirmChatWrite(NamedChatWrite):
    code = CodeField()
    match = serializers.CharField(
        required=False, max_length=CODE_MAX, default="", allow_blank=True, help_text="the six digits shown in the chat"
    )


class LinkChatWrite(NamedChatWrite):
    code = CodeField()


class RegisterChatWrite(NamedChatWrite):
    invitation = serializers.CharField(
        required=False, max_length=200, default="", allow_blank=True, help_text="an invitation's token"
    )


class ChatTokenWrite(ChatWrite):
    jwt_token = serializers.CharField(max_length=4000)


class BegunRead(Answer):
    code = serializers.CharField()
    match = serializers.CharField(required=False, help_text="six digits to show in the chat alone")
    expires_in = serializers.IntegerField(help_text="seconds")


class SpeakingRead(Answer):
    user_id = serializers.IntegerField()
    jwt_token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class BoundRead(SpeakingRead):
    success = serializers.BooleanField()


class ChatRegisteredRead(SpeakingRead):
    created = serializers.BooleanField()
    message = serializers.CharField()


class ConsentRead(Answer):
    consent_required = serializers.BooleanField()


class ChatTokensRead(TokensRead):
    success = serializers.BooleanField()
    user_id = serializers.IntegerField()


class SuccessRead(Answer):
    success = serializers.BooleanField()


class ChatTokenRead(SuccessRead):
    message = serializers.CharField()
    chat_id = serializers.IntegerField()


class AccountLinkRead(Answer):
    url = serializers.CharField()
    match = serializers.CharField(help_text="six digits to show in the chat alone")
    expires_in = serializers.IntegerField(help_text="seconds")
