"""Who may say yes to what they had a hand in."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose
from families.models import Family
from families.services import suspend_member
from financebot.common.errors import PermissionDenied, StepUpRequired
from financebot.common.usecase import unit_of_work
from ledger.errors import AlreadyDecided, OwnTransaction
from ledger.models import Transaction
from ledger.services import confirm_transaction, edit_transaction
from tests.conftest import House

pytestmark = pytest.mark.django_db


def edit(house: House, by: str, entry: int) -> None:
    with unit_of_work():
        changes = {"amount": Decimal("700.00")}
        edit_transaction(actor=house.people[by].actor, transaction_id=entry, changes=changes, version=None)


def confirm(house: House, by: str, entry: int) -> str:
    with unit_of_work():
        return confirm_transaction(actor=house.people[by].actor, transaction_id=entry, token=None, version=None).status


def test_who_edited_it_last_does_not_approve_it_and_somebody_else_does(house: House):
    entry = house.spend("600.00", by="member").transaction.pk
    edit(house, "owner", entry)
    with pytest.raises(OwnTransaction):
        confirm(house, "owner", entry)
    assert confirm(house, "adult", entry) == "executed"


def test_who_recorded_it_does_not_approve_what_somebody_else_made_of_it(house: House):
    entry = house.spend("600.00", by="adult").transaction.pk
    edit(house, "owner", entry)
    with pytest.raises(OwnTransaction):
        confirm(house, "adult", entry)


@pytest.fixture
def asked_by_the_owner(house: House) -> int:
    """600.00 of the owner's own, which a second person has to agree to."""
    Family.objects.filter(pk=house.family.pk).update(approvals_required=2)
    entry = house.spend("600.00").transaction
    assert entry.status == "pending_approval"
    return int(entry.pk)


def put_out(house: House, *names: str) -> None:
    for name in names:
        with unit_of_work():
            suspend_member(actor=house.owner.actor, membership_id=house.people[name].membership.pk)


def test_an_owner_does_not_approve_their_own_while_somebody_else_could(house: House, asked_by_the_owner: int):
    with pytest.raises(OwnTransaction):
        confirm(house, "owner", asked_by_the_owner)
    assert confirm(house, "adult", asked_by_the_owner) == "executed"
    assert not Transaction.objects.get(pk=asked_by_the_owner).self_approved


def test_where_nobody_else_could_an_owner_does_and_it_says_so(house: House, asked_by_the_owner: int):
    put_out(house, "adult")
    assert confirm(house, "owner", asked_by_the_owner) == "executed"
    assert Transaction.objects.get(pk=asked_by_the_owner).self_approved


def test_that_takes_a_fresh_proof(house: House, asked_by_the_owner: int):
    put_out(house, "adult")
    tired = replace(house.owner.actor, proof_age=timedelta(minutes=11))
    with pytest.raises(StepUpRequired), unit_of_work():
        confirm_transaction(actor=tired, transaction_id=asked_by_the_owner, token=None, version=None)
    assert Transaction.objects.get(pk=asked_by_the_owner).status == "pending_approval"


def test_one_says_yes_once(house: House):
    Family.objects.filter(pk=house.family.pk).update(approvals_required=2)
    entry = house.spend("600.00", by="member").transaction.pk
    assert confirm(house, "adult", entry) == "pending_approval"
    with pytest.raises(AlreadyDecided):
        confirm(house, "adult", entry)
    assert confirm(house, "owner", entry) == "executed"


def test_a_confirmation_token_works_once(house: House):
    Family.objects.filter(pk=house.family.pk).update(approvals_required=2)
    entry = house.spend("600.00", by="member").transaction.pk
    payload = {"membership": house.adult.membership.pk, "version": 1}
    token = codes.make(CodePurpose.CONFIRMATION, subject=entry, life=timedelta(hours=1), payload=payload)
    with unit_of_work():
        confirm_transaction(actor=house.adult.actor, transaction_id=entry, token=token, version=None)
    with pytest.raises(InvalidCode), unit_of_work():
        confirm_transaction(actor=house.adult.actor, transaction_id=entry, token=token, version=None)


def test_above_their_limit_an_adult_alone_is_refused_where_one_would_decide(house: House):
    Family.objects.filter(pk=house.family.pk).update(adult_approval_limit=Decimal(550))
    entry = house.spend("600.00", by="member").transaction.pk
    with pytest.raises(PermissionDenied) as refusal:
        confirm(house, "adult", entry)
    assert refusal.value.facts == {"permission": "approve_large_transaction"}
    assert confirm(house, "owner", entry) == "executed"


def test_above_their_limit_an_adult_agrees_beside_an_owner(house: House):
    Family.objects.filter(pk=house.family.pk).update(adult_approval_limit=Decimal(550), approvals_required=2)
    entry = house.spend("600.00", by="member").transaction.pk
    assert confirm(house, "adult", entry) == "pending_approval"
    assert confirm(house, "owner", entry) == "executed"
