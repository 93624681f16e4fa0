"""A ZIP of tables, each as JSON and as CSV, written row by row: however many there are, little is in memory."""

import csv
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder

SPOOL = 1_000_000  # bytes that are kept in memory; what is more lies in a file without a name
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
FORMULAS = tuple("=+-@\t\r\n＝＋－＠")  # what a spreadsheet takes for the beginning of a formula


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]


def pack(tables: Iterable[Table]) -> IO[bytes]:
    """The ZIP, to be read from its beginning and closed."""
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(SPOOL))
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for table in tables:
                _add(archive, table)
        file.seek(0)
        stack.pop_all()  # from now on it is closed by whoever sends it
    return file


def _add(archive: ZipFile, table: Table) -> None:
    """A ZIP takes one file at a time: the CSV waits beside it while the JSON is written."""
    with SpooledTemporaryFile(SPOOL) as beside:
        text = TextIOWrapper(beside, encoding="utf-8", newline="")
        lines = csv.writer(text)
        lines.writerow(table.columns)
        with archive.open(f"{table.name}.json", "w", force_zip64=True) as out:
            out.write(b"[")
            for number, row in enumerate(table.rows):
                line = json.dumps(
                    {name: row[name] for name in table.columns}, cls=DjangoJSONEncoder, ensure_ascii=False
                )
                out.write((",\n" if number else "\n").encode() + line.encode())
                lines.writerow([cell(value) for value in json.loads(line).values()])
            out.write(b"\n]\n")
        text.flush()
        beside.seek(0)
        with archive.open(f"{table.name}.csv", "w", force_zip64=True) as out:
            shutil.copyfileobj(beside, out)
        text.detach()


def cell(value: Any) -> str:
    """A value as CSV: lists and objects as JSON, and nothing that a spreadsheet would execute (CWE-1236)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULAS) and not NUMBER.fullmatch(text) else text
