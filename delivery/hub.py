"""One process's listeners: woken when their family has news, and told when they may listen no longer."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import close_old_connections

from audit.trail import Actor
from delivery import listening
from delivery.handshake import Listener
from delivery.listening import Close, Heard

log = logging.getLogger("financebot.stream")

THREADS = 4  # database connections of this process, besides those of the handshakes
LOOK_EVERY = 0.05  # seconds, for news
ASK_EVERY = 1.0  # seconds, whether each may still listen
MOST, MOST_OF_ONE = 1000, 20
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Place:
    """A listener's place: `news` is set when there is something to read, or when `ends` says why there is not."""

    actor: Actor
    through: int
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ends: Close | None = None

    def end(self, why: Close) -> None:
        self.ends = self.ends or why
        self.news.set()


class Hub:
    def __init__(self) -> None:
        self.places: set[Place] = set()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="stream")
        self.asked_at = 0.0
        self.seen: int | None = None

    async def enter(self, listener: Listener) -> Place | None:
        """A place, from the family's last event on unless `after` says from where; None when all are taken."""
        taken = Counter(place.actor.user for place in self.places)
        if len(self.places) >= MOST or taken[listener.actor.user] >= MOST_OF_ONE:
            return None
        after = listener.after
        if after is None:
            after = await self.ask(listening.last_position, listener.actor.family)
        place = Place(listener.actor, after)
        self.places.add(place)
        if self.seen is None:
            self.seen = await self.ask(listening.last_position)
        place.news.set()  # read from now on, so that nothing lies between what was seen and what is read
        return place

    def leave(self, place: Place) -> None:
        self.places.discard(place)

    async def hear(self, place: Place) -> Heard:
        return await self.ask(lambda: listening.hear(place.actor, after=place.through))

    async def follow(self) -> None:
        """Until cancelled. A database that is away, or whatever else fails, is asked again and not died of."""
        while True:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - it goes on
                log.warning("streams wait: %s", type(error).__name__)
                await asyncio.sleep(ASK_EVERY)
            await asyncio.sleep(LOOK_EVERY)

    async def ask(self, question: Callable[..., T], *arguments: Any) -> T:
        def asked() -> T:
            close_old_connections()
            return question(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self.threads, asked)

    async def _look(self) -> None:
        if not self.places:
            self.seen = None
        if self.seen is None:
            return
        news = await self.ask(lambda since: listening.news(since=since), self.seen)
        self.seen = max(news.values(), default=self.seen)
        places = list(self.places)
        for place in places:
            if news.get(place.actor.family, 0) > place.through:
                place.news.set()
        if time.monotonic() - self.asked_at < ASK_EVERY:
            return
        ended = await self.ask(listening.ended, [place.actor for place in places])
        self.asked_at = time.monotonic()
        for place in places:
            if why := ended.get(place.actor):
                place.end(why)
