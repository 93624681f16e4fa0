"""What apps above do or say in a family's own business, in the same unit of work; filled in `AppConfig.ready()`."""

from collections.abc import Callable

from audit.trail import Actor, Event
from families.models import Family, Membership

founded: list[Callable[[Family, Actor], None]] = []

ending: list[Callable[[Membership, Actor], list[Event]]] = []  # the events that it brings

currency_uses: list[Callable[[Family], bool]] = []  # whether amounts in the base currency are on record already
