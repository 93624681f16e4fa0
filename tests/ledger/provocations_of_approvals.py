"""Writes that go past every use case, against the guards of limits, approvals, refunds, replacements, shares."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import booking
from ledger.booking import Entry
from ledger.models import Approval, PostingShare, Transaction, Wallet
from ledger.services import cancel_transaction, edit_transaction
from tests.conftest import Person, record
from tests.ledger.helpers import (
    ONE,
    TEN,
    close_until,
    drafted,
    flip,
    line,
    move_balances,
    say,
    want_approval,
)
from tests.ledger.provocations import CENT, Provocation, Scene, delete, update

SIX_HUNDRED = Decimal(600)
FIRST_OF_MAY = date(2026, 5, 1)  # the day of what is drafted below the use cases


def pocket(s: Scene) -> int:
    """The wallet that is never below zero; there is nothing in it."""
    return s.house.wallets["pocket"].pk


def expense_of(s: Scene, wallet: int, amount: Decimal = TEN, sign: int = 1) -> tuple[Any, Any]:
    """The lines of an expense; with `sign` -1 those of its reversal, or of an income against its category."""
    return (
        line(wallet, -sign * amount),
        line(wallet, sign * amount, category=s.food, shares={s.author: sign * amount}),
    )


def income_of(s: Scene, wallet: int, amount: Decimal = TEN, **fields: object) -> Entry:
    """An attempt to book an income below the use cases."""
    category = s.house.categories["income"].pk
    lines = line(wallet, amount), line(wallet, -amount, category=category, shares={s.author: -amount})
    return s.book(*lines, **{"type": "income", "to_wallet_id": wallet, "amount": amount, **fields})


def edit(person: Person, entry: Entry, **changes: Any) -> Entry:
    """By a use case; what says it now."""
    with unit_of_work():
        pk = entry.transaction.pk
        found = edit_transaction(actor=person.actor, transaction_id=pk, changes=changes, version=None)
    return booking.entry_of(found)


def waiting(s: Scene, amount: str = "600", by: str = "member", **fields: Any) -> Entry:
    """An entry on the family's cash that nobody has decided yet."""
    return s.house.spend(amount, by=by, **fields)


def held_by_a_replacement_as_a_whole(s: Scene) -> None:
    edit(s.house.member, s.house.spend("10", by="member"), amount=Decimal(600))
    update(Wallet, s.cash, held=SIX_HUNDRED)


def held_for_what_was_cancelled(s: Scene) -> None:
    flip(s.waiting, "cancelled")
    update(Wallet, s.waiting.transaction.from_wallet_id, held=SIX_HUNDRED)


def held_beyond_the_limit(s: Scene) -> None:
    entry = drafted(s.house, *expense_of(s, pocket(s)), from_wallet_id=pocket(s))
    flip(entry, "pending_approval")
    update(Wallet, pocket(s), held=TEN)


def spent_beyond_the_limit(s: Scene) -> None:
    s.book(*expense_of(s, pocket(s), CENT), from_wallet_id=pocket(s), amount=CENT)


def spent_what_is_held(s: Scene) -> None:
    record(s.house.owner, "10", to_wallet=pocket(s))
    want_approval(s.house, above=9)
    record(s.house.child, "10", from_wallet=pocket(s))
    spent_beyond_the_limit(s)


def taken_back_though_spent(s: Scene) -> None:
    income = record(s.house.owner, "10", to_wallet=pocket(s))
    record(s.house.owner, "0.01", from_wallet=pocket(s))
    lines = [found.negated() for found in income.lines]
    s.book(*lines, type="income", to_wallet_id=pocket(s), reverses=income.transaction)


def moved_beyond_the_limit(s: Scene) -> None:
    wallets = {"from_wallet_id": pocket(s), "to_wallet_id": s.anns}
    s.book(line(pocket(s), -TEN), line(s.anns, TEN), type="transfer", **wallets)


def replaced(s: Scene, original: Entry, *lines: Any, **fields: Any) -> None:
    """An attempt to book the reversal of an entry and its replacement."""
    head = original.transaction
    new = drafted(s.house, *lines, replaces=head, **fields)
    wallets = {"from_wallet_id": head.from_wallet_id, "to_wallet_id": head.to_wallet_id}
    back = [found.negated() for found in original.lines]
    s.book(*back, type=head.type, amount=head.amount, reverses=head, **wallets)
    flip(original, "reversed")
    move_balances(new)
    flip(new)


def replaced_beyond_the_limit(s: Scene) -> None:
    """The income that brought what was spent becomes a cent too small."""
    income = record(s.house.owner, "10", to_wallet=pocket(s))
    record(s.house.owner, "10", from_wallet=pocket(s))
    category, less = s.house.categories["income"].pk, TEN - CENT
    lines = line(pocket(s), less), line(pocket(s), -less, category=category, shares={s.author: -less})
    replaced(s, income, *lines, type="income", to_wallet_id=pocket(s), amount=less)


def replaced_elsewhere_beyond_the_limit(s: Scene) -> None:
    """The income that brought what was spent becomes one of another wallet."""
    income = record(s.house.owner, "10", to_wallet=pocket(s))
    record(s.house.owner, "10", from_wallet=pocket(s))
    category = s.house.categories["income"].pk
    lines = line(s.cash, TEN), line(s.cash, -TEN, category=category, shares={s.author: -TEN})
    replaced(s, income, *lines, type="income", to_wallet_id=s.cash)


def moved_though_archived(s: Scene) -> None:
    update(Wallet, s.anns, archived_at=clock.now())
    move_balances(drafted(s.house, *expense_of(s, s.anns), from_wallet_id=s.anns))


def booked_in_a_closed_period(s: Scene, closed_until: date) -> None:
    close_until(s.house, closed_until)
    s.book()


def approved_in_a_closed_period(s: Scene) -> None:
    close_until(s.house, s.waiting.transaction.occurred_on)
    move_balances(s.waiting)
    flip(s.waiting)


def shared_anew(s: Scene, amount: Decimal = TEN, base: Decimal | None = None, version: int = 2) -> None:
    """A later set of shares of `booked`."""
    amounts = {"weight": ONE, "amount": amount, "base_amount": amount if base is None else base}
    common = {"family": s.house.family, "posting": s.booked.postings[1], "version": version}
    PostingShare.objects.create(member=s.house.adult.membership, **common, **amounts)


def put_in_force(s: Scene, version: int = 2) -> None:
    update(Transaction, s.booked.transaction.pk, shares_version=version)


def shared_anew_in_a_closed_period(s: Scene) -> None:
    shared_anew(s)
    close_until(s.house, s.booked.transaction.occurred_on)
    put_in_force(s)


def shared_anew_wrongly(s: Scene, **amounts: Decimal) -> None:
    shared_anew(s, **amounts)
    put_in_force(s)


def shared_as_before(s: Scene) -> None:
    shared_anew(s)
    put_in_force(s)
    put_in_force(s, 1)


def approved_by_its_editor(s: Scene) -> None:
    update(Transaction, s.waiting.transaction.pk, last_editor=s.house.owner.membership)
    say(s.waiting, s.house.owner)


def executed(entry: Entry) -> None:
    move_balances(entry)
    flip(entry)


def executed_by_an_approval_of_before(s: Scene) -> None:
    update(Transaction, s.waiting.transaction.pk, version=2)
    executed(s.waiting)


def executed_by_one_of_two(s: Scene) -> None:
    want_approval(s.house, approvals=2)
    executed(s.waiting)


def executed_by_a_rejection(s: Scene) -> None:
    entry = waiting(s)
    say(entry, s.house.adult, "rejected")
    executed(entry)


def executed_by_its_owner_alone(s: Scene) -> None:
    want_approval(s.house, approvals=2)
    executed(waiting(s, by="owner"))


def executed_by_the_mark_alone(s: Scene) -> None:
    entry = waiting(s)
    update(Transaction, entry.transaction.pk, self_approved=True)
    executed(entry)


def edited_by_a_member_after_an_owner_recorded(s: Scene) -> None:
    """An owner's recording counts as one of two, a member's version of it does not."""
    want_approval(s.house, approvals=2)
    entry = waiting(s, by="owner")
    update(Transaction, entry.transaction.pk, last_editor=s.house.member.membership)
    say(entry, s.house.adult)
    executed(entry)


def rejected_by_a_rejection_of_before(s: Scene) -> None:
    entry = waiting(s)
    say(entry, s.house.adult, "rejected")
    update(Transaction, entry.transaction.pk, version=2)
    flip(entry, "rejected")


def refund(s: Scene, original: Transaction, amount: Decimal = TEN, **fields: object) -> Entry:
    """An attempt to book a refund below the use cases, to the family's cash."""
    category = original.postings.get(category__isnull=False).category_id
    lines = line(s.cash, amount), line(s.cash, -amount, category=category, shares={s.author: -amount})
    usual = {"type": "income", "to_wallet_id": s.cash, "amount": amount, "refund_of": original}
    return s.book(*lines, **{**usual, **fields})


def refunded_in_two_parts(s: Scene) -> None:
    record(s.house.owner, "6", to_wallet=s.cash, refund_of=s.booked.transaction.pk)
    refund(s, s.booked.transaction, TEN - 6 + CENT)


def refund_that_is_an_expense(s: Scene) -> None:
    s.book(*expense_of(s, s.cash), from_wallet_id=s.cash, refund_of=s.booked.transaction)


def refund_in_another_currency(s: Scene) -> None:
    dollars = Wallet.objects.create(family=s.house.family, name="Dollars", type="cash", currency="USD").pk
    lines = (
        line(dollars, ONE, currency="USD"),
        line(dollars, -ONE, category=s.food, currency="USD", shares={s.author: -ONE}),
    )
    usd = {"currency": "USD", "amount": ONE, "base_amount": ONE}
    s.book(*lines, type="income", to_wallet_id=dollars, refund_of=s.booked.transaction, **usd)


def refund_of_another_category(s: Scene) -> None:
    lines = line(s.cash, TEN), line(s.cash, -TEN, category=s.other, shares={s.author: -TEN})
    s.book(*lines, type="income", to_wallet_id=s.cash, refund_of=s.booked.transaction)


def refund_partly_of_another_category(s: Scene) -> None:
    """Half of it against a category of the original, half against another."""
    half = TEN / 2
    lines = (line(s.cash, -half, category=c, shares={s.author: -half}) for c in (s.food, s.other))
    s.book(line(s.cash, TEN), *lines, type="income", to_wallet_id=s.cash, refund_of=s.booked.transaction)


def reversed_though_refunded(s: Scene) -> None:
    record(s.house.owner, "0.01", to_wallet=s.cash, refund_of=s.booked.transaction.pk)
    s.take_back(*expense_of(s, s.cash, sign=-1))
    flip(s.booked, "reversed")


def replacement_beside_its_original(s: Scene) -> None:
    s.book(*expense_of(s, s.cash), from_wallet_id=s.cash, replaces=s.booked.transaction)


def replacement_of_what_was_cancelled(s: Scene) -> None:
    entry = waiting(s)
    with unit_of_work():
        cancel_transaction(actor=s.house.member.actor, transaction_id=entry.transaction.pk)
    s.book(*expense_of(s, s.cash), from_wallet_id=s.cash, replaces=entry.transaction)


# fmt: off
OF_LIMITS: list[tuple[str, str, Provocation]] = [
    ("ledger_held_is_what_waits", "out of nothing", lambda s: update(Wallet, s.anns, held=CENT)),
    ("ledger_held_is_what_waits", "let go of", lambda s: update(Wallet, s.house.wallets["members"].pk, held=TEN - TEN)),
    ("ledger_held_is_what_waits", "a cent less",
     lambda s: update(Wallet, s.house.wallets["members"].pk, held=600 - CENT)),
    ("ledger_held_is_what_waits", "cancelled", held_for_what_was_cancelled),
    ("ledger_held_is_what_waits", "a replacement as a whole", held_by_a_replacement_as_a_whole),
    ("ledger_held_keeps_within_the_limit", "nothing there", held_beyond_the_limit),
    ("ledger_limit_is_not_overstepped_already", "balance",
     lambda s: update(Wallet, s.cash, overdraft_limit=TEN - CENT)),
    ("ledger_limit_is_not_overstepped_already", "held",
     lambda s: update(Wallet, s.house.wallets["members"].pk, overdraft_limit=600 - CENT)),
    ("ledger_entry_keeps_within_the_limits", "expense", spent_beyond_the_limit),
    ("ledger_entry_keeps_within_the_limits", "held", spent_what_is_held),
    ("ledger_entry_keeps_within_the_limits", "transfer", moved_beyond_the_limit),
    ("ledger_entry_keeps_within_the_limits", "reversal", taken_back_though_spent),
    ("ledger_entry_keeps_within_the_limits", "replacement", replaced_beyond_the_limit),
    ("ledger_entry_keeps_within_the_limits", "replacement elsewhere", replaced_elsewhere_beyond_the_limit),
    ("ledger_archived_wallet_moves_nothing", "shared", moved_though_archived),
    ("ledger_closed_period_stays_closed", "last day", partial(booked_in_a_closed_period, closed_until=FIRST_OF_MAY)),
    ("ledger_closed_period_stays_closed", "long closed",
     partial(booked_in_a_closed_period, closed_until=FIRST_OF_MAY + timedelta(days=30))),
    ("ledger_closed_period_stays_closed", "approved too late", approved_in_a_closed_period),
    ("ledger_closed_period_keeps_its_shares", "last day", shared_anew_in_a_closed_period),
]
OF_APPROVALS: list[tuple[str, str, Provocation]] = [
    ("ledger_approval_is_never_deleted", "any", lambda s: delete(Approval, s.approval.pk)),
    ("ledger_approval_never_changes", "decision", lambda s: update(Approval, s.approval.pk, decision="rejected")),
    ("ledger_approval_never_changes", "version", lambda s: update(Approval, s.approval.pk, version=2)),
    ("ledger_approval_never_changes", "approver",
     lambda s: update(Approval, s.approval.pk, approver=s.house.owner.membership)),
    ("ledger_approval_is_of_what_waits", "draft", lambda s: say(s.draft, s.house.adult)),
    ("ledger_approval_is_of_what_waits", "booked", lambda s: say(s.booked, s.house.adult)),
    ("ledger_approval_is_of_what_waits", "reversed", lambda s: say(s.reversed, s.house.adult)),
    ("ledger_approval_is_of_what_waits", "a later version", lambda s: say(s.waiting, s.house.owner, version=2)),
    ("ledger_approval_is_of_what_waits", "an earlier version", lambda s: say(s.waiting, s.house.owner, version=0)),
    ("ledger_nobody_approves_their_own", "author", lambda s: say(s.waiting, s.house.member)),
    ("ledger_nobody_approves_their_own", "last editor", approved_by_its_editor),
    ("ledger_executes_what_was_approved", "by nobody", lambda s: executed(waiting(s))),
    ("ledger_executes_what_was_approved", "an earlier version", executed_by_an_approval_of_before),
    ("ledger_executes_what_was_approved", "one of two", executed_by_one_of_two),
    ("ledger_executes_what_was_approved", "a rejection", executed_by_a_rejection),
    ("ledger_executes_what_was_approved", "an owner alone", executed_by_its_owner_alone),
    ("ledger_executes_what_was_approved", "a mark alone", executed_by_the_mark_alone),
    ("ledger_executes_what_was_approved", "an owner's no longer", edited_by_a_member_after_an_owner_recorded),
    ("ledger_rejected_by_somebody", "by nobody", lambda s: flip(waiting(s), "rejected")),
    ("ledger_rejected_by_somebody", "an approval", lambda s: flip(s.waiting, "rejected")),
    ("ledger_rejected_by_somebody", "an earlier version", rejected_by_a_rejection_of_before),
]
OF_LINKS: list[tuple[str, str, Provocation]] = [
    *(("ledger_links_are_set_at_once", link,
       lambda s, link=link: update(Transaction, s.draft.transaction.pk, **{link: s.booked.transaction}))
      for link in ("replaces", "refund_of")),
    ("ledger_refunds_within_the_original", "a cent more", lambda s: refund(s, s.booked.transaction, TEN + CENT)),
    ("ledger_refunds_within_the_original", "in two parts", refunded_in_two_parts),
    ("ledger_refunds_within_the_original", "an expense", refund_that_is_an_expense),
    ("ledger_refunds_within_the_original", "of an income",
     lambda s: refund(s, record(s.house.owner, "10", to_wallet=s.cash, occurred_on=FIRST_OF_MAY).transaction)),
    ("ledger_refunds_within_the_original", "of a draft", lambda s: refund(s, s.draft.transaction)),
    ("ledger_refunds_within_the_original", "of what waits", lambda s: refund(s, waiting(s).transaction)),
    ("ledger_refunds_within_the_original", "of a reversed one", lambda s: refund(s, s.reversed.transaction)),
    ("ledger_refunds_within_the_original", "of a reversal", lambda s: refund(s, s.reversal.transaction)),
    ("ledger_refunds_within_the_original", "another currency", refund_in_another_currency),
    ("ledger_refund_lessens_what_was_spent_on", "another category", refund_of_another_category),
    ("ledger_refund_lessens_what_was_spent_on", "partly another", refund_partly_of_another_category),
    ("ledger_refunded_is_not_reversed", "a cent", reversed_though_refunded),
    ("ledger_replaced_is_reversed", "executed", replacement_beside_its_original),
    ("ledger_replaced_is_reversed", "cancelled", replacement_of_what_was_cancelled),
]
OF_SHARES: list[tuple[str, str, Provocation]] = [
    ("ledger_shares_version_counts_up", "a step too far",
     lambda s: update(Transaction, s.draft.transaction.pk, shares_version=3)),
    ("ledger_shares_version_counts_up", "back", shared_as_before),
    ("ledger_booked_share_no_insert", "the version after the next", lambda s: shared_anew(s, version=3)),
    ("ledger_booked_share_no_insert", "a version of before", lambda s: shared_anew(s, version=0)),
    ("ledger_shares_make_the_whole", "none of the next version", put_in_force),
    ("ledger_shares_make_the_whole", "a cent less anew", partial(shared_anew_wrongly, amount=TEN - CENT)),
    ("ledger_shares_make_the_whole", "a cent less anew in base", partial(shared_anew_wrongly, base=TEN - CENT)),
]
# fmt: on
