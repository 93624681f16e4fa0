"""Keyset pagination: a page starts where the last one ended, so any page costs what the first one costs."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from financebot.common.errors import Invalid

SALT = "financebot.cursor"
PAGE_SIZE, PAGE_SIZE_MAX = 50, 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    backwards: bool
    key: str
    id: int
    fingerprint: str

    def sign(self) -> str:
        return signing.dumps([int(self.backwards), self.key, self.id, self.fingerprint], salt=SALT)

    @classmethod
    def read(cls, text: str, *, fingerprint: str) -> "Cursor":
        """Invalid when it is not ours, or came with other filters."""
        try:
            backwards, key, row, made_for = signing.loads(text, salt=SALT)
        except signing.BadSignature as error:
            raise Invalid({"cursor": [_("This is not a cursor of ours.")]}) from error
        if made_for != fingerprint:
            raise Invalid({"cursor": [_("This cursor belongs to a list with other filters.")]})
        return cls(bool(backwards), key, row, made_for)


@dataclass(frozen=True, slots=True)
class Page:
    results: list[Any]
    next: str | None
    previous: str | None


def paginate(queryset: QuerySet[Any], request: Request, *, ordering: str, size: int, cursor: str | None) -> Page:
    """One page in the order of a non-null column (`-name` descends), ties in the order of ids.

    Rows may be model instances or dicts of `.values()` with that column and `id` in them.
    """
    name, descending = ordering.removeprefix("-"), ordering.startswith("-")
    fingerprint = _fingerprint(request)
    at = Cursor.read(cursor, fingerprint=fingerprint) if cursor else None
    backwards = bool(at and at.backwards)
    down = descending != backwards
    if at:
        queryset = queryset.filter(_beyond(queryset, name, at, down=down))
    sign = "-" if down else ""
    names = dict.fromkeys((name, "id"))  # once, when the list is ordered by id
    rows = list(queryset.order_by(*(f"{sign}{n}" for n in names))[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()

    def link(row: Any, *, back: bool) -> str:
        key, row_id = (row[name], row["id"]) if isinstance(row, dict) else (getattr(row, name), row.pk)
        text = Cursor(back, _text(key), row_id, fingerprint).sign()
        return replace_query_param(request.build_absolute_uri(), "cursor", text)

    has_next, has_previous = (bool(at), more) if backwards else (more, bool(at))
    return Page(
        rows,
        link(rows[-1], back=False) if rows and has_next else None,
        link(rows[0], back=True) if rows and has_previous else None,
    )


def _beyond(queryset: QuerySet[Any], name: str, at: Cursor, *, down: bool) -> Q:
    """`a <= x AND (a < x OR id < i)`: a form that both databases answer from an index."""
    annotation = queryset.query.annotations.get(name)
    field = annotation.output_field if annotation else queryset.model._meta.get_field(name)
    value = field.to_python(at.key)
    side = "lt" if down else "gt"
    if name == "id":
        return Q(**{f"id__{side}": at.id})
    return Q(**{f"{name}__{side}e": value}) & (Q(**{f"{name}__{side}": value}) | Q(**{f"id__{side}": at.id}))


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _fingerprint(request: Request) -> str:
    filters = sorted((k, v) for k, v in request.query_params.items() if k not in {"cursor", "page_size"})
    return hashlib.sha256(repr((request.path, filters)).encode()).hexdigest()[:16]
