"""Who is asked to approve a pending entry: rows that are written with the event's number."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from audit.relay import relay_once
from delivery.models import Delivery
from financebot.common.usecase import unit_of_work
from ledger.services import cancel_transaction, edit_transaction
from tests.conftest import join
from tests.delivery.helpers import ask, edit, relay
from tests.families.helpers import edit as edit_member

pytestmark = pytest.mark.django_db


def asked(house):
    """Who has a delivery, and of which event."""
    names = {person.membership.pk: name for name, person in house.people.items()}
    rows = Delivery.objects.order_by("event__position", "target").values_list("event__name", "target")
    return [(event, names[target]) for event, target in rows]


def test_each_who_may_approve_gets_one_row_of_the_event_and_nobody_else(house):
    ask(house)
    relay()
    assert asked(house) == [("transaction.pending", "owner"), ("transaction.pending", "adult")]
    for delivery in Delivery.objects.select_related("event"):
        assert (delivery.outlet, delivery.state, delivery.attempts) == ("email", "waiting", 0)


def test_the_author_is_not_asked(house):
    ask(house, by="adult")
    relay()
    assert asked(house) == [("transaction.pending", "owner")]


def test_a_relay_that_runs_again_writes_nothing_again(house):
    ask(house)
    relay()
    before = list(Delivery.objects.values())
    for _ in range(3):
        relay()
    assert list(Delivery.objects.values()) == before


def test_the_database_holds_one_row_for_each_event_outlet_and_target(house):
    ask(house)
    relay()
    found = Delivery.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(event=found.event, outlet="email", target=found.target)


@pytest.mark.parametrize(
    "wrong",
    [{"outlet": "pigeon"}, {"state": "lost"}, {"state": "sent"}, {"sent_at": "2026-01-01T00:00Z"}],
)
def test_the_database_refuses_a_delivery_that_cannot_be(house, wrong):
    ask(house)
    relay()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**wrong)


def test_who_has_no_address_is_not_written_to(house):
    User.objects.filter(pk=house.adult.user.pk).update(email=None)
    ask(house)
    relay()
    assert asked(house) == [("transaction.pending", "owner")]


def test_a_permission_given_or_taken_by_an_owner_counts(house):
    house.people["helper"] = join(house.owner, "member")
    edit_member(house.owner, house.helper, grant=["approve_transaction"])
    edit_member(house.owner, house.adult, withdraw=["approve_transaction"])
    ask(house)
    relay()
    assert asked(house) == [("transaction.pending", "owner"), ("transaction.pending", "helper")]


def test_an_edit_of_a_pending_entry_asks_again_but_not_its_editor(house):
    entry = ask(house)
    relay()
    edit(entry, house, by="owner")
    relay()
    assert asked(house)[2:] == [("transaction.edited", "adult")]


def test_an_edit_of_an_executed_entry_asks_nobody(house):
    entry = house.spend("5.00", by="member").transaction.pk
    with unit_of_work():
        edit_transaction(actor=house.member.actor, transaction_id=entry, changes={"notes": "Sour"}, version=None)
    relay()
    assert asked(house) == []


def test_what_is_decided_before_the_relay_sees_it_asks_nobody(house):
    entry = ask(house)
    with unit_of_work():
        cancel_transaction(actor=house.member.actor, transaction_id=entry.pk)
    relay()
    assert asked(house) == []


def test_of_several_entries_in_one_batch_each_asks_its_own(house):
    ask(house)
    ask(house, by="adult")
    relay()
    found = [(event, name) for event, name in asked(house)]
    assert found == [("transaction.pending", name) for name in ("owner", "adult", "owner")]


def test_a_batch_in_which_nothing_asks_costs_the_sink_nothing(house, django_assert_max_num_queries):
    house.spend("5.00")
    relay()
    house.spend("5.00")
    with django_assert_max_num_queries(6):  # is there any, savepoint, lock, number, read, savepoint
        assert relay_once() == 2
