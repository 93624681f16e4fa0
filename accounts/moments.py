"""What apps above add to an account's business, in the same unit of work; filled in `AppConfig.ready()`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.trail import Actor, Event

Told = Sequence[tuple[Actor, Sequence[Event]]]  # by whom, and what happened

binding: list[Callable[[int], bool]] = []  # whether a person's chat waits for somebody's consent; may refuse it

claims: list[Callable[[int], Mapping[str, Any]]] = []  # user id → claims of an access token, for the client to read

erasing: list[Callable[[int, Actor], Told]] = []  # user id, before the account goes; it locks families, then the user
