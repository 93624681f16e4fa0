"""Each phrase of `phrases.txt` means what stands beside it.

A line is `phrase :: meaning` in the short form of `household.short`; `\\n` and `\\u200f` are escapes. A heading
begins a section, with the reader's habits in square brackets: `== Commas [decimal=, spaces=yes]`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from telegrambot.parsing import Habits, parse
from tests.telegrambot.household import HOUSEHOLD, READER, short

pytestmark = pytest.mark.once
DOCUMENT = Path(__file__).parents[2] / "docs" / "bot.md"
TABLE = Path(__file__).with_name("phrases.txt").read_text("utf-8")


def habits(heading: str) -> Habits:
    said: dict[str, Any] = dict(re.findall(r"(\w+)=(\S+?)[\s\]]", heading))
    return Habits(**{name: {"yes": True, "no": False}.get(value, value) for name, value in said.items()})


def phrases() -> Iterator[tuple[str, str, Habits]]:
    of_section = Habits()
    for row in TABLE.splitlines():
        if row.startswith("=="):
            of_section = habits(row)
        elif row:
            phrase, meaning = row.split(" :: ")
            plain = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), phrase.replace("\\n", "\n"))
            yield plain, meaning, of_section


@pytest.mark.parametrize(("phrase", "meaning", "of_section"), list(phrases()))
def test_a_phrase_means_what_the_table_says(phrase, meaning, of_section):
    assert short(parse(phrase, HOUSEHOLD, replace(READER, habits=of_section))) == meaning


def test_the_document_shows_no_phrase_that_is_not_in_the_table():
    """What stands in its tables is a phrase of ours or a part of one."""
    phrases_ = [row.split(" :: ")[0] for row in TABLE.splitlines() if " :: " in row]
    rows = [row for row in DOCUMENT.read_text("utf-8").splitlines() if row.startswith("| ")]
    shown = [span for row in rows for span in re.findall(r"`([^`]+)`", row)]
    assert len(shown) > 60
    assert [span for span in shown if not any(span.casefold() in phrase.casefold() for phrase in phrases_)] == []


def test_the_table_is_long_and_says_nothing_twice():
    rows = [(phrase, of_section) for phrase, _meaning, of_section in phrases()]
    assert len(rows) > 700
    assert len(set(rows)) == len(rows)
