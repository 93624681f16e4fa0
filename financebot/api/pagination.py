"""Keyset pagination: a page starts where the last one ended, so any page costs what the first one costs."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.exceptions import EmptyResultSet
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
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


@dataclass(frozen=True, slots=True)
class Parts:
    """A list whose page is found first and filled in then: by its ids alone, whatever its rows join.

    `parts`: querysets that hold its rows between them, each with an index of its own for the order. `rows`: a queryset
    without conditions, which SQLite would take for the way in, with all that is shown of a row.
    """

    rows: QuerySet[Any]
    parts: Sequence[QuerySet[Any]]


Listed = QuerySet[Any] | Parts


def paginate(listed: Listed, request: Request, *, ordering: str, size: int, cursor: str | None) -> Page:
    """One page in the order of a non-null column (`-name` descends), ties in the order of ids.

    Rows may be model instances or dicts of `.values()` with that column and `id` in them.
    """
    name, descending = ordering.removeprefix("-"), ordering.startswith("-")
    fingerprint = _fingerprint(request)
    at = Cursor.read(cursor, fingerprint=fingerprint) if cursor else None
    backwards = bool(at and at.backwards)
    down = descending != backwards
    sign = "-" if down else ""
    names = dict.fromkeys((name, "id"))  # once, when the list is ordered by id

    def first(queryset: QuerySet[Any]) -> QuerySet[Any]:
        beyond = _beyond(queryset, name, at, down=down) if at else Q()
        return queryset.filter(beyond).order_by(*(f"{sign}{n}" for n in names))[: size + 1]

    if isinstance(listed, Parts):
        found = _among([first(part) for part in listed.parts], listed.rows)
        rows = sorted(found, key=lambda row: (getattr(row, name), row.pk), reverse=down)[: size + 1]
    else:
        rows = list(first(listed))
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


def _among(parts: Sequence[QuerySet[Any]], rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows that come first in any part. Put together by hand: SQLite takes no limits in Django's unions.

    In no order: SQLite would follow an index for the order, past all rows up to the page, instead of these ids.
    """
    statements: list[str] = []
    values: list[Any] = []
    for part in parts:
        with suppress(EmptyResultSet):
            sql, own = part.values("id").query.sql_with_params()
            statements.append(f"SELECT id FROM ({sql}) AS part")  # noqa: S608
            values += own
    return rows.filter(pk__in=RawSQL(" UNION ALL ".join(statements), values)) if statements else rows.none()  # noqa: S611


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
