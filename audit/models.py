from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as lazy

from audit.names import EventName
from audit.querysets import AccessLogQuerySet, EventQuerySet, SealQuerySet


class EventLog(models.Model):
    """What happened, written in the transaction that made it happen and never changed.

    Ids of other apps are plain numbers: the record outlives what it speaks of. `position` comes from the relay after
    the commit; `private` may be erased, its digest stays. `only_for_id`: the membership that alone may see it.
    """

    position = models.BigIntegerField(null=True, unique=True)
    name = models.CharField(max_length=60, choices=EventName.choices)
    family_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    entity_type = models.CharField(max_length=30)
    entity_id = models.BigIntegerField()
    only_for_id = models.BigIntegerField(null=True)
    changes = models.JSONField(default=dict)
    private = models.JSONField(null=True)
    private_digest = models.CharField(max_length=64)
    request_id = models.CharField(max_length=100, blank=True)
    client = models.CharField(max_length=60, blank=True)
    channel = models.CharField(max_length=10)
    created_at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("event"), lazy("events")
        constraints = [
            models.CheckConstraint(condition=Q(name__in=EventName.values), name="audit_event_name_known"),
            models.CheckConstraint(
                condition=Q(position__isnull=True) | Q(position__gte=1), name="audit_position_from_one"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="audit_event_unnumbered"),
            models.Index(fields=["family_id", "position"], name="audit_event_of_family"),
            models.Index(fields=["family_id", "entity_type", "entity_id", "id"], name="audit_event_of_entity"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.name} {self.entity_type} {self.entity_id}"


class SubjectKind(models.TextChoices):
    WALLET = "wallet"
    MEMBER = "member"


class EventSubject(models.Model):
    """A wallet or a member that an event concerns: it decides who may see the event, and never changes."""

    event = models.ForeignKey(EventLog, on_delete=models.PROTECT, related_name="subjects")
    kind = models.CharField(max_length=10, choices=SubjectKind.choices)
    subject = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "kind", "subject"], name="audit_subject_once"),
            models.CheckConstraint(condition=Q(kind__in=SubjectKind.values), name="audit_subject_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class AuditSeal(models.Model):
    """That the events from `first` to `last` were these: batches without gaps from position 1, never changed.

    `marks`: the SHA-256 of each event, 32 bytes each, so that the one that differs can be named. `digest`: of the
    marks and the seal before, in hex; `mac`: its HMAC under a key that is not in the database.
    """

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    marks = models.BinaryField()
    digest = models.CharField(max_length=64)
    mac = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    objects = SealQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("seal"), lazy("seals")
        constraints = [
            models.CheckConstraint(condition=Q(first__gte=1), name="audit_seal_from_one"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="audit_seal_of_one_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class AccessLog(models.Model):
    """One request: who asked what from where, and how it ended."""

    method = models.CharField(max_length=10)
    route = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    duration_ms = models.PositiveIntegerField()
    user_id = models.BigIntegerField(null=True)
    family_id = models.BigIntegerField(null=True)
    client = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=45)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = lazy("request"), lazy("requests")
        indexes = [
            models.Index(fields=["family_id", "id"], name="audit_access_of_family"),
            models.Index(fields=["created_at"], name="audit_access_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.status}"
