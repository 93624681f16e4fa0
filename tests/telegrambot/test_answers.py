"""Questions are answered by reading the same message again with what was chosen."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from telegrambot.parsing import (
    SKIP,
    Candidate,
    Entries,
    Habits,
    Household,
    Key,
    Kind,
    NoEntry,
    Questions,
    Reader,
    Topic,
    Wallet,
    parse,
)
from tests.telegrambot.household import HOUSEHOLD, NAMES, READER, short

pytestmark = pytest.mark.once


def chosen(text: str, *picks: str, reader: Reader = READER) -> str:
    """What comes out when the first question is answered by the first pick, then the next by the next, and so on."""
    answers: dict[Key, str] = {}
    result = parse(text, HOUSEHOLD, reader)
    for pick in picks:
        assert isinstance(result, Questions)
        question = result.questions[0]
        values = [one.value for one in question.candidates]
        named = [value for value in values if value == pick or NAMES.get(int(value) if value.isdigit() else -1) == pick]
        answers[question.key] = named[0] if named else pick
        result = parse(text, HOUSEHOLD, reader, answers)
    return short(result)


@pytest.mark.parametrize(
    ("text", "picks", "meaning"),
    [
        ("coffee 1.200", ["1.2"], "-1.20 EUR @Cash #Café 0.90 'coffee'"),
        ("coffee 1.200", ["1200"], "-1200.00 EUR @Cash #Café 0.90 'coffee'"),
        ("coffee 1 200", ["200"], "-200.00 EUR @Cash #Café 0.90 'coffee'"),
        ("2 coffee 9", ["9"], "-9.00 EUR @Cash #Café 0.90 '2 coffee'"),
        ("2 coffee 9", ["2"], "-2.00 EUR @Cash #Café 0.90 'coffee 9'"),
        ("taxi 5 12.03", ["5"], "-5.00 EUR @Cash #Transport 0.83 on 2026-03-12 'taxi'"),
        ("taxi 5 12.03", ["12.03"], "-12.03 EUR @Cash #Transport 0.83 'taxi 5'"),
        ("taxi 5 March 12", ["2026-03-12"], "-5.00 EUR @Cash #Transport 0.83 on 2026-03-12 'taxi'"),
        ("taxi 5 March 12", ["2026-03-05"], "-12.00 EUR @Cash #Transport 0.83 on 2026-03-05 'taxi'"),
        ("taxi 5 03/04", ["2025-04-03"], "-5.00 EUR @Cash #Transport 0.83 on 2025-04-03 'taxi'"),
        ("taxi 5 wednesday", ["2026-03-11"], "-5.00 EUR @Cash #Transport 0.83 on 2026-03-11 'taxi'"),
        ("03/04\ncoffee 3", ["2026-03-04"], "-3.00 EUR @Cash #Café 0.90 on 2026-03-04 'coffee'"),
        ("coffee 3 last week", ["2026-03-10"], "-3.00 EUR @Cash #Café 0.90 on 2026-03-10 'coffee'"),
        ("coffee 3 next friday", ["2026-03-13"], "-3.00 EUR @Cash #Café 0.90 on 2026-03-13 'coffee'"),
        ("coffee 3 1 200+5", ["1205"], "-1205.00 EUR @Cash #Café 0.90 'coffee 3'"),
        ("got 50 from wage", ["expense", "Home"], "-50.00 EUR @Cash #Home 'got from wage'"),
        ("coffee 0", ["3"], "-3.00 EUR @Cash #Café 0.90 'coffee'"),
        ("coffee 100/3", ["33.33"], "-33.33 EUR @Cash #Café 0.90 'coffee'"),
        ("-5+3 coffee", ["2"], "-2.00 EUR @Cash #Café 0.90 'coffee'"),
        ("book 15", ["Other"], "-15.00 EUR @Cash #Other 'book'"),
        ("coffee 3 #ho", ["Household"], "-3.00 EUR @Cash #Household 'coffee'"),
        ("bread 3 + nonsense 4", ["Home"], "-7.00 EUR @Cash #Groceries 3.00 #Home 4.00 'bread nonsense'"),
        ("coffee 3 @sav", ["Savings old"], "-3.00 EUR @Savings old #Café 0.90 'coffee'"),
        ("coffee 3 usd @bank", ["Dollars"], "-3.00 USD @Dollars #Café 0.90 'coffee'"),
        ("lunch 5€+3$", ["USD"], "-8.00 USD @Dollars #Eating out 0.89 'lunch'"),
        ("lunch 3 for:b", ["Benedikt"], "-3.00 EUR @Cash #Eating out 0.89 for Benedikt*1 'lunch'"),
        ("wage 2500", ["income"], "+2500.00 EUR @Cash #Salary 0.83 'wage'"),
        ("transfer 50 to bank", ["transfer", "Bank"], "50.00 EUR @Cash > @Bank 'transfer to bank'"),
        ("100 usd > bank", ["92.10"], "100.00 USD @Dollars > 92.10 @Bank"),
        ("100 eur @dollars > @bank", ["108"], "108.00 USD @Dollars > 100.00 @Bank"),
        ("100 @cash > 16000.5 @japan", ["16000"], "100.00 EUR @Cash > 16000 @Japan trip"),
        ("50 > cash", ["Bank"], "50.00 EUR @Bank > @Cash"),
        ("50 cash > cash", ["Bank"], "50.00 EUR @Cash > @Bank"),
        ("coffee 3 @cash @bank", ["Bank"], "-3.00 EUR @Bank #Café 0.90 'coffee'"),
        ("hello\ncoffee 3", [SKIP], "-3.00 EUR @Cash #Café 0.90 'coffee'"),
    ],
)
def test_an_answer_settles_its_question(text, picks, meaning):
    assert chosen(text, *picks) == meaning


@pytest.mark.parametrize(
    ("text", "pick"),
    [
        ("coffee 1.200", "soon"),
        ("coffee 1.200", "-3"),
        ("coffee 1.200", "0.001"),
        ("coffee 1.200", "1e999999999"),
        ("coffee 1.200", "NaN"),
        ("coffee 1.200", "Infinity"),
        ("coffee 1.200", "100000000000000"),
        ("taxi 5 03/04", "2026-03-05"),
        ("taxi 5 wednesday", "2099-01-01"),
        ("taxi 5 last week", "2099-01-01"),
        ("taxi 5 last week", "on Monday"),
        ("coffee 3 #ho", "9999"),
        ("coffee 3 #ho", "Household!"),
        ("coffee 3 @sav", "77"),
        ("lunch 3 for:b", "Zoe"),
        ("wage 2500", "gift"),
        ("100 usd > bank", "92.105"),
        ("lunch 5€+3$", "XXX"),
    ],
)
def test_an_answer_that_is_none_is_asked_again(text, pick):
    assert chosen(text, pick) == short(parse(text, HOUSEHOLD, READER))


def test_a_habit_is_taught_with_the_answer_and_then_nothing_is_asked():
    result = parse("coffee 1.200", HOUSEHOLD, READER)
    assert isinstance(result, Questions)
    assert result.questions[0].candidates == (Candidate("1.2", "decimal", "."), Candidate("1200", "decimal", ","))
    for candidate in result.questions[0].candidates:
        taught = replace(READER, habits=replace(Habits(), **{candidate.teaches: candidate.habit}))
        [entry] = parse("coffee 1.200", HOUSEHOLD, taught).entries
        assert entry.amount == Decimal(candidate.value)


def test_every_habit_can_be_taught_by_some_question():
    taught = set()
    for text in ("coffee 1.200", "coffee 1 200", "coffee 3 03/04"):
        result = parse(text, HOUSEHOLD, READER)
        assert isinstance(result, Questions)
        taught |= {one.teaches for one in result.questions[0].candidates}
    assert taught == set(Habits.__dataclass_fields__)


def test_who_has_no_usual_wallet_is_asked_which():
    reader = replace(READER, wallet=None)
    assert chosen("coffee 3", reader=reader).startswith("? wallet missing: Cash, Bank")
    assert chosen("coffee 3", "Bank", reader=reader) == "-3.00 EUR @Bank #Café 0.90 'coffee'"
    assert chosen("coffee $3", reader=reader) == "-3.00 USD @Dollars #Café 0.90 'coffee'"


def test_the_only_wallet_needs_no_name():
    household = replace(HOUSEHOLD, wallets=(Wallet(1, "Cash", "EUR"),))
    assert short(parse("coffee 3", household, replace(READER, wallet=None))) == "-3.00 EUR @Cash #Café 0.90 'coffee'"


def test_a_sign_of_two_of_the_family_s_currencies_is_asked():
    dollars = (Wallet(1, "Cash", "EUR"), Wallet(4, "Dollars", "USD"), Wallet(9, "Savings old", "CAD"))
    household = replace(HOUSEHOLD, wallets=dollars)
    assert short(parse("coffee $3", household, READER)) == "? currency ambiguous: CAD, USD"
    answered = parse("coffee $3", household, READER, {Key(0, Topic.CURRENCY): "CAD"})
    assert short(answered) == "-3.00 CAD @Savings old #Café 0.90 'coffee'"
    assert short(parse("coffee $3", household, replace(READER, wallet=4))) == "-3.00 USD @Dollars #Café 0.90 'coffee'"


def test_two_wallets_of_one_name_are_asked():
    household = replace(
        HOUSEHOLD, wallets=(Wallet(1, "Cash", "EUR"), Wallet(2, "cash", "EUR"), Wallet(3, "CASH", "EUR"))
    )
    [entry] = parse("coffee 3 @cash", household, READER).entries
    assert entry.from_wallet == 2
    result = parse("coffee 3 @cAsh", household, READER)
    assert isinstance(result, Questions)
    assert [one.value for one in result.questions[0].candidates] == ["1", "2", "3"]


def test_a_family_without_anything_gets_questions_and_no_entry():
    nothing = Household()
    for text in ("coffee 3", "50 a > b", "coffee 3 #food @cash for:anna", "coffee $3", "a 1 + b 2"):
        assert isinstance(parse(text, nothing, READER), Questions)
    assert isinstance(parse("hello", nothing, READER), NoEntry)


def test_the_answer_to_one_line_says_nothing_of_another():
    text = "2 coffee 9\n2 coffee 9"
    result = parse(text, HOUSEHOLD, READER, {Key(0, Topic.AMOUNT): "9"})
    assert isinstance(result, Questions)
    assert [one.key.line for one in result.questions] == [1]
    assert [one.amount for one in result.entries] == [Decimal(9)]


def test_leap_days_and_turns_of_the_year():
    def day(text: str, today: date) -> date:
        result = parse(text, HOUSEHOLD, replace(READER, today=today))
        assert isinstance(result, Entries)
        return result.entries[0].day

    assert day("taxi 5 29 feb", date(2024, 3, 1)) == date(2024, 2, 29)
    assert day("taxi 5 29 feb", date(2025, 1, 1)) == date(2024, 2, 29)
    assert day("taxi 5 31 dec", date(2026, 1, 1)) == date(2025, 12, 31)
    assert day("taxi 5 1 jan", date(2025, 12, 31)) == date(2026, 1, 1)
    assert day("taxi 5 2 jan", date(2025, 12, 31)) == date(2025, 1, 2)
    assert day("taxi 5 yesterday", date(2024, 3, 1)) == date(2024, 2, 29)


def test_the_history_has_to_be_sure():
    def guess(*counts: dict[int, int]) -> str:
        words = {f"word{number}": count for number, count in enumerate(counts)}
        return short(parse(" ".join([*words, "3"]), replace(HOUSEHOLD, history=words), READER)).split(" 'word")[0]

    assert guess({20: 1}).startswith("? category")
    assert guess({20: 2}) == "-3.00 EUR @Cash #Groceries 0.67"
    assert guess({20: 20, 21: 1}) == "-3.00 EUR @Cash #Groceries 0.87"
    assert guess({20: 5, 21: 5}).startswith("? category ambiguous: Groceries, Household")
    assert guess({20: 5}, {21: 5}).startswith("? category ambiguous: Groceries, Household")
    assert guess({20: 9}, {20: 3, 21: 1}) == "-3.00 EUR @Cash #Groceries 0.79"
    assert guess({40: 5}).startswith("? kind ambiguous: income, expense")
    assert guess({40: 5, 20: 6}).startswith("? kind ambiguous: income, expense")
    assert guess({40: 1, 20: 9}) == "-3.00 EUR @Cash #Groceries 0.90"
    assert guess({20: 0, 999: 50}).startswith("? category missing")


def test_an_income_is_guessed_from_incomes_alone():
    history = {"anna": {20: 9, 40: 3}}
    result = parse("+50 anna", replace(HOUSEHOLD, history=history), READER)
    assert short(result) == "+50.00 EUR @Cash #Salary 0.75 'anna'"
    assert result.entries[0].kind is Kind.INCOME
