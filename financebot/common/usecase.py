"""The unit of work that a door opens, and the use case that lives in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import ParamSpec, TypeVar

from django.db import transaction

from financebot.common.errors import DomainError

P = ParamSpec("P")
R = TypeVar("R")

_unit_open: ContextVar[bool] = ContextVar("unit_open", default=False)
_running: ContextVar[str | None] = ContextVar("running_use_case", default=None)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal that must be remembered: the use case returns it, the door commits, then raises the problem."""

    problem: DomainError


@contextmanager
def unit_of_work(*, durable: bool = True) -> Iterator[None]:
    """One database transaction, opened by a door. `durable=False` only where Django has opened one already."""
    if _unit_open.get():
        raise RuntimeError("a unit of work is open already")
    token = _unit_open.set(True)
    try:
        with transaction.atomic(durable=durable):
            yield
    finally:
        _unit_open.reset(token)


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a public function of `services`: keyword-only, inside a unit of work, never inside another use case."""
    if any(p.kind is not Parameter.KEYWORD_ONLY for p in signature(function).parameters.values()):
        raise TypeError(f"{function.__qualname__}: a use case takes keywords only")

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _unit_open.get():
            raise RuntimeError(f"{function.__qualname__} runs outside a unit of work")
        if outer := _running.get():
            raise RuntimeError(f"{function.__qualname__} runs inside {outer}")
        token = _running.set(function.__qualname__)
        try:
            return function(*args, **kwargs)
        finally:
            _running.reset(token)

    run.is_use_case = True  # type: ignore[attr-defined]
    return run
