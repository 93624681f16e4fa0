from django.db import models


class IdempotencyKey(models.Model):
    """A key that a caller gave, with the first answer: both are written in the transaction of the effect."""

    caller = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    etag = models.CharField(max_length=30, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="api_key_once_per_caller")]
        indexes = [models.Index(fields=["created_at"], name="api_key_by_age")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
