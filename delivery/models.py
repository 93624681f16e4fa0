from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as lazy

from audit.models import EventLog
from delivery.querysets import DeliveryQuerySet
from financebot.common import clock


class Outlet(models.TextChoices):
    EMAIL = "email"


class TargetKind(models.TextChoices):
    MEMBER = "member"  # a membership, by what it may see
    PERSON = "person"  # a user
    NEW_ADDRESS = "new"  # a user, at the address that they want to have
    FORMER = "former"  # a user, at the address that they had before the event
    OPERATOR = "operator"  # a user, for as long as they are one
    INVITATION = "invitation"  # whoever reads the mail of the address that it names


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"  # it had no point any more
    FAILED = "failed"  # given up


class Delivery(models.Model):
    """That somebody is to hear of an event: written with the event's number, delivered at least once, or given up.

    While it waits, `next_try_at` is also how long whoever tries it has it to themselves. `gathers`: of how many events
    it tells together, this one and later ones; 0 when it tells of its event alone.
    """

    event = models.ForeignKey(EventLog, on_delete=models.PROTECT, related_name="deliveries")
    outlet = models.CharField(max_length=10, choices=Outlet.choices)
    target_kind = models.CharField(max_length=10, choices=TargetKind.choices)
    target = models.BigIntegerField()
    gathers = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = lazy("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "outlet", "target_kind", "target"], name="delivery_once"),
            models.CheckConstraint(condition=Q(outlet__in=Outlet.values), name="delivery_outlet_known"),
            models.CheckConstraint(condition=Q(target_kind__in=TargetKind.values), name="delivery_target_kind_known"),
            models.CheckConstraint(
                condition=Q(gathers=0) | Q(target_kind="person"), name="delivery_gathers_for_people_only"
            ),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=False) ^ ~Q(state="sent"), name="delivery_sent_has_its_time"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at", "id"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["target_kind", "target", "created_at"], name="delivery_of_target"),
        ]

    def __str__(self) -> str:
        return f"{self.outlet} to {self.target_kind} {self.target}: {self.state}"
