"""Delivering what waits: at least once, never inside a unit of work, whatever the outlet does."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import OperationalError

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode, User
from audit.models import EventLog
from delivery import letters, outbox, rules
from delivery.models import Delivery
from delivery.outbox import deliver_once
from families.models import Family
from families.services import remove_member, suspend_member
from financebot.common import clock, usecase
from financebot.common.usecase import unit_of_work
from ledger.models import Transaction, Wallet
from ledger.services import cancel_transaction
from tests.delivery.helpers import ask, deliver, edit, letter_to, recipients, relay, states, token_in
from tests.families.helpers import edit as edit_member

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process ends here: nothing of ours catches it."""


@pytest.fixture
def now(time_machine):
    """A clock that stands until it is moved."""
    time_machine.move_to(clock.now(), tick=False)
    return time_machine


@pytest.fixture
def outlet(monkeypatch):
    """The outlet, which fails with `outlet.error` while there is one."""

    class Outlet:
        error: BaseException | None = None
        asked = 0

    send = EmailMultiAlternatives.send

    def sometimes(message):
        Outlet.asked += 1
        if Outlet.error:
            raise Outlet.error
        return send(message)

    monkeypatch.setattr(EmailMultiAlternatives, "send", sometimes)
    return Outlet


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def code_of(letter):
    return codes.look_up(CodePurpose.CONFIRMATION, token_in(letter))


def test_a_token_is_for_that_approver_entry_and_version_for_a_day_and_works_once(house, now):
    entry = ask(house)
    letter = letter_to(house)
    code = code_of(letter)
    assert (code.subject, code.payload) == (entry.pk, {"membership": house.owner.membership.pk, "version": 1})
    assert code.expires_at == clock.now() + timedelta(hours=24)
    codes.spend(code)
    with pytest.raises(InvalidCode):
        code_of(letter)


def test_a_token_is_dead_after_a_day(house, now):
    ask(house)
    letter = letter_to(house)
    now.shift(timedelta(hours=24) - timedelta(seconds=1))
    assert code_of(letter)
    now.shift(timedelta(seconds=1))
    with pytest.raises(InvalidCode):
        code_of(letter)


def test_what_is_sent_is_noted_and_not_sent_again(house, now):
    ask(house)
    assert recipients(deliver(), house) == {"owner", "adult"}
    assert set(Delivery.objects.values_list("state", "attempts", "sent_at")) == {("sent", 1, clock.now())}
    now.shift(timedelta(days=2))
    assert deliver() == []


def test_letters_leave_outside_of_any_unit_of_work_and_after_the_commit_of_their_code(house, monkeypatch):
    open_units = []
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda _: open_units.append(usecase._unit_open.get()))
    ask(house)
    deliver()
    assert open_units == [False, False]


def test_with_nothing_due_nothing_is_written_and_no_transaction_opened(house, django_assert_num_queries):
    ask(house)
    deliver()
    with django_assert_num_queries(1) as seen:
        assert deliver_once() == 0
    assert seen[0]["sql"].startswith("SELECT")


def test_an_outlet_that_is_down_delays_and_loses_nothing(house, now, outlet, logged):
    outlet.error = OSError("no space left")
    ask(house)
    assert deliver() == []
    assert (states(), outlet.asked) == (["waiting"] * 2, 2)
    now.shift(MINUTE - timedelta(seconds=1))
    assert (deliver(), outlet.asked) == ([], 2)
    now.shift(timedelta(seconds=1))
    assert (deliver(), outlet.asked) == ([], 4)
    outlet.error = None
    now.shift(2 * MINUTE)
    assert recipients(deliver(), house) == {"owner", "adult"}
    assert states() == ["sent"] * 2


def test_tries_are_further_and_further_apart_for_a_day_and_then_it_is_given_up(house, now, outlet, logged):
    outlet.error = OSError()
    ask(house)
    relay()
    Delivery.objects.exclude(target=house.owner.membership.pk).delete()
    start, tried = clock.now(), []
    while states() == ["waiting"]:
        if deliver_once():
            tried.append((clock.now() - start) // MINUTE)
        now.move_to(Delivery.objects.get().next_try_at, tick=False)
    assert tried[:9] == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert tried[-1] == 24 * 60 + 3
    assert (states(), len(tried)) == (["failed"], 30)
    assert "given up" in logged.text
    outlet.error = None
    now.shift(timedelta(days=1))
    assert deliver() == []


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (30, 60), (10_000, 60)])
def test_the_pause_after_so_many_tries(attempts, minutes):
    assert rules.pause_after(attempts) == minutes * MINUTE


def test_one_delivery_that_cannot_be_does_not_hold_up_the_others(house, now, monkeypatch, logged):
    def approval(question, **given):
        if question.approver.pk == house.owner.membership.pk:
            raise ValueError("a letter that nobody can write")
        return write(question, **given)

    write = letters.approval
    monkeypatch.setattr(letters, "approval", approval)
    ask(house)
    assert recipients(deliver(), house) == {"adult"}
    assert states() == ["waiting", "sent"]


def test_what_has_waited_longest_comes_first_a_batch_at_a_time(house, now, outlet, monkeypatch, logged):
    monkeypatch.setattr(outbox, "BATCH", 2)
    outlet.error = OSError()
    ask(house)
    deliver()
    outlet.error = None
    now.shift(MINUTE / 2)
    ask(house)
    relay()
    now.shift(MINUTE / 2)
    assert deliver_once() == 2
    assert states() == ["waiting", "waiting", "sent", "sent"]
    assert deliver_once() == 2
    assert states() == ["sent"] * 4


def test_the_log_names_the_failure_and_neither_token_nor_address_nor_words(house, outlet, logged, monkeypatch):
    made = []
    make = codes.make
    monkeypatch.setattr(codes, "make", lambda *args, **given: made.append(make(*args, **given)) or made[-1])
    outlet.error = OSError(f"refused: {house.owner.user.email}")
    ask(house, description="A surprise")
    deliver()
    assert len(made) == 2
    assert "OSError" in logged.text
    for word in (*made, house.owner.user.email, "A surprise"):
        assert word not in logged.text


def test_of_a_token_the_database_holds_its_digest_only(house):
    ask(house)
    letter = letter_to(house)
    kept = [*OneTimeCode.objects.values(), *Delivery.objects.values(), *EventLog.objects.values()]
    assert token_in(letter) not in str(kept)


@pytest.mark.parametrize("where", ["send", "approval"])
def test_killed_before_the_letter_is_out_it_goes_out_at_the_next_try(house, now, monkeypatch, where):
    def kill(*args, **given):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((EmailMultiAlternatives, "send") if where == "send" else (letters, "approval")), kill)
        ask(house, by="adult")
        with pytest.raises(Killed):
            deliver()
    assert (states(), deliver()) == (["waiting"], [])
    now.shift(MINUTE)
    assert recipients(deliver(), house) == {"owner"}
    assert states() == ["sent"]


def test_killed_between_writing_and_noting_there_is_a_second_letter_of_the_same_id(house, now, monkeypatch):
    def kill(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_end", kill)
        ask(house, by="adult")
        with pytest.raises(Killed):
            deliver()
    now.shift(MINUTE)
    first, second = [*mail.outbox[:1], *deliver()]
    assert first.extra_headers == second.extra_headers
    assert states() == ["sent"]
    assert code_of(first).payload == code_of(second).payload


def test_a_database_that_is_away_when_it_is_noted_costs_a_second_letter(house, now, monkeypatch, logged):
    def away(*args):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_end", away)
        ask(house, by="adult")
        assert len(deliver()) == 1
    now.shift(MINUTE)
    assert len(deliver()) == 1
    assert states() == ["sent"]


def test_an_edit_brings_new_letters_with_the_new_version_and_drops_those_not_sent(house):
    entry = ask(house)
    relay()
    edit(entry, house)
    found = deliver()
    assert recipients(found, house) == {"owner", "adult"}
    assert {code_of(letter).payload["version"] for letter in found} == {2}
    assert all('"version": 2}' in letter.body for letter in found)
    assert states() == ["dropped", "dropped", "sent", "sent"]


def test_an_edit_that_has_no_number_yet_drops_the_old_letters_already(house):
    entry = ask(house)
    relay()
    edit(entry, house)
    assert deliver_once() == 2
    assert states() == ["dropped"] * 2
    assert len(deliver()) == 2


def test_after_letters_were_sent_an_edit_brings_others(house):
    entry = ask(house)
    before = deliver()
    edit(entry, house, by="owner")
    [letter] = deliver()
    assert recipients([letter], house) == {"adult"}
    assert {code_of(found).payload["version"] for found in before} == {1}
    assert code_of(letter).payload["version"] == 2


def use(use_case, by, **given):
    with unit_of_work():
        use_case(actor=by.actor, **given)


LOSSES = {
    "decided": lambda h, entry: use(cancel_transaction, h.member, transaction_id=entry.pk),
    "archived": lambda h, entry: Family.objects.filter(pk=h.family.pk).update(archived_at=clock.now()),
    "suspended": lambda h, entry: use(suspend_member, h.owner, membership_id=h.adult.membership.pk),
    "removed": lambda h, entry: use(remove_member, h.owner, membership_id=h.adult.membership.pk),
    "demoted": lambda h, entry: edit_member(h.owner, h.adult, role="member"),
    "withdrawn": lambda h, entry: edit_member(h.owner, h.adult, withdraw=["approve_transaction"]),
    "blind": lambda h, entry: edit_member(h.owner, h.adult, withdraw=["view_transactions"]),
    "inactive": lambda h, entry: User.objects.filter(pk=h.adult.user.pk).update(is_active=False),
    "no address": lambda h, entry: User.objects.filter(pk=h.adult.user.pk).update(email=None),
    "its last editor": lambda h, entry: Transaction.objects.filter(pk=entry.pk).update(last_editor=h.adult.membership),
    "hidden": lambda h, entry: Wallet.objects.filter(pk=h.wallets["members"].pk).update(visibility="balance_only"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_who_has_nothing_to_approve_any_more_gets_no_letter(house, loss):
    entry = ask(house, wallet="members")
    relay()
    LOSSES[loss](house, entry)
    assert "adult" not in recipients(deliver(), house)
    assert Delivery.objects.get(target=house.adult.membership.pk).state == "dropped"
    assert not OneTimeCode.objects.filter(payload__membership=house.adult.membership.pk).exists()
