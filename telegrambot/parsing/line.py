"""A line while it is read: what of it is understood, and what has to be asked."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from telegrambot.parsing.shapes import Answers, Candidate, Household, Key, Question, Reader, Topic, Why
from telegrambot.parsing.tokens import PUNCTUATION, T, Token

EDGES = PUNCTUATION + "-–—+ "


@dataclass
class Line:
    """Tokens are replaced as they are taken, so that nothing is read twice; the rest is the description."""

    number: int
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
            if token.kind is not T.TAKEN:
                apart = before is not None and token.start > before.end
                found.append(" " * (apart and bool(found)) + token.text)
            before = token
        return " ".join("".join(found).strip(EDGES).split())


def ids(numbers: Iterable[int]) -> list[Candidate]:
    return [Candidate(str(number)) for number in numbers]
