"""What apps above do with events once they are numbered, in the transaction of the numbering; filled in
`AppConfig.ready()`.

A sink writes rows and nothing else: what leaves the process is sent from these rows, after the commit.
"""

from collections.abc import Callable, Sequence

from audit.models import EventLog

numbered: list[Callable[[Sequence[EventLog]], None]] = []  # given the events in the order of their positions
