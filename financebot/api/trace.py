"""What is known of the request under way: its id from the first moment, who and where as the layers find out."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Trace:
    """`client` is what the caller names itself; `signed_by` the same once its signature has proved it."""

    request_id: str
    address: str
    user_agent: str
    languages: str = ""
    client: str = ""
    device: str = ""
    signed_by: str = ""
    route: str = ""
    user: int | None = None
    family: int | None = None


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
