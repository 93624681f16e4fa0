"""Closing the books up to a day, and opening them again."""

import threading
from datetime import UTC, date, datetime

import pytest
import time_machine

from audit.models import EventLog
from families.errors import FamilyArchived
from families.models import Family
from families.services import archive_family, close_period, reopen_period
from financebot.common.errors import Changed, DateInFuture, DateTooEarly, PermissionDenied, StepUpRequired
from financebot.common.usecase import unit_of_work
from ledger.errors import PeriodClosed
from ledger.models import Wallet
from ledger.services import create_wallet
from tests.conftest import founder_of, join, record
from tests.families.helpers import age_proof, last_events, until, waiting_for

pytestmark = pytest.mark.django_db
MAY = date(2025, 5, 31)
JUNE = date(2025, 6, 30)


@pytest.fixture
def owner(db):
    return founder_of("Home", "EUR", "Asia/Tokyo")


def close(someone, through):
    return someone.http.post(f"/families/{someone.membership.family_id}/close", through=through)


def reopen(someone, through):
    return someone.http.post(f"/families/{someone.membership.family_id}/reopen", through=through)


def close_by(someone, through):
    with unit_of_work():
        return close_period(actor=someone.actor, through=through)


def reopen_by(someone, through):
    with unit_of_work():
        return reopen_period(actor=someone.actor, through=through)


def closed_until(someone):
    return Family.objects.get(pk=someone.membership.family_id).closed_until


def set_closed(someone, day):
    Family.objects.filter(pk=someone.membership.family_id).update(closed_until=day)


def test_closing_is_answered_with_the_family_and_counts_its_version(owner):
    before = owner.http.get(f"/families/{owner.membership.family_id}").json()
    answer = close(owner, "2025-05-31")
    assert answer.status_code == 200, answer.json()
    assert answer.json() == before | {"closed_until": "2025-05-31", "version": 2}
    assert answer["ETag"] == '"v2"'
    assert closed_until(owner) == date(2025, 5, 31)


def test_reopening_goes_back_to_a_day_or_all_the_way(owner):
    close(owner, "2025-05-31")
    answer = reopen(owner, "2025-03-31")
    assert (answer.status_code, answer.json()["closed_until"], answer.json()["version"]) == (200, "2025-03-31", 3)
    answer = reopen(owner, None)
    assert (answer.status_code, answer.json()["closed_until"], answer.json()["version"]) == (200, None, 4)


def test_closing_goes_on_from_where_it_stood(owner):
    close_by(owner, date(2025, 5, 31))
    assert close_by(owner, date(2025, 6, 1)).closed_until == date(2025, 6, 1)


@pytest.mark.parametrize("through", [MAY, date(2025, 5, 30), date(1970, 1, 1)])
def test_closing_as_far_as_it_is_closed_or_less_is_refused(owner, through):
    set_closed(owner, MAY)
    with pytest.raises(Changed):
        close_by(owner, through)
    answer = close(owner, through.isoformat())
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    assert closed_until(owner) == MAY


@pytest.mark.parametrize("through", [MAY, JUNE, date(9999, 12, 31)])
def test_reopening_goes_back_only(owner, through):
    set_closed(owner, MAY)
    with pytest.raises(Changed):
        reopen_by(owner, through)
    answer = reopen(owner, through.isoformat())
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    assert closed_until(owner) == MAY


@pytest.mark.parametrize("through", [None, "2025-01-01"])
def test_what_is_not_closed_cannot_be_reopened(owner, through):
    answer = reopen(owner, through)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")


def test_today_in_the_familys_zone_can_be_closed_and_no_later_day(db):
    with time_machine.travel(datetime(2025, 5, 30, 15, tzinfo=UTC), tick=False) as time:  # midnight in Tokyo
        owner = founder_of("Home", "EUR", "Asia/Tokyo")
        answer = close(owner, "2025-06-01")
        assert (answer.status_code, answer.json()["code"]) == (422, "date_in_future")
        assert set(answer.json()["errors"]) == {"through"}
        time.shift(-1)
        with pytest.raises(DateInFuture):
            close_by(owner, MAY)
        time.shift(1)
        assert close(owner, "2025-05-31").status_code == 200


def test_no_day_before_1970_is_named(owner):
    set_closed(owner, MAY)
    for call in (close, reopen):
        answer = call(owner, "1969-12-31")
        assert (answer.status_code, answer.json()["code"]) == (422, "date_too_early")
        assert set(answer.json()["errors"]) == {"through"}
    for use in (close_by, reopen_by):
        with pytest.raises(DateTooEarly):
            use(owner, date(1969, 12, 31))
    assert close_by(founder_of(), date(1970, 1, 1)).closed_until == date(1970, 1, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("close", {}),
        ("close", {"through": None}),
        ("close", {"through": "May"}),
        ("close", {"through": "2025-02-30"}),
        ("reopen", {}),
        ("reopen", {"through": ""}),
        ("reopen", {"through": "2025-01-01T00:00:00Z"}),
    ],
)
def test_a_day_of_the_wrong_shape_is_refused(owner, path, body):
    answer = owner.http.post(f"/families/{owner.membership.family_id}/{path}", **body)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"through"})


def test_each_is_one_event_with_before_and_after(owner):
    close_by(owner, date(2025, 5, 31))
    reopen_by(owner, None)
    assert last_events(owner.membership.family_id, 2) == ["family.period_closed", "family.period_reopened"]
    assert EventLog.objects.get(name="family.period_closed").changes == {"closed_until": [None, "2025-05-31"]}
    assert EventLog.objects.get(name="family.period_reopened").changes == {"closed_until": ["2025-05-31", None]}


@pytest.mark.parametrize("role", ["adult", "member", "child", "read_only"])
def test_only_an_owner_closes_and_reopens(owner, role):
    other = join(owner, role)
    for use in (close_by, reopen_by):
        with pytest.raises(PermissionDenied, match="permission_denied") as caught:
            use(other, date(2025, 1, 1))
        assert caught.value.facts == {"permission": "close_period"}


def test_an_old_proof_is_not_enough(owner):
    age_proof(owner)
    for call in (close, reopen):
        answer = call(owner, "2025-01-01")
        assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    for use in (close_period, reopen_period):
        with pytest.raises(StepUpRequired), unit_of_work():
            use(actor=owner.actor.__class__(user=owner.user.pk, family=owner.membership.family_id), through=MAY)


def test_the_books_of_an_archived_family_stay_as_they_are(owner):
    with unit_of_work():
        archive_family(actor=owner.actor)
    for use in (close_by, reopen_by):
        with pytest.raises(FamilyArchived):
            use(owner, date(2025, 1, 1))


def test_nothing_is_booked_in_a_closed_period_until_it_is_reopened(owner):
    with unit_of_work():
        wallet = create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
    close_by(owner, date(2025, 5, 31))
    with pytest.raises(PeriodClosed):
        record(owner, "5.00", to_wallet=wallet.pk, occurred_on=date(2025, 5, 31))
    record(owner, "5.00", to_wallet=wallet.pk, occurred_on=date(2025, 6, 1))
    reopen_by(owner, date(2025, 5, 30))
    assert record(owner, "5.00", to_wallet=wallet.pk, occurred_on=date(2025, 5, 31))


@pytest.mark.postgres
def test_closing_waits_for_the_writers_under_way(threads):
    owner = founder_of()
    family = owner.membership.family_id
    writing = threading.Event()

    def write():
        with unit_of_work():
            create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
            writing.set()
            until(lambda: waiting_for(family) == 1, "the other to wait")
            return closed_until(owner)

    def end():
        assert writing.wait(10)
        close_by(owner, date(2025, 5, 31))
        return Wallet.objects.filter(family=family).count()

    assert threads([write, end]) == [None, 1]
    assert closed_until(owner) == date(2025, 5, 31)
