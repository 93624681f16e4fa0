"""Who has to agree before money moves. Amounts are in the family's base currency."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from families.roles import P, Policy
from ledger.kinds import TransactionType

SPENDING_WINDOW = timedelta(days=7)
TAKING = (TransactionType.EXPENSE, TransactionType.TRANSFER, TransactionType.EXCHANGE)


class Outcome(StrEnum):
    EXECUTE = "execute"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Spender:
    """Who records. `limit` applies to members and children; `spent`: what counts of the last seven days."""

    is_owner: bool
    limit: Decimal | None = None
    spent: Decimal = Decimal(0)

    def having_spent(self, base_amount: Decimal) -> "Spender":
        return replace(self, spent=self.spent + base_amount)


@dataclass(frozen=True, slots=True)
class Vote:
    """An approval of the version at hand by somebody who may still give it."""

    member: int
    is_owner: bool


def decide(base_amount: Decimal, *, takes: bool, counts: bool, author: Spender, policy: Policy) -> Outcome:
    """Whether an entry executes at once or waits.

    `takes`: it takes money from a wallet whose rows others see. `counts`: it does so towards the author's limit.
    """
    if not takes or (author.is_owner and policy.approvals_required == 1):
        return Outcome.EXECUTE
    over_threshold = policy.approval_threshold is not None and base_amount > policy.approval_threshold
    over_limit = counts and author.limit is not None and author.spent + base_amount > author.limit
    return Outcome.WAIT if over_threshold or over_limit else Outcome.EXECUTE


def is_large(base_amount: Decimal, policy: Policy) -> bool:
    return policy.adult_approval_limit is not None and base_amount > policy.adult_approval_limit


def permission_to_approve(base_amount: Decimal, policy: Policy) -> P:
    return P.APPROVE_LARGE_TRANSACTION if is_large(base_amount, policy) else P.APPROVE_TRANSACTION


def approvals_needed(policy: Policy, *, made_by_owner: bool) -> int:
    """How many others must agree: an owner's own recording counts as one of two."""
    return max(1, policy.approvals_required - made_by_owner)


def needs_an_owner(base_amount: Decimal, policy: Policy, *, made_by_owner: bool) -> bool:
    """Whether a single approval would decide, and must be an owner's."""
    alone = approvals_needed(policy, made_by_owner=made_by_owner) == 1
    return alone and is_large(base_amount, policy) and not made_by_owner


def is_approved(base_amount: Decimal, votes: Collection[Vote], policy: Policy, *, made_by_owner: bool) -> bool:
    enough = len({vote.member for vote in votes}) >= approvals_needed(policy, made_by_owner=made_by_owner)
    owner = made_by_owner or any(vote.is_owner for vote in votes)
    return enough and (owner or not is_large(base_amount, policy))


def held_amounts(lines: Iterable[tuple[int, Decimal]], original: Iterable[tuple[int, Decimal]]) -> dict[int, Decimal]:
    """What a waiting entry holds of each wallet: what it takes more than the entry it would replace.

    Both are wallets with signed amounts.
    """
    net: dict[int, Decimal] = {}
    for wallet, amount in lines:
        net[wallet] = net.get(wallet, Decimal(0)) + amount
    for wallet, amount in original:
        net[wallet] = net.get(wallet, Decimal(0)) - amount
    return {wallet: -amount for wallet, amount in net.items() if amount < 0}
