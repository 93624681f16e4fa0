"""Taking an entry back: by a reversal, by an undo of one's own, by DELETE, which means either."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import LoginSession
from audit.models import EventLog
from families.models import Family
from families.services import edit_member
from financebot.common import clock
from financebot.common.errors import (
    AmountTooLarge,
    NotFound,
    PermissionDenied,
    StepUpRequired,
)
from financebot.common.usecase import unit_of_work
from ledger import services
from ledger.errors import (
    AlreadyReversed,
    InsufficientFunds,
    NotReversible,
    PeriodClosed,
    UndoWindowOver,
    WalletArchived,
)
from ledger.models import MonthTotal, Posting, Transaction, Wallet, WalletMonth
from tests.conftest import House, Person
from tests.ledger.helpers import balance, close_until, drafted, events_of, everything, refused

pytestmark = pytest.mark.django_db

Way = Callable[..., Any]


def taking(name: str) -> Way:
    def take(person: Person, entry: Any, reason: str = "", **actor: Any) -> Any:
        with unit_of_work():
            work = getattr(services, f"{name}_transaction")
            pk = getattr(entry, "transaction", entry).pk
            return work(actor=replace(person.actor, **actor), transaction_id=pk, reason=reason)

    return take


reverse, undo, remove = (taking(name) for name in ("reverse", "undo", "remove"))
each_way = pytest.mark.parametrize("take", [reverse, undo, remove], ids=["reverse", "undo", "remove"])


def amounts_of(entry: Any) -> list[tuple[int, int | None, Decimal, Decimal]]:
    rows = Posting.objects.filter(transaction=entry).order_by("pk")
    return list(rows.values_list("wallet_id", "category_id", "amount", "base_amount"))


@each_way
@pytest.mark.parametrize(
    "make",
    [
        lambda h: h.spend("12.50", description="Lunch", payee="Lidl", tags=("food",)),
        lambda h: h.earn("12.50"),
        lambda h: h.move("12.50", "cash", "anns", category=h.categories["income"].pk),
    ],
    ids=["expense", "income", "transfer"],
)
def test_a_reversal_books_the_opposite_of_every_posting(house: House, take: Way, make: Any):
    entry = make(house).transaction
    found = take(house.owner, entry)
    reversal = Transaction.objects.get(pk=found.reversal_transaction_id)
    entry.refresh_from_db()
    assert amounts_of(reversal) == [(w, c, -a, -b) for w, c, a, b in amounts_of(entry)]
    assert (entry.status, reversal.status, reversal.reverses_id) == ("reversed", "executed", entry.pk)
    assert (reversal.type, reversal.amount, reversal.label_id) == (entry.type, entry.amount, entry.label_id)
    assert not Wallet.objects.filter(family=house.family).exclude(balance=0).exists()
    for totals in (MonthTotal, WalletMonth):
        assert not totals.objects.exclude(amount=0, base_amount=0).exists()


@each_way
def test_a_reversal_is_one_event_about_the_original_with_the_reason_in_private(house: House, take: Way):
    entry = house.spend("1")
    found = take(house.owner, entry, reason="wrong shop")
    assert events_of("transaction", entry.transaction.pk)[2:] == ["transaction.reversed"]
    assert events_of("transaction", found.reversal_transaction_id) == []
    event = EventLog.objects.order_by("pk").last()
    assert event.changes == {
        "status": ["executed", "reversed"],
        "reversed_by_id": [None, found.reversal_transaction_id],
    }
    assert event.private["texts"] == {"reason": ["", "wrong shop"]}


@each_way
def test_an_entry_is_reversed_once(house: House, take: Way):
    entry = house.spend("1")
    take(house.owner, entry)
    with refused(AlreadyReversed):
        take(house.owner, entry)


@each_way
def test_a_reversal_is_never_reversed(house: House, take: Way):
    found = take(house.owner, house.spend("1"))
    with refused(NotReversible):
        take(house.owner, Transaction.objects.get(pk=found.reversal_transaction_id))


@each_way
@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_what_was_never_executed_is_not_reversed(house: House, take: Way, status: str):
    entry = drafted(house)
    Transaction.objects.filter(pk=entry.transaction.pk).update(status=status)
    with refused(NotReversible):
        take(house.owner, entry)


@each_way
def test_income_that_is_spent_already_cannot_be_taken_back(house: House, take: Way):
    income = house.earn("10", "pocket")
    house.spend("0.01", "pocket")
    with refused(InsufficientFunds, "amount"):
        take(house.owner, income)


def test_money_that_has_come_in_again_can_be_taken_back(house: House):
    income = house.earn("10", "pocket")
    house.spend("10", "pocket")
    house.earn("10", "pocket")
    reverse(house.owner, income)
    assert balance(house.wallets["pocket"]) == 0


def test_a_transfer_is_not_taken_back_from_a_wallet_that_has_spent_it(house: House):
    transfer = house.move("10", "cash", "pocket")
    house.spend("10", "pocket")
    with refused(InsufficientFunds, "amount"):
        reverse(house.owner, transfer)


def test_a_reversal_that_would_pass_what_can_be_kept_is_refused(house: House):
    expense = house.spend("99999999999999")
    for month in range(1, 11):
        house.earn("99999999999999", occurred_on=date(2026, month, 1))
    with refused(AmountTooLarge, "amount"):
        reverse(house.owner, expense)


@each_way
def test_nothing_is_taken_back_from_an_archived_wallet(house: House, take: Way):
    income = house.earn("10")
    house.spend("10")
    Wallet.objects.filter(pk=house.wallets["cash"].pk).update(archived_at=clock.now())
    with refused(WalletArchived):
        take(house.owner, income)


NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)


@each_way
@pytest.mark.parametrize(
    ("original", "closed_until", "day"),
    [
        (date(2026, 4, 30), None, date(2026, 4, 30)),
        (date(2026, 4, 30), date(2026, 4, 29), date(2026, 4, 30)),
        (date(2026, 4, 30), date(2026, 4, 30), date(2026, 5, 20)),
        (date(2026, 5, 21), date(2026, 4, 30), date(2026, 5, 21)),
    ],
)
def test_a_reversal_carries_the_originals_date_or_today_where_that_is_closed(
    house: House, take: Way, original: date, closed_until: date | None, day: date
):
    with time_machine.travel(NOON, tick=False):
        entry = house.spend("1", occurred_on=original)
        close_until(house, closed_until)
        found = take(house.owner, entry)
    assert Transaction.objects.get(pk=found.reversal_transaction_id).occurred_on == day


@each_way
def test_nothing_is_taken_back_while_today_is_closed_too(house: House, take: Way):
    with time_machine.travel(NOON, tick=False):
        entry = house.spend("1", occurred_on=date(2026, 4, 30))
        close_until(house, date(2026, 5, 20))
        with refused(PeriodClosed, "occurred_on"):
            take(house.owner, entry)


@pytest.mark.parametrize("who", ["owner", "adult", "member"])
@pytest.mark.parametrize("window", [900, 60])
def test_ones_own_entry_can_be_undone_up_to_the_last_second_of_the_window(
    house: House,
    who: str,
    window: int,
):
    Family.objects.filter(pk=house.family.pk).update(undo_window=window)
    with time_machine.travel(NOON, tick=False) as now:
        in_time, too_late = house.spend("1", by=who), house.spend("1", by=who)
        now.shift(timedelta(seconds=window))
        undo(house.people[who], in_time)
        now.shift(timedelta(microseconds=1))
        with refused(UndoWindowOver):
            undo(house.people[who], too_late)


def test_the_window_counts_from_when_it_was_recorded_not_from_the_day_it_bears(house: House):
    entry = house.spend("1", occurred_on=date(2020, 1, 1))
    assert undo(house.owner, entry).original_transaction_id == entry.transaction.pk


def test_an_entry_that_is_reversed_is_said_to_be_so_even_after_the_window(house: House):
    with time_machine.travel(NOON, tick=False) as now:
        entry = house.spend("1", by="adult")
        undo(house.adult, entry)
        now.shift(timedelta(days=1))
        with refused(AlreadyReversed):
            undo(house.adult, entry)


def test_who_may_only_undo_removes_their_own_within_the_window_and_no_longer(house: House):
    with time_machine.travel(NOON, tick=False) as now:
        in_time, too_late = house.spend("1", by="member"), house.spend("1", by="member")
        remove(house.member, in_time)
        now.shift(timedelta(seconds=901))
        with refused(UndoWindowOver):
            remove(house.member, too_late)


def test_who_may_reverse_removes_anybodys_at_any_time(house: House):
    with time_machine.travel(NOON, tick=False) as now:
        entry = house.spend("1", by="member")
        now.shift(timedelta(days=400))
        assert remove(house.owner, entry).original_transaction_id == entry.transaction.pk


@pytest.mark.parametrize(
    ("take", "who", "author", "wallet", "refusal"),
    [
        (reverse, "adult", "adult", "cash", "delete_transaction"),
        (reverse, "member", "member", "cash", "delete_transaction"),
        (reverse, "child", "child", "pocket", "delete_transaction"),
        (undo, "owner", "adult", "cash", "undo_own_transaction"),
        (undo, "adult", "owner", "cash", "undo_own_transaction"),
        (undo, "member", "owner", "cash", "undo_own_transaction"),
        (undo, "child", "child", "pocket", "undo_own_transaction"),
        (remove, "adult", "owner", "cash", "undo_own_transaction"),
        (remove, "member", "adult", "cash", "undo_own_transaction"),
        (remove, "child", "child", "pocket", "undo_own_transaction"),
    ],
)
def test_what_one_sees_but_may_not_take_back_is_refused_by_the_name_of_the_right(
    house: House, take: Way, who: str, author: str, wallet: str, refusal: str
):
    house.earn("5", "pocket")
    entry = house.spend("1", wallet, by=author)
    before = everything()
    with pytest.raises(PermissionDenied) as caught:
        take(house.people[who], entry)
    assert caught.value.facts == {"permission": refusal}
    assert everything() == before


@each_way
@pytest.mark.parametrize(("who", "wallet"), [("owner", "secret"), ("member", "anns"), ("child", "cash")])
def test_what_one_does_not_see_is_not_there(house: House, take: Way, who: str, wallet: str):
    entry = house.spend("1", wallet, by="adult")
    with refused(NotFound):
        take(house.people[who], entry)


@each_way
def test_what_is_next_door_is_not_there(house: House, take: Way):
    entry = house.spend("1")
    with refused(NotFound):
        take(house.stranger, entry)


@pytest.mark.parametrize("take", [reverse, remove])
@pytest.mark.parametrize("age", [timedelta(minutes=10), None])
def test_a_reversal_wants_a_fresh_proof(house: House, take: Way, age: timedelta | None):
    entry = house.spend("1")
    with refused(StepUpRequired):
        take(house.owner, entry, proof_age=age)
    take(house.owner, entry, proof_age=timedelta(minutes=9, seconds=59))


def test_an_undo_wants_no_fresh_proof(house: House):
    entry = house.spend("1", by="adult")
    assert undo(house.adult, entry, proof_age=None).original_transaction_id == entry.transaction.pk


@pytest.mark.parametrize("path", ["", "/reverse"])
def test_over_http_a_stale_proof_asks_to_step_up(house: House, path: str):
    entry = house.spend("1").transaction.pk
    LoginSession.objects.filter(pk=house.owner.session.pk).update(
        proof_at=clock.now() - timedelta(minutes=11),
    )
    http = house.owner.http
    answer = http.post(f"/transactions/{entry}/reverse") if path else http.delete(f"/transactions/{entry}")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    assert Transaction.objects.get(pk=entry).status == "executed"


@pytest.mark.parametrize("way", ["delete", "delete?reason", "reverse", "undo"])
def test_over_http_each_way_answers_with_both_ids_and_keeps_the_reason(house: House, way: str):
    http, entry = house.owner.http, house.spend("1").transaction.pk
    answer = {
        "delete": lambda: http.delete(f"/transactions/{entry}", reason="wrong"),
        "delete?reason": lambda: http.delete(f"/transactions/{entry}?reason=wrong"),
        "reverse": lambda: http.post(f"/transactions/{entry}/reverse", reason="wrong"),
        "undo": lambda: http.post(f"/transactions/{entry}/undo", reason="wrong"),
    }[way]()
    found = answer.json()
    assert (answer.status_code, list(found)) == (
        200,
        ["original_transaction_id", "reversal_transaction_id", "reversed_at"],
    )
    original = http.get(f"/transactions/{entry}").json()
    reversal = http.get(f"/transactions/{found['reversal_transaction_id']}").json()
    assert (original["status"], original["reversed_by_id"]) == ("reversed", reversal["id"])
    assert (reversal["status"], reversal["reverses_id"]) == ("executed", entry)
    assert EventLog.objects.order_by("pk").last().private["texts"] == {"reason": ["", "wrong"]}


def twice(house: House) -> int:
    entry = house.spend("1")
    reverse(house.owner, entry)
    return entry.transaction.pk


def its_reversal(house: House) -> int:
    return reverse(house.owner, house.spend("1")).reversal_transaction_id


def spent(house: House) -> int:
    entry = house.earn("1", "pocket")
    house.spend("1", "pocket")
    return entry.transaction.pk


@pytest.mark.parametrize(
    ("prepare", "status", "code"),
    [
        (twice, 409, "already_reversed"),
        (its_reversal, 422, "not_reversible"),
        (spent, 422, "insufficient_funds"),
    ],
    ids=["twice", "reversal", "spent"],
)
def test_over_http_a_refusal_has_its_status_and_code(house: House, prepare: Any, status: int, code: str):
    answer = house.owner.http.delete(f"/transactions/{prepare(house)}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lists_hide_what_was_taken_back_and_its_reversal_unless_asked(house: House):
    kept, gone = house.spend("1").transaction.pk, house.spend("2")
    found = reverse(house.owner, gone)
    http = house.owner.http
    assert [row["id"] for row in http.get("/transactions").json()["results"]] == [kept]
    shown = {row["id"] for row in http.get("/transactions?include=reversed").json()["results"]}
    assert shown == {kept, gone.transaction.pk, found.reversal_transaction_id}


def test_a_withdrawn_right_to_reverse_leaves_the_owner_their_undo(house: House):
    with unit_of_work():
        edit_member(
            actor=house.owner.actor,
            membership_id=house.owner.membership.pk,
            changes={"withdraw": ["delete_transaction"]},
            version=None,
        )
    own, others = house.spend("1"), house.spend("1", by="adult")
    with pytest.raises(PermissionDenied, match="permission_denied"):
        reverse(house.owner, own)
    with pytest.raises(PermissionDenied, match="permission_denied"):
        remove(house.owner, others)
    assert remove(house.owner, own).original_transaction_id == own.transaction.pk
