from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as lazy
from guardian.mixins import GuardianUserMixin

from accounts.querysets import (
    ApiClientQuerySet,
    BackupCodeQuerySet,
    LoginSessionQuerySet,
    OAuthLinkQuerySet,
    ServiceTokenQuerySet,
    TelegramIdentityQuerySet,
    TotpDeviceQuerySet,
    UserQuerySet,
)
from accounts.rules import normalise_email
from financebot.common import clock
from financebot.common.encryption import EncryptedField


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator: for `manage.py createsuperuser`."""
        fields.setdefault("email_verified_at", clock.now())  # who runs the server need not prove it by mail
        user: User = self.model(email=normalise_email(email), is_staff=True, is_superuser=True, **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=normalise_email(email or ""))  # type: ignore[no-any-return]


class User(GuardianUserMixin, AbstractBaseUser, PermissionsMixin):
    """A person. `email` is null for one who came by Telegram and has not set it yet, and for one who was erased.

    `new_email`: an address that they want to have instead, which counts for nothing before it is proven.
    `former_email`: the one before the last change, which until `former_until` can take the account back.
    """

    email = models.EmailField(max_length=254, unique=True, null=True)
    email_verified_at = models.DateTimeField(null=True)
    new_email = models.EmailField(max_length=254, null=True)
    former_email = models.EmailField(max_length=254, null=True, db_index=True)
    former_until = models.DateTimeField(null=True)
    phone = EncryptedField(bound_to="id", null=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    security_epoch = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    erased_at = models.DateTimeField(null=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(email=""), name="accounts_email_null_or_given"),
            models.CheckConstraint(
                condition=Q(former_email__isnull=True, former_until__isnull=True)
                | Q(former_email__isnull=False, former_until__isnull=False),
                name="accounts_former_email_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.email or f"user {self.pk}"

    @property
    def may_log_in(self) -> bool:
        """Whether the right password opens this account."""
        verified = self.email_verified_at is not None or settings.EMAIL_VERIFICATION != "required"
        return self.is_active and verified


class Device(models.Model):
    """Where a person has logged in before: by the digest of an id that only that device holds."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    user_agent = models.CharField(max_length=300, blank=True)
    look = models.CharField(max_length=64, blank=True)  # `rules.look` of it when it was seen last
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = lazy("device"), lazy("devices")
        constraints = [models.UniqueConstraint(fields=["digest", "user"], name="accounts_device_once")]

    def __str__(self) -> str:
        return f"device {self.pk} of user {self.user_id}"


class LoginSession(models.Model):
    """One log-in, by token or by cookie; this row, not the token, says whether it still stands.

    `client` is what the caller named itself, `signed_by` the client that proved, by its signature or its service token,
    that it opened this.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_sessions")
    device = models.ForeignKey(Device, on_delete=models.SET_NULL, null=True, related_name="login_sessions")
    client = models.CharField(max_length=60, blank=True)
    signed_by = models.CharField(max_length=60, blank=True)
    scope = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=45)
    user_agent = models.CharField(max_length=300, blank=True)
    epoch = models.PositiveIntegerField()
    refresh_counter = models.PositiveIntegerField(default=0)
    rotated_at = models.DateTimeField()
    proof_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="accounts_session_of_user")]

    def __str__(self) -> str:
        return f"session {self.pk} of user {self.user_id}"


class CodePurpose(models.TextChoices):
    INVITATION = "invitation"
    CONFIRMATION = "confirmation"
    TWO_FACTOR_CHALLENGE = "two_factor_challenge"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a secret
    EMAIL_VERIFICATION = "email_verification"
    NOT_ME = "not_me"
    OAUTH_STATE = "oauth_state"
    CHAT_BINDING = "chat_binding"  # asked for in a chat, confirmed by a person
    PERSON_BINDING = "person_binding"  # asked for by a person, confirmed in a chat
    BINDING_CONSENT = "binding_consent"  # a child's, until an owner says yes
    STREAM_TICKET = "stream_ticket"
    COMPLETION = "completion"  # of an account that came by Telegram


class OneTimeCode(models.Model):
    """Something known once: only its SHA-256 is kept, and it is spent by one guarded UPDATE."""

    purpose = models.CharField(max_length=30, choices=CodePurpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    subject = models.BigIntegerField()
    payload = models.JSONField(default=dict)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=CodePurpose.values), name="accounts_code_purpose_known")
        ]
        indexes = [models.Index(fields=["purpose", "subject"], name="accounts_code_of_subject")]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.subject}"


class ThrottleKind(models.TextChoices):
    """Under what wrong tries are counted together."""

    PAIR = "pair"  # an account, from a network
    DEVICE = "device"  # an account, from a device that it knows
    NETWORK = "network"
    ACCOUNT = "account"  # from devices that it does not know
    CODES_MINUTES = "codes_minutes"  # a person's codes, from a network or a device that the account knows
    CODES_HOUR = "codes_hour"
    CODES_DAY = "codes_day"
    CODES_ACCOUNT = "codes_account"  # from devices that it does not know


class LoginThrottle(models.Model):
    """Wrong tries under one key, since when, and until when none is looked at.

    The key is a digest: an address that somebody typed may be a password in the wrong field.
    """

    kind = models.CharField(max_length=20, choices=ThrottleKind.choices)
    key = models.CharField(max_length=64)
    failures = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = lazy("lockout"), lazy("lockouts")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="accounts_throttle_once"),
            models.CheckConstraint(condition=Q(kind__in=ThrottleKind.values), name="accounts_throttle_kind_known"),
        ]
        indexes = [models.Index(fields=["began_at"], name="accounts_throttle_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:8]}"


class TotpDevice(models.Model):
    """An authenticator app that shares a key with us (RFC 6238); without `confirmed_at` it has not shown a code yet.

    `last_step` is the time step of the last code that was used: none of it or of an earlier one works any more.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="totp_device")
    key = EncryptedField(bound_to="user_id")
    last_step = models.BigIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = TotpDeviceQuerySet.as_manager()

    class Meta:
        verbose_name = "TOTP device"

    def __str__(self) -> str:
        return f"TOTP device of user {self.user_id}"


class BackupCode(models.Model):
    """A code for the day the app is lost: only its SHA-256 is kept, and it is spent by one guarded UPDATE."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="backup_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    objects = BackupCodeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="accounts_backup_code_once")]

    def __str__(self) -> str:
        return f"backup code {self.pk} of user {self.user_id}"


class Provider(models.TextChoices):
    """Who else can say who somebody is."""

    GOOGLE = "google", "Google"
    GITHUB = "github", "GitHub"


class OAuthLink(models.Model):
    """That who a provider knows as `subject` is this person. The subject never changes there; their address may."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="oauth_links")
    provider = models.CharField(max_length=10, choices=Provider.choices)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=clock.now)

    objects = OAuthLinkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("log-in by a provider"), lazy("log-ins by providers")
        constraints = [
            models.UniqueConstraint(fields=["provider", "subject"], name="accounts_oauth_subject_once"),
            models.CheckConstraint(condition=Q(provider__in=Provider.values), name="accounts_oauth_provider_known"),
            models.CheckConstraint(condition=~Q(subject=""), name="accounts_oauth_subject_given"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} of user {self.user_id}"


class TelegramIdentity(models.Model):
    """The chat that speaks for a person: their only one, and nobody else's. Ids of groups are negative.

    The names are what Telegram said when it was bound.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="telegram_identity")
    chat_id = models.BigIntegerField(unique=True)
    username = models.CharField(max_length=64, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    verified_at = models.DateTimeField(default=clock.now)

    objects = TelegramIdentityQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("Telegram binding"), lazy("Telegram bindings")
        constraints = [models.CheckConstraint(condition=Q(chat_id__gte=1), name="accounts_chat_of_one_person")]

    def __str__(self) -> str:
        return f"Telegram binding of user {self.user_id}"


class ApiClient(models.Model):
    """A program that signs its requests. The secret before the present one holds until `previous_until`."""

    client_id = models.CharField(max_length=60, unique=True)
    secret = EncryptedField(bound_to="client_id")
    previous_secret = EncryptedField(bound_to="client_id", null=True)
    previous_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiClientQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("API client"), lazy("API clients")
        constraints = [
            models.CheckConstraint(condition=~Q(client_id=""), name="accounts_client_named"),
            models.CheckConstraint(
                condition=Q(previous_secret__isnull=True, previous_until__isnull=True)
                | Q(previous_secret__isnull=False, previous_until__isnull=False),
                name="accounts_client_previous_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.client_id


class ServiceScope(models.TextChoices):
    TELEGRAM_BOT = "telegram_bot"


class ServiceToken(models.Model):
    """A token without a person, by the `jti` in it: this row says whether it still stands."""

    jti = models.CharField(max_length=32, unique=True)
    scope = models.CharField(max_length=20, choices=ServiceScope.choices)
    client = models.CharField(max_length=60)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = ServiceTokenQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("service token"), lazy("service tokens")
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=ServiceScope.values), name="accounts_service_scope_known"),
            models.CheckConstraint(condition=~Q(client=""), name="accounts_service_client_named"),
        ]

    def __str__(self) -> str:
        return f"service token {self.pk} of {self.client}"
