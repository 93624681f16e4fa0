"""A line while it is read: what of it is understood, and what has to be asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from telegrambot.parsing.shapes import Answers, Candidate, Household, Key, Question, Reader, Topic, Why
from telegrambot.parsing.tokens import PUNCTUATION, QUOTE_MARKS, T, Token

PARTS_MAX = 20  # of a split
EDGES = PUNCTUATION.strip("()") + QUOTE_MARKS + "-–—+ "


@dataclass
class Line:
    """Tokens are replaced as they are taken, so that nothing is read twice; the rest is the description."""

    number: int
    row: str
    tokens: list[Token]
    household: Household
    reader: Reader
    answers: Answers
    questions: list[Question] = field(default_factory=list)

    @property
    def own(self) -> frozenset[str]:
        return frozenset(wallet.currency for wallet in self.household.wallets)

    def ask(self, topic: Topic, why: Why, candidates: Iterable[Candidate] = (), about: str = "") -> None:
        self.questions.append(Question(Key(self.number, topic, about), why, tuple(candidates)))

    def answer(self, topic: Topic, about: str = "") -> str | None:
        return self.answers.get(Key(self.number, topic, about))

    def take(self, first: int, last: int) -> None:
        self.tokens[first:last] = [replace(token, kind=T.TAKEN) for token in self.tokens[first:last]]

    def of(self, kind: T) -> list[int]:
        return [place for place, token in enumerate(self.tokens) if token.kind is kind]

    def is_word(self, place: int) -> bool:
        return 0 <= place < len(self.tokens) and self.tokens[place].kind in {T.WORD, T.QUOTED}

    def text(self, first: int = 0, last: int | None = None) -> str:
        """What is not taken, as it was written, with single blanks."""
        found: list[str] = []
        before: Token | None = None
        for token in self.tokens[first:last]:
            glued = before is not None and before.end == token.start
            after_taken = before is not None and before.kind is T.TAKEN
            stop = glued and after_taken and not token.text.strip(EDGES + "()")
            if token.kind is not T.TAKEN and not stop:
                found.append("" if glued and not after_taken else " ")
                found.append(token.text if token.kind is T.QUOTED else self.row[token.start : token.end])
            before = token
        return " ".join("".join(found).strip(EDGES).split())


def ids(numbers: Iterable[int]) -> list[Candidate]:
    return [Candidate(str(number)) for number in numbers]
