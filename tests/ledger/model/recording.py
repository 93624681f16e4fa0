"""Recording: one, many at once, a draft that is submitted; and whether it has to wait."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from tests.ledger.model.facts import ZERO, Entry, Household, Member, Move, Refused, Wish, refuse_if
from tests.ledger.model.planning import Pen, Plan, check_refund_of, check_sight, check_worth, permission_of, plan
from tests.ledger.model.rights import enter, require
from tests.ledger.model.sight import seen
from tests.ledger.model.sums import WEEK, check_funds, taken

LIMITED = {"member", "child"}


def create(home: Household, who: str, wish: Wish) -> Entry:
    member = enter(home, who)
    require(member, permission_of(wish))
    return record(home, member, wish)


def create_all(home: Household, who: str, wishes: Sequence[Wish]) -> list[Entry]:
    """All or nothing; the first that is wrong says why."""
    member = enter(home, who)
    require(member, "bulk_transactions")
    return record_all(home, member, wishes)


def record(home: Household, member: Member, wish: Wish) -> Entry:
    [entry] = record_all(home, member, [wish])
    return entry


def record_all(home: Household, member: Member, wishes: Sequence[Wish]) -> list[Entry]:
    pen, claimed, plans = Pen(member, member.name), set(), []
    for wish in wishes:
        refuse_if(wish.source == wish.target, "same_wallet")
        check_worth(member, wish)
        check_refund_of(home, member, wish)
        check_sight(home, member, wish)
        plans.append(plan(home, pen, wish))
        if wish.source_ref and not wish.later:
            claim = (wish.main, wish.source_ref)
            refuse_if(claim in claimed or is_claimed(home, *claim), "already_recorded")
            claimed.add(claim)
    before = list(home.entries)
    try:
        return [_write(home, member, wish, planned) for wish, planned in zip(wishes, plans, strict=True)]
    except Refused:
        home.entries = before
        raise


def _write(home: Household, member: Member, wish: Wish, planned: Plan) -> Entry:
    entry = Entry(author=member.name, created=home.now, source_ref=wish.source_ref, **planned.facts)
    if not wish.later:
        settle(home, member, entry, planned)
    home.entries.append(entry)
    return entry


def is_claimed(home: Household, wallet: str, source_ref: str) -> bool:
    """Whether the wallet that the amount is of has an entry with that reference, be it reversed or refused."""
    return any(
        entry.source_ref == source_ref and entry.was_submitted and (entry.source or entry.target) == wallet
        for entry in home.entries
    )


def submit(home: Household, who: str, entry: Entry, wish: Wish) -> None:
    """`wish`: what the draft says."""
    member = seen(home, who, entry)
    refuse_if(entry.status != "draft", "already_decided")
    require(member, permission_of(wish))
    check_refund_of(home, member, wish)
    check_sight(home, member, wish)
    planned = plan(home, Pen(member, member.name), wish)
    refuse_if(entry.source_ref and is_claimed(home, wish.main, entry.source_ref), "already_recorded")
    settle(home, member, entry, planned)
    say(entry, planned)


def say(entry: Entry, planned: Plan) -> None:
    """From now on it says this."""
    for name, value in planned.facts.items():
        setattr(entry, name, value)


def settle(home: Household, member: Member, entry: Entry, planned: Plan) -> None:
    """Execute it or let it wait."""
    moves = planned.facts["moves"]
    if has_to_wait(home, member, planned, spent(home, member.name)):
        hold(home, entry, moves)
    else:
        check_funds(home, moves)
        entry.status, entry.executed_at = "executed", home.now
    entry.counted = home.now if planned.counts else None


def hold(home: Household, entry: Entry, moves: Sequence[Move]) -> None:
    check_funds(home, [Move(wallet, -amount, ZERO) for wallet, amount in taken(moves, entry.replaces).items()])
    entry.status, entry.pending_since = "pending_approval", home.now


def has_to_wait(home: Household, member: Member, planned: Plan, already: Decimal) -> bool:
    if not planned.takes or (member.role == "owner" and home.approvals_required == 1):
        return False
    base: Decimal = planned.facts["base"]
    over_threshold = home.threshold is not None and base > home.threshold
    limit = member.spending_limit if member.role in LIMITED else None
    return over_threshold or bool(planned.counts and limit is not None and already + base > limit)


def spent(home: Household, who: str, *, but: Entry | None = None) -> Decimal:
    """Of the last seven days, what another has not approved. Of an entry and what waits to replace it, the greater."""
    counting = [entry for entry in home.entries if entry is not but and _counts(entry, who, home.now)]
    twice = [
        min(e.base, e.replaces.base) for e in counting if e.status == "pending_approval" and e.replaces in counting
    ]
    return sum((entry.base for entry in counting), ZERO) - sum(twice, ZERO)


def _counts(entry: Entry, who: str, now: datetime) -> bool:
    if entry.author != who or entry.counted is None or entry.counted <= now - WEEK:
        return False
    approved = any(what == "approved" for _, _, what in entry.said)
    return entry.status == "pending_approval" or (entry.status == "executed" and not approved)
