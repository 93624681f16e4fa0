"""Which category: said, or told by what the family has booked under the same words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from telegrambot.parsing.line import Line, ids
from telegrambot.parsing.names import CANDIDATES, Unclear, bare, find
from telegrambot.parsing.shapes import Candidate, Category, Household, Kind, Topic, Why
from telegrambot.parsing.tokens import PUNCTUATION

ENOUGH = Decimal("0.6")  # two entries of one word that agree are enough, one is not
WORDS_MAX = 50


@dataclass(frozen=True)
class Guess:
    """Categories that the words speak for, the likeliest first, and how sure that one is (0 to 1)."""

    categories: tuple[int, ...] = ()
    confidence: Decimal = Decimal(0)


def guess(words: str, household: Household, kind: Kind) -> Guess:
    """What the family's history says of the words.

    A word that was booked n times, c of them under a category, speaks for it with c/(n+1); words join as independent
    reasons (1 − Π(1 − p)); the confidence is that of the first times its share of all that was spoken for.
    """
    known = {category.id for category in of_kind(household, kind)}
    doubts: dict[int, Decimal] = {}
    said = dict.fromkeys(word.strip(PUNCTUATION) for word in bare(words).split()[:WORDS_MAX])
    for word in said:
        counts = {one: n for one, n in household.history.get(word, {}).items() if one in known and n > 0}
        for one, count in counts.items():
            doubts[one] = doubts.get(one, Decimal(1)) * (1 - Decimal(count) / (sum(counts.values()) + 1))
    scores = {one: 1 - doubt for one, doubt in doubts.items()}
    if not scores:
        return Guess()
    order = tuple(sorted(scores, key=lambda one: (-scores[one], one)))
    best = scores[order[0]]
    return Guess(order[:CANDIDATES], (best * best / sum(scores.values())).quantize(Decimal("0.01")))


def of_kind(household: Household, kind: Kind) -> tuple[Category, ...]:
    """The categories that fit; a transfer's is only a label, so any does."""
    return tuple(one for one in household.categories if kind in {one.kind, Kind.TRANSFER})


def named(line: Line, name: str, kind: Kind) -> Category | None:
    """The category of that name; asked where there is none or several."""
    among = of_kind(line.household, kind)
    if answered := _answered(line, name, kind):
        return answered
    one = find(name, among)
    if isinstance(one, Unclear):
        line.ask(Topic.CATEGORY, one.why, ids(one.candidates), name)
        return None
    return one


def _answered(line: Line, about: str, kind: Kind) -> Category | None:
    said = line.answer(Topic.CATEGORY, about)
    return next((one for one in of_kind(line.household, kind) if str(one.id) == said), None)


def told(line: Line, words: str, kind: Kind, *, about: str = "") -> tuple[int, Decimal] | None:
    """The category that the words name or the history tells, and how sure that is; asked where it is not enough."""
    if answered := _answered(line, about, kind):
        return answered.id, Decimal(1)
    if whole := whole_name(words, of_kind(line.household, kind)):
        return whole.id, Decimal(1)
    found = guess(words, line.household, kind)
    if found.confidence >= ENOUGH:
        return found.categories[0], found.confidence
    rest = [one.id for one in of_kind(line.household, kind) if one.id not in found.categories]
    candidates = [*found.categories, *rest][:CANDIDATES]
    line.ask(Topic.CATEGORY, Why.AMBIGUOUS if found.categories else Why.MISSING, ids(candidates), about)
    return None


def whole_name(words: str, among: Sequence[Category]) -> Category | None:
    same = [one for one in among if words and bare(one.name) == bare(words)]
    return same[0] if len(same) == 1 else None


def kind_of(line: Line, names: Sequence[str], words: str) -> Kind | None:
    """Expense or income where no sign says it: by the categories named, else expense; asked where words speak for
    income."""
    if names:
        incomes = of_kind(line.household, Kind.INCOME)
        expenses = of_kind(line.household, Kind.EXPENSE)
        earned = all(isinstance(find(name, incomes), Category) for name in names)
        spent_on = any(isinstance(find(name, expenses), Category) for name in names)
        return Kind.INCOME if earned and not spent_on else Kind.EXPENSE
    income = whole_name(words, of_kind(line.household, Kind.INCOME))
    expense = whole_name(words, of_kind(line.household, Kind.EXPENSE))
    any_kind = guess(words, line.household, Kind.TRANSFER)
    spent = {one.id for one in of_kind(line.household, Kind.EXPENSE)}
    if expense or (any_kind.confidence >= ENOUGH and any_kind.categories[0] in spent):
        return Kind.EXPENSE
    if income or guess(words, line.household, Kind.INCOME).confidence >= ENOUGH:
        line.ask(Topic.KIND, Why.AMBIGUOUS, [Candidate(Kind.INCOME), Candidate(Kind.EXPENSE)])
        return None
    return Kind.EXPENSE
