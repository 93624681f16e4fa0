"""What operators do with people's log-ins and accounts; owners of families see neither."""

from datetime import timedelta

import pytest

from accounts import services
from accounts.models import LoginSession, User
from audit.names import EventName
from financebot.common import clock
from financebot.common.errors import PermissionDenied
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import events, log_in
from tests.conftest import person
from tests.office.conftest import told

pytestmark = pytest.mark.django_db

PEOPLE, LOG_INS = "accounts/user/", "accounts/loginsession/"


@pytest.fixture
def ann():
    return person(email="ann@example.org")


def status(someone):
    return someone.http.get("/users/me").status_code


def test_an_operator_ends_a_log_in(operator, ann):
    answer = operator.act(LOG_INS, "end", ann.session)
    assert told(answer) == [f"session {ann.session.pk} of user {ann.user.pk}: logged out"]
    assert (status(ann), log_in("ann@example.org").status_code) == (401, 200)
    assert [event.entity_id for event in events(EventName.SESSION_REVOKED)] == [ann.session.pk]
    assert told(operator.act(LOG_INS, "end", ann.session))[-1:] != told(answer)


def test_an_operator_lets_somebody_in_no_more_and_again(operator, ann):
    operator.act(PEOPLE, "deactivate", ann.user)
    assert (status(ann), log_in("ann@example.org").status_code) == (401, 401)
    operator.act(PEOPLE, "reactivate", ann.user)
    assert (status(ann), log_in("ann@example.org").status_code) == (401, 200)
    for name in (EventName.DEACTIVATED, EventName.REACTIVATED):
        assert [event.entity_id for event in events(name)] == [ann.user.pk]


def test_twice_is_once(operator, ann):
    operator.act(PEOPLE, "deactivate", ann.user)
    operator.act(PEOPLE, "deactivate", ann.user)
    assert User.objects.get(pk=ann.user.pk).security_epoch == 1
    assert len(events(EventName.DEACTIVATED)) == 1


def test_nobody_deactivates_themselves(operator):
    me = User.objects.get(is_superuser=True)
    operator.act(PEOPLE, "deactivate", me)
    assert User.objects.get(pk=me.pk).is_active
    assert not events(EventName.DEACTIVATED)


@pytest.mark.parametrize(("path", "name"), [(PEOPLE, "deactivate"), (LOG_INS, "end")])
def test_an_old_proof_leads_to_the_step_up_and_nothing_has_happened(operator, ann, path, name):
    old = clock.now() - timedelta(minutes=11)
    LoginSession.objects.filter(user__is_superuser=True).update(proof_at=old)
    answer = operator.act(path, name, ann.user if path == PEOPLE else ann.session)
    assert answer.url.startswith("/admin/step-up/")
    assert status(ann) == 200


@pytest.mark.parametrize(("path", "name"), [(PEOPLE, "deactivate"), (PEOPLE, "reactivate"), (LOG_INS, "end")])
def test_an_owner_of_a_family_does_none_of_it(house, desk, path, name):
    child = house.child
    answer = desk("owner").choose(path, name, child.user if path == PEOPLE else child.session)
    assert answer.status_code in {302, 403, 404}
    assert status(child) == 200


@pytest.mark.parametrize("act", ["end_log_in", "set_active"])
def test_the_use_cases_too_are_for_operators_alone(ann, act):
    eve = person(is_staff=True)
    asked = {"session_id": ann.session.pk} if act == "end_log_in" else {"user_id": ann.user.pk, "active": False}
    with pytest.raises(PermissionDenied), unit_of_work():
        getattr(services, act)(actor=eve.actor, **asked)
    assert status(ann) == 200
