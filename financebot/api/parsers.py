"""JSON as it came: numbers with a fraction keep their digits."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class WireNumber(Decimal):
    """A JSON number with a fraction or an exponent; as a string it is what was sent, `1E-2` as well as `1.10`."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "WireNumber":
        found = super().__new__(cls, text)
        found.text = text
        return found

    def __str__(self) -> str:
        return self.text


class WireParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            text = stream.read().decode("utf-8")
            found = json.loads(text, parse_float=WireNumber, parse_constant=_refuse, object_pairs_hook=_without_twins)
            if "\\u" in text:  # half of a surrogate pair can be neither stored nor sent back in an error
                json.dumps(found, ensure_ascii=False, default=str).encode()
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON.")) from error
        return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose key stands twice means two things at once; RFC 8259 leaves it open, we refuse it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
