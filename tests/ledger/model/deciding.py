"""On what waits: approving, rejecting, cancelling, letting expire."""

from datetime import timedelta

from tests.ledger.model.correcting import book_reversal, reversal_of
from tests.ledger.model.facts import Entry, Household, Member, Refused, refuse_if
from tests.ledger.model.planning import check_day
from tests.ledger.model.rights import require, scope
from tests.ledger.model.sight import seen
from tests.ledger.model.sums import check_funds

PATIENCE = timedelta(days=30)


def is_large(home: Household, entry: Entry) -> bool:
    return home.adult_limit is not None and entry.base > home.adult_limit


def may_approve(home: Household, entry: Entry, member: Member) -> bool:
    large = is_large(home, entry)
    return scope(member, "approve_large_transaction" if large else "approve_transaction") is not None


def is_owners(home: Household, entry: Entry) -> bool:
    """An owner's own recording counts as an owner's."""
    maker = home.members[entry.maker]
    return maker.role == "owner" and maker.state == "active"


def needed(home: Household, entry: Entry) -> int:
    return max(1, home.approvals_required - is_owners(home, entry))


def must_be_owner(home: Household, entry: Entry) -> bool:
    """Where one approval would decide something large, an adult's does not."""
    return needed(home, entry) == 1 and is_large(home, entry) and not is_owners(home, entry)


def others(home: Household, entry: Entry) -> list[Member]:
    """Who else could approve it."""
    found = [m for m in home.members.values() if m.name not in {entry.author, entry.maker}]
    found = [m for m in found if may_approve(home, entry, m)]
    return [m for m in found if m.role == "owner"] if must_be_owner(home, entry) else found


def confirm(home: Household, who: str, entry: Entry, version: int | None) -> None:
    member = seen(home, who, entry)
    refuse_if(not may_approve(home, entry, member), "permission_denied")
    own = who in {entry.author, entry.editor}
    refuse_if(own and (member.role != "owner" or others(home, entry)), "own_transaction")
    refuse_if(entry.status != "pending_approval", "already_decided")
    refuse_if(version not in {None, entry.version}, "changed")
    refuse_if(member.role != "owner" and must_be_owner(home, entry), "permission_denied")
    check_first_word(entry, who)
    entry.said.append((entry.version, who, "approved"))
    try:
        if own or is_approved(home, entry):
            _execute(home, entry)
    except Refused:
        entry.said.pop()
        raise
    entry.self_approved = entry.self_approved or own


def check_first_word(entry: Entry, who: str) -> None:
    refuse_if(any((version, by) == (entry.version, who) for version, by, _ in entry.said), "already_decided")


def is_approved(home: Household, entry: Entry) -> bool:
    """By as many as are needed, who still may; above the adults' limit by an owner among them, or behind it."""
    said = [home.members[by] for version, by, what in entry.said if version == entry.version and what == "approved"]
    able = [member for member in said if may_approve(home, entry, member)]
    by_owner = is_owners(home, entry) or any(member.role == "owner" for member in able)
    return len(able) >= needed(home, entry) and (by_owner or not is_large(home, entry))


def _execute(home: Household, entry: Entry) -> None:
    """Everything is looked at again."""
    original = entry.replaces
    wallets = [home.wallets[name] for each in (entry, original) if each for name in each.wallets]
    refuse_if(any(wallet.archived for wallet in wallets), "wallet_archived")
    check_day(home, entry.day)
    reversal = reversal_of(home, original, entry.author) if original else None
    check_funds(home, [*entry.moves, *(reversal.moves if reversal else [])], but=entry)
    if reversal:
        book_reversal(home, reversal)
    entry.status, entry.executed_at = "executed", home.now


def reject(home: Household, who: str, entry: Entry) -> None:
    member = seen(home, who, entry)
    require(member, "reject_transaction")
    refuse_if(entry.author == who, "own_transaction")
    refuse_if(entry.status != "pending_approval", "already_decided")
    check_first_word(entry, who)
    entry.said.append((entry.version, who, "rejected"))
    entry.status = "rejected"


def cancel(home: Household, who: str, entry: Entry) -> None:
    member = seen(home, who, entry)
    require(member, "cancel_own_pending", [entry.author])
    refuse_if(entry.status not in {"draft", "pending_approval"}, "already_decided")
    entry.status = "cancelled"


def expire(home: Household) -> int:
    """How many nobody has decided for thirty days."""
    waiting = [entry for entry in home.entries if entry.status == "pending_approval"]
    overdue = [entry for entry in waiting if entry.pending_since and home.now - entry.pending_since >= PATIENCE]
    for entry in overdue:
        entry.status = "expired"
    return len(overdue)
