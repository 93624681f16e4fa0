from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from guardian.mixins import GuardianUserMixin

from accounts.querysets import LoginSessionQuerySet, UserQuerySet
from accounts.rules import normalise_email
from financebot.common import clock


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
    """A person. `email` is null for one who came by Telegram and has not set it yet."""

    email = models.EmailField(max_length=254, unique=True, null=True)
    email_verified_at = models.DateTimeField(null=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, default="en")
    timezone = models.CharField(max_length=64, default="UTC")
    security_epoch = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(email=""), name="accounts_email_null_or_given")]

    def __str__(self) -> str:
        return self.email or f"user {self.pk}"

    @property
    def may_log_in(self) -> bool:
        """Whether the right password opens this account."""
        verified = self.email_verified_at is not None or settings.EMAIL_VERIFICATION != "required"
        return self.is_active and verified


class LoginSession(models.Model):
    """One log-in, by token or by cookie; this row, not the token, says whether it still stands."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_sessions")
    client = models.CharField(max_length=60, blank=True)
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
