"""Erasing what is of a person in what happened: facts and digests stay, so that seals still verify."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from audit.models import AccessLog, EventLog


def forget(about: Q) -> None:
    """Erase the private parts of these events (names, words, addresses), and from where nobody yet, by the request of
    one of them, asked for it: a log-in is asked for before it is known whose it is."""
    found = EventLog.objects.filter(about)
    _blank(AccessLog.objects.filter(user_id=None, request_id__in=found.exclude(request_id="").values("request_id")))
    found.filter(private__isnull=False).update(private=None)


def forget_requests(users: Iterable[int]) -> None:
    """Leave in the access log what was asked and when, not from where."""
    _blank(AccessLog.objects.filter(user_id__in=users))


def _blank(requests: QuerySet[AccessLog]) -> None:
    requests.exclude(address="", user_agent="").update(address="", user_agent="")
