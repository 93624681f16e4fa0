"""Putting things right: edit, reversal, undo."""

from dataclasses import replace
from typing import Any

from tests.ledger.model.facts import ZERO, Entry, Household, Member, Move, Wish, refuse_if
from tests.ledger.model.planning import Pen, Plan, check_day, check_refund_of, check_sight, check_worth, plan, shared
from tests.ledger.model.recording import has_to_wait, hold, say, spent
from tests.ledger.model.rights import require, scope
from tests.ledger.model.sight import seen, shows_rows
from tests.ledger.model.sums import check_funds, taken


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


def check_both_sides(home: Household, member: Member, entry: Entry) -> None:
    """Who changes more than words sees both sides; of what is not booked, its author does."""
    if entry.status not in {"draft", "pending_approval"} or entry.author != member.name:
        hidden = any(not shows_rows(home.wallets[name], member) for name in entry.wallets)
        refuse_if(hidden, "permission_denied")


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


def wish_of(entry: Entry) -> Wish:
    """What one would have to wish for to get this entry."""
    by_category = entry.type in {"expense", "income"} and not entry.refund_of
    is_split = by_category and (len(entry.lines) > 1 or bool(entry.lines[0].note))
    shares = entry.lines[0].shares if entry.type in {"expense", "income"} else ()
    return Wish(
        amount=entry.amount,
        source=entry.source,
        target=entry.target,
        category=entry.lines[0].category if by_category and not is_split else entry.label,
        day=entry.day,
        to_amount=entry.to_amount,
        rate=None if entry.type == "exchange" else entry.rate,
        splits=tuple((line.category, abs(line.amount), line.note) for line in entry.lines) if is_split else (),
        for_members=tuple((share.member, share.weight) for share in shares),
        refund_of=entry.refund_of,
        fact=entry.type if entry.type in {"opening", "adjustment"} else None,
    )


def changed(before: Wish, changes: dict[str, Any]) -> Wish:
    """The wish with these changes; what does not fit them any more goes."""
    after = replace(before, **changes)
    gone: dict[str, Any] = {}
    other_wallets = before.wallets != after.wallets or before.kind != after.kind
    if "splits" in changes:
        gone["category"] = None
    elif "category" in changes:
        gone["splits"] = ()
    if before.kind != after.kind:
        gone |= {"category": None, "splits": ()}
        if after.has_two:
            gone["for_members"] = ()
    if other_wallets or before.day != after.day:
        gone["rate"] = None
    if other_wallets or "rate" in changes:
        gone["to_amount"] = None
    refuse_if(before.refund_of and (before.kind != after.kind or after.category or after.splits), "not_editable")
    return replace(after, **{name: value for name, value in gone.items() if name not in changes})


def edit(home: Household, who: str, entry: Entry, changes: dict[str, Any], version: int | None) -> None:
    """`changes` of a wish, or of the description."""
    member = seen(home, who, entry)
    if not scope(member, "edit_any_transaction"):
        require(member, "edit_own_transaction", [entry.author])
    refuse_if(version not in {None, entry.version}, "precondition_failed")
    words = {name: value for name, value in changes.items() if name == "description"}
    if changes.keys() - words.keys():
        check_both_sides(home, member, entry)
    before = wish_of(entry)
    after = changed(before, {name: value for name, value in changes.items() if name not in words})
    if "rate" in changes:
        check_worth(member, after)
    if after != before:
        refuse_if(not after.wallets, "invalid")
        refuse_if(entry.status == "reversed", "already_reversed")
        refuse_if(entry.status not in {"draft", "pending_approval", "executed"}, "already_decided")
        refuse_if(before.fact or entry.reverses, "not_editable")
    if entry.status in {"draft", "pending_approval"}:
        _rewrite(home, member, entry, before, after)
    elif after != replace(before, for_members=after.for_members):
        _replace(home, member, entry, after, words)
        return
    elif after != before:
        _share_anew(home, entry, before, after)
    entry.description = words.get("description", entry.description)
    entry.version += 1


def _share_anew(home: Household, entry: Entry, before: Wish, after: Wish) -> None:
    """For whom it was changes in place."""
    refuse_if(before.has_two, "not_editable")
    refuse_if(home.closed_until and entry.day <= home.closed_until, "period_closed")
    pen = Pen(home.members[entry.author], entry.author, keeping=entry)
    unknown = {name for name, _ in after.for_members} - pen.kept_members
    refuse_if(any(home.members[name].state == "ended" for name in unknown), "unknown_reference")
    for_whom = after.for_members or ((entry.author, 1),)
    entry.lines = [shared(line, for_whom) for line in entry.lines]


def _rewrite(home: Household, member: Member, entry: Entry, before: Wish, after: Wish) -> None:
    """A draft, or what waits: it waits on, as a new version that nobody has approved, of its last editor."""
    pending = entry.status == "pending_approval"
    if after != before:
        planned = _planned(home, Pen(member, entry.author, keeping=entry, but=entry.replaces), after)
        if pending:
            hidden = all(home.wallets[name].visibility != "shared" for name in after.wallets)
            refuse_if(hidden, "wallet_has_pending")
            _check_more_held(home, entry, planned)
            entry.counted = (entry.counted or entry.created) if planned.counts else None
        say(entry, planned)
    if pending:
        entry.editor, entry.pending_since = member.name, home.now


def _check_more_held(home: Household, entry: Entry, planned: Plan) -> None:
    """Only a wallet of which more is held than before can have too little."""
    was = taken(entry.moves, entry.replaces)
    now = taken(planned.facts["moves"], entry.replaces)
    more = {wallet: amount - was.get(wallet, ZERO) for wallet, amount in now.items()}
    check_funds(home, [Move(wallet, -amount, ZERO) for wallet, amount in more.items() if amount > 0])


def _planned(home: Household, pen: Pen, after: Wish) -> Plan:
    check_same = after.source == after.target
    refuse_if(check_same, "same_wallet")
    check_refund_of(home, pen.member, after)
    check_sight(home, pen.member, after)
    if pen.keeping and pen.but is pen.keeping:
        refuse_if(
            any(home.wallets[name].archived for name in (*after.wallets, *pen.keeping.wallets)), "wallet_archived"
        )
    return plan(home, pen, after)


def _replace(home: Household, member: Member, entry: Entry, after: Wish, words: dict[str, Any]) -> None:
    """Reversal and replacement together, or a replacement that waits; decided as its editor's, less what the original
    used of the limit."""
    refuse_if(waiting_replacement(home, entry), "changed")
    planned = _planned(home, Pen(member, member.name, keeping=entry, but=entry), after)
    new = Entry(author=member.name, created=home.now, replaces=entry, **planned.facts)
    new.description = words.get("description", entry.description)
    if planned.counts:
        takes_more = new.base > (entry.base if entry.counted else ZERO)
        new.counted = home.now if takes_more else entry.counted
    if has_to_wait(home, member, planned, spent(home, member.name, but=entry)):
        hold(home, new, new.moves)
        home.entries.append(new)
        return
    reversal = reversal_of(home, entry, member.name)
    check_funds(home, [*reversal.moves, *new.moves])
    new.status, new.executed_at = "executed", home.now
    home.entries.append(new)
    book_reversal(home, reversal)
