from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as lazy
from guardian.models import UserObjectPermissionBase

from families.querysets import FamilyQuerySet, InvitationQuerySet, MembershipQuerySet
from families.roles import P, Role
from financebot.common import clock
from financebot.common.fields import MoneyField


def choices_of(kind: type[Role]) -> list[tuple[str, str]]:
    return [(item.value, item.value) for item in kind]


class Family(models.Model):
    """A household. Amounts here are in its base currency; dates are in its time zone."""

    name = models.CharField(max_length=100)
    base_currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64, default="UTC")
    approval_threshold = MoneyField(null=True)
    approvals_required = models.PositiveSmallIntegerField(default=1)
    adult_approval_limit = MoneyField(null=True)
    undo_window = models.PositiveIntegerField(default=900)  # seconds
    closed_until = models.DateField(null=True)
    archived_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    objects = FamilyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = lazy("families")
        default_permissions = ()
        permissions = [(name.value, name.value.replace("_", " ")) for name in P]
        constraints = [
            models.CheckConstraint(condition=Q(approvals_required__in=[1, 2]), name="families_one_or_two_approvals"),
            models.CheckConstraint(
                condition=Q(approval_threshold__isnull=True) | Q(approval_threshold__gte=0),
                name="families_threshold_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(adult_approval_limit__isnull=True) | Q(adult_approval_limit__gte=0),
                name="families_adult_limit_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipState(models.TextChoices):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Membership(models.Model):
    """A person in a family, once and for ever: who comes back gets the same row, and history keeps pointing at it."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=choices_of(Role))
    state = models.CharField(max_length=10, choices=MembershipState.choices, default=MembershipState.ACTIVE)
    spending_limit = MoneyField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "user"], name="families_one_membership_each"),
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="families_role_known"),
            models.CheckConstraint(condition=Q(state__in=MembershipState.values), name="families_state_known"),
            models.CheckConstraint(
                condition=Q(spending_limit__isnull=True) | Q(spending_limit__gte=0),
                name="families_limit_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def holders(self) -> tuple[int | None]:
        return (self.pk,)


class MembershipOverride(models.Model):
    """What an owner gave one member beyond the role, or took from them."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="overrides")
    permission = models.CharField(max_length=40)
    granted = models.BooleanField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "permission"], name="families_one_override_each")]

    def __str__(self) -> str:
        return f"{'+' if self.granted else '-'}{self.permission}"


class FamilyUserPermission(UserObjectPermissionBase):
    """django-guardian's row: whether a person holds a permission in a family. `access.sync` alone writes it."""

    content_object = models.ForeignKey(Family, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        indexes = [models.Index(fields=["content_object", "user"], name="families_permission_of_user")]


class InvitationState(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


class Invitation(models.Model):
    """An offer of a role; its one-time code lies in accounts."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=10, choices=choices_of(Role))
    email = models.EmailField(max_length=254, null=True)
    invited_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="invitations")
    state = models.CharField(max_length=10, choices=InvitationState.choices, default=InvitationState.OPEN)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="families_invited_role_known"),
            models.CheckConstraint(
                condition=Q(state__in=InvitationState.values), name="families_invitation_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def holders(self) -> tuple[int | None]:
        return (self.invited_by_id,)
