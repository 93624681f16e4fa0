"""Refusals: classes with a stable `code`. Status and words stand in `financebot.api.problems`."""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """A rule said no. `facts` fill the sentence that a person reads; `field` names what was wrong in the input."""

    code: ClassVar[str]

    def __init__(self, *, field: str | None = None, **facts: object) -> None:
        super().__init__(self.code)
        self.field = field
        self.facts = facts


class NotFound(DomainError):
    code = "not_found"


class PermissionDenied(DomainError):
    code = "permission_denied"

    def __init__(self, permission: str) -> None:
        super().__init__(permission=permission)


class StepUpRequired(DomainError):
    code = "step_up_required"


class Invalid(DomainError):
    """Cannot be read or has the wrong shape: `errors` maps fields to sentences."""

    code = "invalid"

    def __init__(self, errors: Mapping[str, object]) -> None:
        super().__init__()
        self.errors = errors


class Several(DomainError):
    """Rows of a list that were refused, by their place. It takes the code of the first whose shape is wrong, else of
    the first."""

    code = Invalid.code

    def __init__(self, rows: Mapping[int, DomainError]) -> None:
        self.rows = dict(sorted(rows.items()))
        first = next((e for e in self.rows.values() if isinstance(e, Invalid)), next(iter(self.rows.values())))
        self.code = first.code  # type: ignore[misc]
        super().__init__()
        self.facts = first.facts


class UnknownReference(DomainError):
    """An id in a body that does not exist, is another family's or is hidden: one answer for all."""

    code = "unknown_reference"


class Changed(DomainError):
    code = "changed"


class LastOwner(DomainError):
    """A family would be left without an owner: by who leaves it, and by who has their account erased."""

    code = "last_owner"


class PreconditionFailed(DomainError):
    code = "precondition_failed"


class Busy(DomainError):
    code = "busy"


class UpgradeRequired(DomainError):
    """This address speaks WebSocket (RFC 6455) alone."""

    code = "upgrade_required"


class Overloaded(DomainError):
    """Something that safety stands on is away."""

    code = "overloaded"


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"


class IdempotencyInProgress(DomainError):
    code = "idempotency_in_progress"


class AmountNotPositive(DomainError):
    code = "amount_not_positive"


class AmountTooFine(DomainError):
    code = "amount_too_fine"


class AmountTooLarge(DomainError):
    code = "amount_too_large"


class DateInFuture(DomainError):
    code = "date_in_future"


class DateTooEarly(DomainError):
    code = "date_too_early"
