"""An operator takes the second factor of somebody who has lost it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from accounts import services
from accounts.models import BackupCode, LoginSession, TotpDevice, User
from audit.names import EventName
from financebot.common.errors import Changed, DomainError, NotFound, PermissionDenied, StepUpRequired
from financebot.common.usecase import unit_of_work
from tests.accounts.app import protect
from tests.accounts.tools import events, log_in
from tests.conftest import person
from tests.delivery.helpers import deliver
from tests.office.conftest import told

pytestmark = pytest.mark.django_db

DEVICES = "accounts/totpdevice/"


@pytest.fixture
def ann():
    return person(email="ann@example.org")


@pytest.fixture
def runs_it():
    return person(is_superuser=True, is_staff=True)


def take_away(actor, user_id):
    with unit_of_work():
        services.take_two_factor_away(actor=actor, user_id=user_id)


def test_the_password_alone_opens_the_account_then_and_its_owner_is_told(operator, ann):
    protect(ann.user)
    answer = operator.act(DEVICES, "take_away", TotpDevice.objects.get(user=ann.user))
    assert told(answer)[-1].endswith("the account is opened without a second factor now")
    assert not TotpDevice.objects.exists()
    assert not BackupCode.objects.exists()
    assert log_in("ann@example.org").status_code == 200
    [event] = events(EventName.TWO_FACTOR_DISABLED)
    assert (event.entity_id, event.channel, event.changes) == (ann.user.pk, "admin", {"by_operator": [None, True]})
    assert event.actor_id != ann.user.pk
    [letter] = [found for found in deliver() if found.subject == "Two-factor authentication is off"]
    assert letter.to == ["ann@example.org"]


def test_it_wants_a_fresh_proof(operator, ann):
    protect(ann.user)
    LoginSession.objects.update(proof_at=ann.session.proof_at - timedelta(minutes=11))
    answer = operator.act(DEVICES, "take_away", TotpDevice.objects.get(user=ann.user))
    assert answer["Location"].startswith("/admin/step-up/")
    assert TotpDevice.objects.confirmed().exists()


def test_a_challenge_from_before_is_worth_nothing_after(runs_it, ann):
    app = protect(ann.user)
    challenge = app.challenge()
    take_away(runs_it.actor, ann.user.pk)
    assert app.enter(app.code(), challenge).status_code == 400


def owner_of_it(runs_it, ann):
    return ann.actor, ann.user.pk


def own(runs_it, ann):
    protect(runs_it.user)
    return runs_it.actor, runs_it.user.pk


def old_proof(runs_it, ann):
    return replace(runs_it.actor, proof_age=timedelta(minutes=11)), ann.user.pk


def closed_operator(runs_it, ann):
    User.objects.filter(pk=runs_it.user.pk).update(is_active=False)
    return runs_it.actor, ann.user.pk


def nobody(runs_it, ann):
    return runs_it.actor, 999_999_999


def without_one(runs_it, ann):
    return runs_it.actor, person().user.pk


REFUSED: dict[object, type[DomainError]] = {
    owner_of_it: PermissionDenied,
    own: PermissionDenied,
    old_proof: StepUpRequired,
    closed_operator: PermissionDenied,
    nobody: NotFound,
    without_one: Changed,
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.__name__)
def test_nothing_else_takes_it(runs_it, ann, case):
    protect(ann.user)
    actor, user_id = case(runs_it, ann)
    devices = TotpDevice.objects.confirmed().count()
    with pytest.raises(REFUSED[case]):
        take_away(actor, user_id)
    assert TotpDevice.objects.confirmed().count() == devices
    assert not events(EventName.TWO_FACTOR_DISABLED)
