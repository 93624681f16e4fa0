"""Damage done with the guards away: what each did it to, and the invariant that it breaks."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.db import connection

from families.services import close_period
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.booking import Entry
from ledger.models import Approval, MonthTotal, Posting, PostingShare, Transaction, Wallet, WalletMonth
from ledger.services import confirm_transaction
from ledger.verify import verify
from tests.conftest import record
from tests.ledger.helpers import TEN, drafted, flip, line, move_balances, settle, want_approval
from tests.ledger.provocations import CENT, Scene, delete, posting_on, shift, update
from tests.ledger.provocations_of_approvals import edit, put_in_force, refund, shared_anew

Damage = Callable[[Scene], tuple[str, int]]


def entry(s: Scene) -> tuple[str, int]:
    return "transaction", s.booked.transaction.pk


def cash(s: Scene) -> tuple[str, int]:
    return "wallet", s.cash


def posting_amount(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[0].pk, amount=-TEN - CENT)
    return entry(s)


def posting_base_amount(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[1].pk, base_amount=TEN - CENT)
    return entry(s)


def base_of_a_wallet_s_posting(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[0].pk, base_amount=-TEN + CENT)
    return entry(s)


def posting_currency(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[1].pk, currency="USD")
    return entry(s)


def posting_deleted(s: Scene) -> tuple[str, int]:
    delete(PostingShare, s.booked.shares[0].pk)
    delete(Posting, s.booked.postings[1].pk)
    return entry(s)


def posting_added(s: Scene) -> tuple[str, int]:
    posting_on(s.booked, s)
    return entry(s)


def postings_all_deleted(s: Scene) -> tuple[str, int]:
    delete(PostingShare, s.booked.shares[0].pk)
    update(Wallet, s.cash, last_posting=None)
    for posting in s.booked.postings:
        delete(Posting, posting.pk)
    return entry(s)


def balance_moved(s: Scene) -> tuple[str, int]:
    shift(s.cash, CENT, None)
    return cash(s)


def balance_of_an_unused_wallet(s: Scene) -> tuple[str, int]:
    shift(s.anns, CENT, None)
    return "wallet", s.anns


def balance_moved_by_a_draft(s: Scene) -> tuple[str, int]:
    move_balances(s.draft)
    return cash(s)


def held_for_nothing(s: Scene) -> tuple[str, int]:
    update(Wallet, s.cash, held=CENT)
    return cash(s)


def pending_not_held(s: Scene) -> tuple[str, int]:
    flip(s.draft, "pending_approval")
    return cash(s)


def below_its_limit(s: Scene) -> tuple[str, int]:
    update(Wallet, s.cash, overdraft_limit=TEN - CENT)
    return cash(s)


def reversed_by_nothing(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, status="reversed")
    return entry(s)


def executed_though_reversed(s: Scene) -> tuple[str, int]:
    update(Transaction, s.reversed.transaction.pk, status="executed")
    return "transaction", s.reversed.transaction.pk


def reversal_of_a_reversal(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, reverses=s.reversal.transaction)
    update(Transaction, s.reversal.transaction.pk, status="reversed")
    return entry(s)


def reversal_of_a_half(s: Scene) -> tuple[str, int]:
    half = TEN / 2
    lines = line(s.cash, half), line(s.cash, -half, category=s.food, shares={s.author: -half})
    found = drafted(s.house, *lines, from_wallet_id=s.cash, reverses=s.booked.transaction)
    move_balances(found)
    flip(found)
    flip(s.booked, "reversed")
    return "transaction", found.transaction.pk


def share_amount(s: Scene) -> tuple[str, int]:
    """A share that no longer makes its posting, with the totals made to fit it."""
    update(PostingShare, s.booked.shares[0].pk, amount=TEN - CENT)
    total = MonthTotal.objects.get(wallet_id=s.cash, member_id=s.author, category_id=s.food)
    update(MonthTotal, total.pk, amount=total.amount - CENT)
    return cash(s)


def month_total_amount(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, amount=TEN + CENT)
    return cash(s)


def month_total_base_amount(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, base_amount=TEN + CENT)
    return cash(s)


def month_total_deleted(s: Scene) -> tuple[str, int]:
    delete(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk)
    return cash(s)


def month_total_of_another_month(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, month="1999-01-01")
    return cash(s)


def wallet_month_amount(s: Scene) -> tuple[str, int]:
    update(WalletMonth, WalletMonth.objects.get(wallet_id=s.cash).pk, amount=CENT)
    return cash(s)


def wallet_month_deleted(s: Scene) -> tuple[str, int]:
    delete(WalletMonth, WalletMonth.objects.get(wallet_id=s.cash).pk)
    return cash(s)


def date_moved_to_another_month(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, occurred_on="1999-01-01")
    return cash(s)


def base_of_a_share(s: Scene) -> tuple[str, int]:
    update(PostingShare, s.booked.shares[0].pk, base_amount=TEN - CENT)
    return entry(s)


def shares_of_a_version_that_is_not_there(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, shares_version=2)
    return entry(s)


def share_of_the_next_version_in_force(s: Scene) -> tuple[str, int]:
    shared_anew(s, amount=TEN - CENT)
    put_in_force(s)
    return entry(s)


def a_cent_of_what_waits_not_held(s: Scene) -> tuple[str, int]:
    members = s.house.wallets["members"].pk
    update(Wallet, members, held=600 - CENT)
    return "wallet", members


def replacement_held_as_a_whole(s: Scene) -> tuple[str, int]:
    edit(s.house.member, s.house.spend("10", by="member"), amount=Decimal(600))
    update(Wallet, s.cash, held=Decimal(600))
    return cash(s)


def replacement_of_an_income_not_held(s: Scene) -> tuple[str, int]:
    """Another wallet than the original's is to be used: what that one brought is held on it."""
    want_approval(s.house)
    income = record(s.house.adult, "10", to_wallet=s.anns)
    edit(s.house.adult, income, to_wallet=None, from_wallet=s.cash)
    update(Wallet, s.anns, held=TEN - TEN)
    return "wallet", s.anns


def approved(s: Scene) -> Entry:
    """The member's 600, executed by the owner."""
    with unit_of_work():
        pk = s.waiting.transaction.pk
        confirm_transaction(actor=s.house.owner.actor, transaction_id=pk, token=None, version=None)
    return s.waiting


def approved_by_nobody(s: Scene) -> tuple[str, int]:
    pk = approved(s).transaction.pk
    Approval.objects.filter(transaction=pk).update(decision="rejected")
    return "transaction", pk


def executed_as_if_it_had_waited(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, pending_since=clock.now())
    return entry(s)


def approved_by_its_author(s: Scene) -> tuple[str, int]:
    update(Approval, s.approval.pk, approver=s.house.member.membership)
    return "transaction", s.waiting.transaction.pk


def executed_by_its_author(s: Scene) -> tuple[str, int]:
    update(Transaction, approved(s).transaction.pk, author=s.house.owner.membership)
    return "transaction", s.waiting.transaction.pk


def executed_by_its_last_editor(s: Scene) -> tuple[str, int]:
    update(Transaction, approved(s).transaction.pk, last_editor=s.house.owner.membership, version=7)
    return "transaction", s.waiting.transaction.pk


def approved_by_its_last_editor(s: Scene) -> tuple[str, int]:
    update(Transaction, s.waiting.transaction.pk, last_editor=s.house.adult.membership)
    return "transaction", s.waiting.transaction.pk


def mark_taken_off(s: Scene) -> tuple[str, int]:
    """An owner's marked case that is not marked any more."""
    update(Transaction, approved(s).transaction.pk, self_approved=True, author=s.house.owner.membership)
    assert not [found for found in verify() if found.invariant == 8]
    update(Transaction, s.waiting.transaction.pk, self_approved=False)
    return "transaction", s.waiting.transaction.pk


def refunded(s: Scene, amount: str = "6") -> Transaction:
    found: Transaction = record(s.house.owner, amount, to_wallet=s.cash, refund_of=s.booked.transaction.pk).transaction
    return found


def refunded_twice(s: Scene) -> tuple[str, int]:
    refunded(s)
    refund(s, s.booked.transaction, TEN - 6 + CENT)
    return entry(s)


def refunded_to_another_category(s: Scene) -> tuple[str, int]:
    """In all no more than was spent, and yet more than was spent on that."""
    category = Posting.objects.filter(transaction=refunded(s), category__isnull=False)
    category.update(category_id=s.other)
    return entry(s)


def refunded_though_reversed(s: Scene) -> tuple[str, int]:
    pk = refunded(s).pk
    update(Transaction, pk, refund_of=s.reversed.transaction)
    return "transaction", pk


def refund_of_a_reversal(s: Scene) -> tuple[str, int]:
    pk = refunded(s).pk
    update(Transaction, pk, refund_of=s.reversal.transaction)
    return "transaction", pk


def refund_of_an_income(s: Scene) -> tuple[str, int]:
    pk = refunded(s).pk
    update(Transaction, pk, refund_of=record(s.house.owner, "10", to_wallet=s.cash).transaction)
    return "transaction", pk


def refund_of_a_draft(s: Scene) -> tuple[str, int]:
    pk = refunded(s).pk
    update(Transaction, pk, refund_of=s.draft.transaction)
    return "transaction", pk


def refund_that_is_an_expense(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, refund_of=s.house.spend("10").transaction)
    return entry(s)


def replaced_beside_its_original(s: Scene) -> tuple[str, int]:
    found = s.house.spend("1").transaction
    update(Transaction, found.pk, replaces=s.booked.transaction)
    return "transaction", found.pk


def replaced_twice(s: Scene) -> tuple[str, int]:
    settle()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX ledger_one_replacement")
    for _ in range(2):
        update(Transaction, s.house.spend("1").transaction.pk, replaces=s.reversed.transaction)
    return "transaction", s.reversed.transaction.pk


def tag_of_another_family(s: Scene) -> tuple[str, int]:
    s.booked.transaction.tags.set(s.their_entry.transaction.tags.all())
    return entry(s)


def amount_said_otherwise(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, amount=TEN + CENT)
    return entry(s)


def wallet_said_otherwise(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, from_wallet=s.house.wallets["anns"].pk)
    return entry(s)


def booked_after_the_closing(s: Scene) -> tuple[str, int]:
    yesterday = clock.today("UTC") - timedelta(days=1)
    with unit_of_work():
        close_period(actor=s.house.owner.actor, through=yesterday)
    late = s.house.spend("1.00").transaction.pk
    update(Transaction, late, occurred_on=yesterday)
    return "transaction", late


DAMAGES: list[tuple[int, Damage]] = [
    (1, posting_amount),
    (1, posting_base_amount),
    (1, base_of_a_wallet_s_posting),
    (1, posting_currency),
    (1, posting_deleted),
    (1, posting_added),
    (1, postings_all_deleted),
    (1, base_of_a_share),
    (1, shares_of_a_version_that_is_not_there),
    (1, share_of_the_next_version_in_force),
    (2, balance_moved),
    (2, balance_of_an_unused_wallet),
    (2, balance_moved_by_a_draft),
    (2, held_for_nothing),
    (2, pending_not_held),
    (2, a_cent_of_what_waits_not_held),
    (2, replacement_held_as_a_whole),
    (2, replacement_of_an_income_not_held),
    (3, amount_said_otherwise),
    (3, wallet_said_otherwise),
    (4, reversed_by_nothing),
    (4, executed_though_reversed),
    (4, reversal_of_a_reversal),
    (4, reversal_of_a_half),
    (4, replaced_beside_its_original),
    (4, replaced_twice),
    (4, refunded_twice),
    (4, refunded_to_another_category),
    (4, refunded_though_reversed),
    (4, refund_of_a_reversal),
    (4, refund_of_an_income),
    (4, refund_of_a_draft),
    (4, refund_that_is_an_expense),
    (5, tag_of_another_family),
    (6, below_its_limit),
    (7, booked_after_the_closing),
    (8, approved_by_nobody),
    (8, executed_as_if_it_had_waited),
    (8, approved_by_its_author),
    (8, approved_by_its_last_editor),
    (8, executed_by_its_author),
    (8, executed_by_its_last_editor),
    (8, mark_taken_off),
    (9, share_amount),
    (9, month_total_amount),
    (9, month_total_base_amount),
    (9, month_total_deleted),
    (9, month_total_of_another_month),
    (9, wallet_month_amount),
    (9, wallet_month_deleted),
    (9, date_moved_to_another_month),
]
