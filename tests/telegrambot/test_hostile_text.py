"""Whatever is sent: no exception, no entry that could not be booked, and no more than linear time."""

import ast
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telegrambot import parsing
from telegrambot.parsing import (
    LINES_MAX,
    TEXT_MAX,
    Category,
    Entries,
    Entry,
    Habits,
    Household,
    Key,
    Kind,
    NoEntry,
    NoEntryReason,
    Questions,
    Topic,
    Wallet,
    Why,
    parse,
)
from telegrambot.parsing.line import PARTS_MAX
from tests.telegrambot.household import HOUSEHOLD, NAMES, READER, TODAY

pytestmark = pytest.mark.once
DECIMALS = {"EUR": 2, "USD": 2, "RUB": 2, "PLN": 2, "JPY": 0, "KWD": 3}
CURRENCIES = {wallet.id: wallet.currency for wallet in HOUSEHOLD.wallets}
KINDS = {category.id: category.kind for category in HOUSEHOLD.categories}
PIECES = st.sampled_from(
    [
        *("5", "12.03", "1.200", "1,200", "1 234,56", "4,50", "0", "007", "٣", "1e9", "9" * 30, "2026", "5k", "5 тыс"),
        *("+", "-", "*", "/", "x", "(", ")", "=", ">", "->", "→", "#", "@", ":", ",", ".", '"', "«", "»", "'", "%"),
        *("€", "$", "¥", "usd", "eur", "руб", "zł", "kwd", "cup", "in"),
        *("#home", "#eating out", "#other", "#ho", '#"home office"', "@cash", "@bank", "@sav", "@card 2", "@dollars"),
        *("for:anna", "for:anna*2,ben", "for:b", "for:", "at:lidl", "для:всех"),
        *("yesterday", "вчера", "12 march", "March 12", "03/04", "2026-03-12", "last friday", "3 days ago", "1st"),
        *("coffee", "taxi", "wage", "groceries", "transfer", "cash", "bank", "Lidl", "кофе", "😀", "\u200f", "\u200b"),
        *("\n", " ", "  ", "\u00a0", "\t"),
    ]
)
MESSAGES = st.lists(PIECES, max_size=14).flatmap(lambda all_: st.sampled_from([" ".join(all_), "".join(all_)]))
HABITS = st.builds(
    Habits,
    decimal=st.sampled_from([None, ".", ","]),
    spaces=st.sampled_from([None, True, False]),
    day_first=st.sampled_from([None, True, False]),
)


def check(entry: Entry) -> None:
    """What the API would refuse, or what would be booked otherwise than it is shown."""
    assert 0 < entry.amount < Decimal(10) ** 14
    assert -int(entry.amount.as_tuple().exponent) == DECIMALS[entry.currency]
    assert entry.day <= TODAY + timedelta(1)
    assert len(entry.description) <= 500
    assert len({one.member for one in entry.for_members}) == len(entry.for_members)
    assert all(one.share > 0 for one in entry.for_members)
    sides = (entry.from_wallet is not None, entry.to_wallet is not None)
    assert sides == {Kind.EXPENSE: (True, False), Kind.INCOME: (False, True), Kind.TRANSFER: (True, True)}[entry.kind]
    paid_in = CURRENCIES[entry.from_wallet or entry.to_wallet or 0]
    assert paid_in == entry.currency
    if entry.kind is Kind.TRANSFER:
        arrives_in = CURRENCIES[entry.to_wallet or 0]
        assert entry.from_wallet != entry.to_wallet
        assert (entry.to_amount is None) == (arrives_in == paid_in)
        assert not entry.splits
        assert not entry.for_members
    else:
        assert entry.to_amount is None
        assert bool(entry.splits) != bool(entry.category)
        assert {KINDS[one] for one in [entry.category, *(p.category for p in entry.splits)] if one} == {entry.kind}
    if entry.splits:
        assert sum(part.amount for part in entry.splits) == entry.amount
        assert all(part.amount > 0 for part in entry.splits)


def look(text: str, habits: Habits = READER.habits, answers: dict[Key, str] | None = None) -> list[Entry]:
    result = parse(text, HOUSEHOLD, replace(READER, habits=habits), answers)
    if isinstance(result, NoEntry):
        return []
    assert isinstance(result, Entries) or result.questions
    for entry in result.entries:
        check(entry)
    return list(result.entries)


@settings(deadline=None, database=None, max_examples=100)
@given(st.text(max_size=TEXT_MAX))
def test_any_text_is_read_without_an_exception(text):
    look(text)


@settings(deadline=None, database=None, max_examples=600)
@given(MESSAGES, HABITS)
def test_any_mixture_of_what_means_something_gives_entries_that_can_be_booked(text, habits):
    look(text, habits)


@settings(deadline=None, database=None, max_examples=200)
@given(MESSAGES, st.text(alphabet="0123456789.,-+eEnN\u0663 ", max_size=8) | st.sampled_from([*map(str, NAMES), "USD"]))
def test_any_answer_gives_entries_that_can_be_booked(text, answer):
    result = parse(text, HOUSEHOLD, READER)
    if isinstance(result, Questions):
        for question in result.questions:
            look(text, answers={question.key: answer})
            for candidate in question.candidates:
                look(text, answers={question.key: candidate.value})


@settings(deadline=None, database=None, max_examples=200)
@given(MESSAGES, st.randoms(use_true_random=False))
def test_whoever_takes_a_candidate_is_not_asked_the_same_for_the_same_reason_again(text, random):
    answers: dict[Key, str] = {}
    asked = set()
    result = parse(text, HOUSEHOLD, READER)
    while isinstance(result, Questions) and (open_ones := [one for one in result.questions if one.candidates]):
        question = open_ones[0]
        assert (question.key, question.why) not in asked
        asked.add((question.key, question.why))
        answers[question.key] = random.choice(question.candidates).value
        result = parse(text, HOUSEHOLD, READER, answers)


def test_texts_beyond_the_bounds_are_told_apart_without_being_read():
    assert parse("a" * (TEXT_MAX + 1), HOUSEHOLD, READER) == NoEntry(NoEntryReason.TOO_LONG)
    assert parse("coffee 1\n" * (LINES_MAX + 1), HOUSEHOLD, READER) == NoEntry(NoEntryReason.TOO_MANY_LINES)
    assert parse("", HOUSEHOLD, READER) == parse(" \n\u200b", HOUSEHOLD, READER) == NoEntry(NoEntryReason.EMPTY)
    assert len(look("coffee 1\n" * LINES_MAX)) == LINES_MAX
    assert look("coffee 1 " + "x" * (TEXT_MAX - 9))[0].description.startswith("coffee xxx")


@pytest.mark.parametrize(
    "piece",
    [
        *("a ", "1 ", "1", "1,", "1.", "1+", "1 + ", "(", "(1+", "((1", "#a ", "#", "@", "@cash ", "#eating ", "> "),
        *("cash > ", "for:a,", "for:", "for:anna,", '"', '"a" ', "«", "1 000 ", "12.03 ", "yesterday ", "12 march "),
        *("march 12 ", "last friday ", "on the ", "a:", "usd ", "5 usd ", "$", "$5 ", "-", "->", "1-", "x", "1x", "a1"),
        *("#a 1 ", "a 1 + ", "3 days ago ", "\u200d", "e\u0301", "😀", "@card 2 ", '#"a', "1/", "1/2 ", "1:", "at:a "),
        *(
            "*",
            "for:a*",
            "1’",
            "1_",
            "00",
            "1k",
            "5 тыс ",
            "#home office ",
            "lidl plus ",
            "#nosuch 3\n",
            "\n",
            "a\n3\n",
        ),
    ],
)
def test_four_times_the_text_takes_about_four_times_as_long(piece):
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        text = text if text.count("\n") <= LINES_MAX else (piece * (LINES_MAX * length // TEXT_MAX))
        times = []
        for _ in range(2):
            start = process_time()
            parse(text, HOUSEHOLD, READER)
            times.append(process_time() - start)
        return min(times)

    short, long = seconds(TEXT_MAX // 8), seconds(TEXT_MAX // 2)
    assert long < 10 * short + 0.01  # 16 times, were it quadratic


def test_a_large_family_is_read_in_time():
    household = Household(
        wallets=tuple(Wallet(n, f"wallet {n}", "EUR") for n in range(200)),
        categories=tuple(Category(n, f"catégorie {n}", Kind.EXPENSE) for n in range(500)),
        payees=tuple(f"payee {n}" for n in range(2000)),
    )
    for text in ("#nosuch 3\n" * LINES_MAX, "#a 1 " * 800, "nosuch 3 + " * 300, "cash > bank 3\n" * LINES_MAX):
        start = process_time()
        parse(text, household, READER)
        assert process_time() - start < 2


def test_what_no_sum_can_hold_is_not_rounded_away():
    result = parse(f"lunch 1234567890+0.{'0' * 57}1", HOUSEHOLD, READER)
    assert isinstance(result, Questions)
    assert [one.why for one in result.questions] == [Why.TOO_FINE]


def test_an_entry_has_no_more_parts_than_somebody_can_check():
    [entry] = look("#home 1 " * PARTS_MAX)
    assert len(entry.splits) == PARTS_MAX
    result = parse("#home 1 " * (PARTS_MAX + 1), HOUSEHOLD, READER)
    assert isinstance(result, Questions)
    assert [(one.key.topic, one.why) for one in result.questions] == [(Topic.SPLIT, Why.TOO_LARGE)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("coffee 12345.67", "12345.67"),
        ("coffee 12345.67+0.01", "12345.68"),
        ("groceries 12345.67 + household 0.01", "12345.68"),
        ("coffee 123.456k", "123456.00"),
    ],
)
def test_nothing_is_rounded_whatever_the_caller_s_context_says(text, amount):
    habits = Habits(decimal=".")
    with localcontext(prec=2):
        result = parse(text, HOUSEHOLD, replace(READER, habits=habits))
        asked = parse("coffee 12345.678 12345.67", HOUSEHOLD, READER)
    assert [str(entry.amount) for entry in result.entries] == [amount]
    assert isinstance(asked, Questions)
    assert [one.value for one in asked.questions[0].candidates] == ["12345.678", "12345.67"]


def test_the_parser_is_pure():
    """No clock, no network, no evaluation, nothing of ours but itself."""
    allowed = {"telegrambot", "iso4217"}
    standard = {"collections", "dataclasses", "datetime", "decimal", "enum", "functools", "re", "typing", "unicodedata"}
    for path in Path(parsing.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                assert (module or "").split(".")[0] in allowed | standard, path
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert called not in {"eval", "exec", "today", "now", "float", "open"}, path


def test_questions_about_a_line_are_of_that_line_alone():
    result = parse("coffee 3\n\n2 taxi 5\nmilk 2", HOUSEHOLD, READER)
    assert isinstance(result, Questions)
    assert [(one.key.line, one.key.topic) for one in result.questions] == [(2, Topic.AMOUNT), (3, Topic.CATEGORY)]
    assert [entry.line for entry in result.entries] == [0]
