"""Erasing a person: the row stays, for histories point at it, and holds nothing of theirs any more."""

from datetime import timedelta

from django.db.models import CASCADE, Q

from accounts import codes
from accounts.models import LoginSession, User
from audit import erasure
from financebot.api.models import IdempotencyKey
from financebot.common import clock

AGAIN = timedelta(days=2)  # requests are logged a moment after they were answered


def erase(user: User) -> None:
    """Take everything from a person, locked, who has left all families. What hangs on the row with CASCADE is theirs
    alone and goes; their log-ins end by that."""
    sessions = list(LoginSession.objects.of(user.pk).values_list("pk", flat=True))
    of_account = Q(entity_type="user", entity_id=user.pk) | Q(entity_type="session", entity_id__in=sessions)
    erasure.forget(Q(actor_id=user.pk) | of_account)
    erasure.forget_requests([user.pk])
    IdempotencyKey.objects.filter(caller=f"user:{user.pk}").delete()
    codes.forget(user.pk)
    for relation in User._meta.related_objects:
        if relation.on_delete is CASCADE:
            relation.related_model._base_manager.filter(**{relation.field.name: user}).delete()
    user.groups.clear()
    user.user_permissions.clear()
    _blank(user)


def sweep() -> None:
    """Once more, what was logged of those erased lately after their erasure."""
    lately = User.objects.filter(erased_at__gt=clock.now() - AGAIN)
    erasure.forget_requests(lately.values_list("pk", flat=True))


def _blank(user: User) -> None:
    kept = {"id", "created_at", "security_epoch", "version", "password", "is_active", "erased_at"}
    fields = [field for field in User._meta.concrete_fields if field.name not in kept]
    for field in fields:
        setattr(user, field.attname, field.get_default())
    user.set_unusable_password()
    user.is_active, user.erased_at = False, clock.now()
    user.security_epoch += 1
    user.version += 1
    changed = ("password", "is_active", "erased_at", "security_epoch", "version")
    user.save(update_fields=[*(field.name for field in fields), *changed])
