"""What the guards must still allow, at the edge of what they refuse."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger import services
from ledger.booking import Entry, total
from ledger.models import Approval, PostingShare, Transaction, Wallet
from ledger.verify import verify
from tests.conftest import House, Person, record
from tests.ledger.helpers import (
    ONE,
    TEN,
    balance,
    close_until,
    drafted,
    flip,
    line,
    move_balances,
    say,
    want_approval,
)
from tests.ledger.provocations import CENT, Scene, build_scene, spare_wallet, update
from tests.ledger.provocations_of_approvals import (
    edit,
    executed,
    expense_of,
    income_of,
    pocket,
    put_in_force,
    refund,
    replaced,
    shared_anew,
    waiting,
)

pytestmark = pytest.mark.django_db

D = Decimal
MAY = date(2026, 5, 1)


@pytest.fixture(scope="module")
def stage(built_house: House) -> Scene:
    return build_scene(built_house)


@pytest.fixture
def scene(stage: Scene, db: None) -> Scene:
    return stage


def work(name: str, person: Person, entry: Entry, **fields: Any) -> Any:
    """A use case on an entry."""
    with unit_of_work():
        found = getattr(services, f"{name}_transaction")
        return found(actor=person.actor, transaction_id=entry.transaction.pk, **fields)


def confirm(person: Person, entry: Entry) -> str:
    return str(work("confirm", person, entry, token=None, version=None).status)


def status_of(entry: Entry) -> str:
    return Transaction.objects.get(pk=entry.transaction.pk).status


def held(wallet: int) -> Decimal:
    return Wallet.objects.get(pk=wallet).held


def is_sound() -> bool:
    return list(verify()) == []


def test_a_later_word_on_for_whom_comes_into_force(scene: Scene):
    shared_anew(scene)
    put_in_force(scene)
    shared_anew(scene, version=3)
    put_in_force(scene, 3)
    assert PostingShare.objects.filter(posting=scene.booked.postings[1]).count() == 3


def test_a_set_of_shares_may_lie_ready_before_it_is_in_force(scene: Scene):
    half = TEN / 2
    common = {"family": scene.house.family, "posting": scene.booked.postings[1], "version": 2, "weight": ONE}
    for person in (scene.house.owner, scene.house.adult):
        PostingShare.objects.create(member=person.membership, amount=half, base_amount=half, **common)
    put_in_force(scene)


def test_the_version_of_a_draft_counts_up_too(scene: Scene):
    update(Transaction, scene.draft.transaction.pk, shares_version=2)


def test_for_whom_changes_by_the_use_case_as_often_as_one_likes(scene: Scene):
    entry = scene.house.spend("10")
    for person in (scene.house.adult, scene.house.owner, scene.house.adult):
        edit(scene.house.owner, entry, for_members=((person.membership.pk, ONE),))
    assert Transaction.objects.get(pk=entry.transaction.pk).shares_version == 4
    assert is_sound()


def test_a_period_that_is_closed_leaves_the_next_day_open(scene: Scene):
    close_until(scene.house, MAY - timedelta(days=1))
    assert scene.book().transaction.pk
    close_until(scene.house, scene.booked.transaction.occurred_on - timedelta(days=1))
    shared_anew(scene)
    put_in_force(scene)


def test_words_may_change_in_a_closed_period(scene: Scene):
    close_until(scene.house, scene.booked.transaction.occurred_on)
    assert edit(scene.house.owner, scene.booked, description="x").transaction.version == 2


def test_a_wallet_may_be_emptied_to_its_limit(scene: Scene):
    wallet = spare_wallet(scene, overdraft_limit=TEN).pk
    assert scene.book(*expense_of(scene, wallet), from_wallet_id=wallet)
    assert balance(Wallet(pk=wallet)) == -10


def test_a_limit_may_be_set_to_what_is_just_not_overstepped(scene: Scene):
    update(Wallet, scene.cash, overdraft_limit=TEN)
    update(Wallet, scene.house.wallets["members"].pk, overdraft_limit=D(600))
    update(Wallet, scene.cash, overdraft_limit=None)


def test_what_waits_may_hold_all_there_is(scene: Scene):
    income_of(scene, pocket(scene))
    entry = drafted(scene.house, *expense_of(scene, pocket(scene)), from_wallet_id=pocket(scene))
    flip(entry, "pending_approval")
    update(Wallet, pocket(scene), held=TEN)
    say(entry, scene.house.adult)
    executed(entry)
    update(Wallet, pocket(scene), held=TEN - TEN)
    assert balance(scene.house.wallets["pocket"]) == 0


def test_a_replacement_passes_the_limit_with_its_reversal_where_neither_would_alone(scene: Scene):
    """The income is spent: taking it back goes below zero until the smaller one is booked."""
    income = record(scene.house.owner, "10", to_wallet=pocket(scene))
    record(scene.house.owner, "9", from_wallet=pocket(scene))
    category = scene.house.categories["income"].pk
    lines = (
        line(pocket(scene), TEN - 1),
        line(pocket(scene), 1 - TEN, category=category, shares={scene.author: 1 - TEN}),
    )
    replaced(scene, income, *lines, type="income", to_wallet_id=pocket(scene), amount=TEN - 1)
    assert balance(scene.house.wallets["pocket"]) == 0


def test_a_replacement_by_the_use_case_passes_the_limit_with_its_reversal(scene: Scene):
    income = record(scene.house.owner, "10", to_wallet=pocket(scene))
    record(scene.house.owner, "9", from_wallet=pocket(scene))
    edit(scene.house.owner, income, amount=D(9))
    assert balance(scene.house.wallets["pocket"]) == 0
    expense = record(scene.house.owner, "0.01", from_wallet=scene.cash)
    record(scene.house.owner, "1", to_wallet=pocket(scene))
    edit(scene.house.owner, expense, from_wallet=pocket(scene), amount=D(1))
    assert balance(scene.house.wallets["pocket"]) == 0
    assert is_sound()


def test_an_entry_with_a_waiting_replacement_may_be_reversed(scene: Scene):
    entry = scene.house.spend("10", by="member")
    replacement = edit(scene.house.member, entry, amount=D(600))
    assert held(scene.cash) == 590
    work("reverse", scene.house.owner, entry, reason="")
    assert (status_of(entry), status_of(replacement), held(scene.cash)) == ("reversed", "cancelled", 0)
    assert is_sound()


def test_a_waiting_replacement_of_an_income_holds_it_and_goes_through(scene: Scene):
    """It moves what was income to an expense of another wallet: the first one holds all of it until then."""
    want_approval(scene.house)
    income = record(scene.house.adult, "10", to_wallet=pocket(scene), category=scene.house.categories["income"].pk)
    replacement = edit(scene.house.adult, income, from_wallet=scene.anns, to_wallet=None, amount=D(3))
    assert (held(pocket(scene)), held(scene.anns)) == (10, 3)
    assert confirm(scene.house.owner, replacement) == "executed"
    assert (held(pocket(scene)), held(scene.anns)) == (0, 0)
    assert (balance(scene.house.wallets["pocket"]), balance(scene.house.wallets["anns"])) == (0, -3)
    assert is_sound()


def test_a_waiting_replacement_that_takes_less_holds_nothing(scene: Scene):
    entry = scene.house.spend("700", by="owner")
    want_approval(scene.house, above=500, approvals=2)
    replacement = edit(scene.house.owner, entry, amount=D(650))
    assert (status_of(replacement), held(scene.cash)) == ("pending_approval", 0)
    assert confirm(scene.house.adult, replacement) == "executed"
    assert balance(scene.house.wallets["cash"]) == -660
    assert is_sound()


def test_an_entry_may_be_edited_again_after_its_replacement_was_cancelled_or_executed(scene: Scene):
    entry = scene.house.spend("10", by="member")
    work("cancel", scene.house.member, edit(scene.house.member, entry, amount=D(600)))
    first = edit(scene.house.member, entry, amount=D(20))
    second = edit(scene.house.member, first, amount=D(30))
    assert [status_of(found) for found in (entry, first, second)] == ["reversed", "reversed", "executed"]
    assert is_sound()


def test_what_waits_may_be_rewritten_and_holds_what_it_takes_then(scene: Scene):
    entry = waiting(scene)
    edit(scene.house.member, entry, amount=D(700), from_wallet=scene.house.wallets["members"].pk)
    assert (held(scene.cash), held(scene.house.wallets["members"].pk)) == (0, 1300)
    assert is_sound()


@pytest.mark.parametrize("how", ["cancel", "reject", "expire"])
def test_what_ends_waiting_holds_nothing(scene: Scene, how: str):
    entry = waiting(scene)
    if how == "expire":
        update(Transaction, entry.transaction.pk, pending_since=clock.now() - timedelta(days=31))
    people = {"cancel": scene.house.member, "reject": scene.house.adult, "expire": scene.house.owner}
    work(how, people[how], entry, **({"reason": ""} if how == "reject" else {}))
    assert held(scene.cash) == 0
    assert is_sound()


def test_one_approval_executes_and_of_two_the_second(scene: Scene):
    assert confirm(scene.house.adult, waiting(scene)) == "executed"
    want_approval(scene.house, approvals=2)
    assert confirm(scene.house.owner, scene.waiting) == "executed"
    assert is_sound()


def test_beside_an_owners_recording_one_approval_is_enough(scene: Scene):
    want_approval(scene.house, approvals=2)
    entry = waiting(scene, by="owner")
    assert confirm(scene.house.adult, entry) == "executed"


def test_an_approval_of_a_version_of_before_stays_and_a_new_one_is_given(scene: Scene):
    edit(scene.house.member, scene.waiting, amount=D(601))
    assert status_of(scene.waiting) == "pending_approval"
    assert confirm(scene.house.adult, scene.waiting) == "executed"
    assert Approval.objects.filter(transaction=scene.waiting.transaction).count() == 2
    assert is_sound()


def test_who_approved_a_version_of_before_may_edit_and_have_another_approve(scene: Scene):
    """The adult's approval was of another version than the one that says what the owner made of it."""
    want_approval(scene.house)
    entry = waiting(scene, "5", by="adult")
    say(entry, scene.house.owner)
    entry = edit(scene.house.owner, entry, amount=D(6))
    say(entry, scene.house.removed)
    executed(entry)
    update(Wallet, scene.cash, held=TEN - TEN)
    total(entry)
    assert is_sound()


def test_where_nobody_else_could_an_owner_approves_their_own(scene: Scene):
    stranger = scene.neighbour
    want_approval(House(stranger.membership.family, {}, {}, {}), approvals=2)
    entry = record(stranger, "10", from_wallet=scene.their_entry.transaction.from_wallet_id)
    assert status_of(entry) == "pending_approval"
    assert confirm(stranger, entry) == "executed"
    assert Transaction.objects.get(pk=entry.transaction.pk).self_approved
    assert is_sound()


def test_a_refund_may_be_of_all_and_in_parts(scene: Scene):
    refund(scene, scene.booked.transaction, TEN - CENT)
    refund(scene, scene.booked.transaction, CENT)
    assert Transaction.objects.filter(refund_of=scene.booked.transaction, status="executed").count() == 2


def test_what_was_refunded_may_be_refunded_again_and_reversed_once_the_refund_is_reversed(scene: Scene):
    for _ in range(2):
        found = record(scene.house.owner, "10", to_wallet=scene.cash, refund_of=scene.booked.transaction.pk)
        work("reverse", scene.house.owner, found, reason="")
    work("reverse", scene.house.owner, scene.booked, reason="")
    assert status_of(scene.booked) == "reversed"
    assert is_sound()


def test_a_refund_may_be_replaced_by_a_larger_one_within_the_original(scene: Scene):
    found = record(scene.house.owner, "6", to_wallet=scene.cash, refund_of=scene.booked.transaction.pk)
    edit(scene.house.owner, found, amount=D(10))
    assert balance(scene.house.wallets["cash"]) == 0
    assert is_sound()


def test_a_reversal_of_what_lies_in_a_closed_period_is_of_today(scene: Scene):
    entry = scene.house.spend("10", occurred_on=clock.today("UTC") - timedelta(days=2))
    close_until(scene.house, clock.today("UTC") - timedelta(days=1))
    work("reverse", scene.house.owner, entry, reason="")
    assert status_of(entry) == "reversed"


def test_an_archived_wallet_may_be_renamed_and_restored(scene: Scene):
    update(Wallet, scene.anns, archived_at=clock.now())
    update(Wallet, scene.anns, name="x")
    update(Wallet, scene.anns, archived_at=None)
    move_balances(drafted(scene.house, *expense_of(scene, scene.anns), from_wallet_id=scene.anns))
