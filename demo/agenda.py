"""When what happens: steps of a life in the order of their moments."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from demo.life import Life

Step = Callable[[Life], None]
DAY = timedelta(days=1)


@dataclass
class Agenda:
    """A year up to `last`, in the household's zone; `rng` draws whatever is left to chance."""

    zone: ZoneInfo
    last: date
    rng: Random
    steps: list[tuple[datetime, Step]] = field(default_factory=list)

    @property
    def first(self) -> date:
        """The first of the month a year ago."""
        return self.last.replace(year=self.last.year - 1, day=1)

    @property
    def days(self) -> Iterator[date]:
        return (self.first + DAY * n for n in range((self.last - self.first).days + 1))

    def dated(self, day_of_month: int) -> Iterator[date]:
        """That day of every month."""
        return (day for day in self.days if day.day == day_of_month)

    def before_last(self, days: int) -> date:
        return self.last - DAY * days

    def at(self, day: date, hour: int, step: Step, *, minute: int | None = None) -> None:
        """Some minute of that hour; what would be before the first day or after the last does not happen."""
        exact = self.rng.randrange(60) if minute is None else minute
        moment = datetime.combine(day, time(hour, exact), self.zone)
        if self.first <= day <= self.last:
            self.steps.append((moment, step))

    def entry(self, day: date, hour: int, by: str, amount: Decimal | str, *wallets: str, **more: Any) -> None:
        """`wallets`: the one that money leaves ("" for an income) and the one it enters. `key`, `channel` and `minute`
        are about recording it, all else is the draft's."""
        minute = more.pop("minute", None)
        how = {name: more.pop(name) for name in ("key", "channel") if name in more}

        def step(life: Life) -> None:
            life.record(by, life.draft(amount, *wallets, occurred_on=day, **more), **how)

        self.at(day, hour, step, minute=minute)

    def amount(self, least: str, most: str) -> Decimal:
        """Some price between the two, both in hundredths."""
        low, high = (int(Decimal(edge) * 100) for edge in (least, most))
        return Decimal(self.rng.randint(low, high)).scaleb(-2)

    def chance(self, of: float) -> bool:
        return self.rng.random() < of
