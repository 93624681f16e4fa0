"""What apps above add to an account's business, in the same unit of work; filled in `AppConfig.ready()`."""

from collections.abc import Callable, Mapping
from typing import Any

binding: list[Callable[[int], bool]] = []  # whether a person's chat waits for somebody's consent; may refuse it

claims: list[Callable[[int], Mapping[str, Any]]] = []  # user id → claims of an access token, for the client to read
