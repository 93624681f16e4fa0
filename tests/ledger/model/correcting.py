"""Taking back: reversal and undo."""

from tests.ledger.model.facts import Entry, Household, Member, Move, Refused, refuse_if
from tests.ledger.model.planning import check_day
from tests.ledger.model.rights import enter, require
from tests.ledger.model.sight import sees_entry, shows_rows
from tests.ledger.model.sums import check_funds


def seen(home: Household, who: str, entry: Entry) -> Member:
    """First sight: what is not seen is not there."""
    member = enter(home, who)
    if not sees_entry(home, entry, member):
        raise Refused("not_found")
    return member


def reverse(home: Household, who: str, entry: Entry) -> None:
    member = seen(home, who, entry)
    require(member, "delete_transaction")
    _take_back(home, member, entry)


def undo(home: Household, who: str, entry: Entry) -> None:
    member = seen(home, who, entry)
    require(member, "undo_own_transaction", [entry.author])
    if entry.status == "executed" and entry.executed_at:
        refuse_if(home.now - entry.executed_at > home.undo_window, "undo_window_over")
    _take_back(home, member, entry)


def _take_back(home: Household, member: Member, entry: Entry) -> None:
    refuse_if(entry.status == "reversed", "already_reversed")
    refuse_if(entry.status != "executed" or entry.reverses, "not_reversible")
    check_taking_back(home, member, entry)
    refuse_if(any(home.wallets[name].archived for name in entry.wallets), "wallet_archived")
    waiting = waiting_replacement(home, entry)
    reversal = reversal_of(home, entry, member.name)
    check_funds(home, reversal.moves, but=waiting)
    if waiting:
        waiting.status = "cancelled"
    book_reversal(home, reversal)


def check_taking_back(home: Household, member: Member, entry: Entry) -> None:
    """Nobody takes money back from a wallet whose rows are hidden from them, nor puts it into such an archived one."""
    for wallet in (home.wallets[name] for name in entry.wallets):
        hidden = not shows_rows(wallet, member)
        refuse_if(hidden and (wallet.name == entry.target or wallet.archived), "permission_denied")


def waiting_replacement(home: Household, entry: Entry) -> Entry | None:
    return next((e for e in home.entries if e.replaces is entry and e.status == "pending_approval"), None)


def reversal_of(home: Household, entry: Entry, author: str) -> Entry:
    """Its opposite, on its day, or today where that is closed; not of what has been refunded."""
    refuse_if(any(e.refund_of is entry and e.status == "executed" for e in home.entries), "not_reversible")
    day = home.today if home.closed_until and entry.day <= home.closed_until else entry.day
    check_day(home, day)
    return Entry(
        author=author,
        created=home.now,
        type=entry.type,
        source=entry.source,
        target=entry.target,
        amount=entry.amount,
        currency=entry.currency,
        to_amount=entry.to_amount,
        base=entry.base,
        rate=entry.rate,
        day=day,
        label=entry.label,
        moves=[Move(m.wallet, -m.amount, -m.base) for m in entry.moves],
        lines=[line.negated() for line in entry.lines],
        reverses=entry,
    )


def book_reversal(home: Household, reversal: Entry) -> None:
    assert reversal.reverses
    reversal.status, reversal.executed_at = "executed", home.now
    reversal.reverses.status = "reversed"
    home.entries.append(reversal)
