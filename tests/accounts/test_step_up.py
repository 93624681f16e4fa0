"""POST /auth/step-up: what is marked S wants a password proof younger than ten minutes."""

from datetime import datetime, timedelta

import pytest

from accounts.models import LoginSession
from accounts.tokens import pair
from audit.names import EventName
from financebot.common import clock
from tests.accounts.tools import events, log_in, refresh
from tests.conftest import founder_of
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def owner(frozen):
    return founder_of(email="olga@example.org")


def rename(found, http=None):
    """A call that is marked S."""
    return (http or found.http).patch(f"/families/{found.membership.family_id}", name="Renamed")


@pytest.mark.parametrize(
    ("age", "status"), [(timedelta(0), 200), (TEN_MINUTES - timedelta(seconds=1), 200), (TEN_MINUTES, 403)]
)
def test_a_proof_counts_for_ten_minutes(owner, frozen, age, status):
    frozen.shift(age)
    answer = rename(owner)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "step_up_required"


def test_a_call_that_is_not_marked_needs_no_fresh_proof(owner, frozen):
    frozen.shift(timedelta(days=1))
    http = owner.http
    assert http.get(f"/families/{owner.membership.family_id}").status_code == 200
    assert http.post("/wallets", name="Cash", type="cash").status_code == 201


def test_the_right_password_counts_for_ten_minutes_more(owner, frozen):
    frozen.shift(TEN_MINUTES)
    answer = owner.http.post("/auth/step-up", password=PASSWORD)
    assert (answer.status_code, list(answer.json())) == (200, ["valid_until"])
    assert answer.json()["valid_until"].endswith("Z")
    assert datetime.fromisoformat(answer.json()["valid_until"]) == clock.now() + TEN_MINUTES
    frozen.shift(TEN_MINUTES - timedelta(seconds=1))
    assert rename(owner).status_code == 200
    frozen.shift(timedelta(seconds=1))
    assert rename(owner).status_code == 403
    assert [event.entity_id for event in events(EventName.STEPPED_UP)] == [owner.session.pk]


@pytest.mark.parametrize("password", ["not this one at all", PASSWORD.upper(), f"{PASSWORD} "])
def test_a_wrong_password_is_refused_remembered_and_counts_for_nothing(owner, frozen, password):
    frozen.shift(TEN_MINUTES)
    answer = owner.http.post("/auth/step-up", password=password)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_password")
    assert list(answer.json()["errors"]) == ["password"]
    assert [event.entity_id for event in events(EventName.STEP_UP_FAILED)] == [owner.session.pk]
    assert rename(owner).json()["code"] == "step_up_required"


def test_a_wrong_password_does_not_take_away_what_still_counts(owner):
    owner.http.post("/auth/step-up", password="not this one at all")
    assert rename(owner).status_code == 200


def test_a_refresh_is_no_proof(owner, frozen):
    frozen.shift(TEN_MINUTES)
    answer = refresh(pair(owner.session).refresh_token)
    assert rename(owner, Http(answer.json()["access_token"])).json()["code"] == "step_up_required"


def test_a_proof_counts_for_its_own_session_alone(owner, frozen):
    phone = Http(log_in("olga@example.org").json()["access_token"])
    frozen.shift(TEN_MINUTES)
    assert phone.post("/auth/step-up", password=PASSWORD).status_code == 200
    assert rename(owner, phone).status_code == 200
    assert rename(owner).json()["code"] == "step_up_required"


def test_who_lacks_the_permission_is_told_so_and_not_to_step_up(house):
    LoginSession.objects.filter(pk=house.adult.session.pk).update(proof_at=clock.now() - TEN_MINUTES)
    answer = house.adult.http.patch(f"/families/{house.family.pk}", name="Renamed")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_refusal_to_act_changes_nothing(owner, frozen):
    frozen.shift(TEN_MINUTES)
    rename(owner)
    assert owner.http.get(f"/families/{owner.membership.family_id}").json()["name"] == "Home"
