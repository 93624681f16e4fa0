"""One-time codes: known once, spent once."""

import hashlib
from datetime import timedelta

import pytest
import time_machine

from accounts import codes
from accounts.errors import InvalidCode
from accounts.models import CodePurpose, OneTimeCode
from financebot.common import clock
from financebot.common.usecase import unit_of_work

pytestmark = pytest.mark.django_db

INVITATION = CodePurpose.INVITATION


def make(subject=1, life=timedelta(days=1)):
    return codes.make(INVITATION, subject=subject, life=life)


def test_a_code_is_long_ever_new_and_kept_as_its_digest_alone():
    made = {make() for _ in range(20)}
    assert len(made) == 20
    assert min(len(code) for code in made) >= 22  # 128 bits in base64
    kept = {row.digest for row in OneTimeCode.objects.all()}
    assert kept == {hashlib.sha256(code.encode()).hexdigest() for code in made}


def test_a_code_finds_what_it_was_made_for():
    make(subject=6)
    assert codes.look_up(INVITATION, make(subject=7)).subject == 7


def test_a_code_is_spent_once():
    code = make()
    row = codes.look_up(INVITATION, code)
    codes.spend(row)
    with pytest.raises(InvalidCode):
        codes.spend(row)
    with pytest.raises(InvalidCode):
        codes.look_up(INVITATION, code)


def test_looking_a_code_up_does_not_spend_it():
    code = make()
    assert codes.look_up(INVITATION, code) == codes.look_up(INVITATION, code)


@pytest.mark.parametrize("typed", ["", "x", "é", "0" * 64, "\x00"])
def test_what_is_no_code_is_refused(typed):
    make()
    with pytest.raises(InvalidCode):
        codes.look_up(INVITATION, typed)


def test_the_digest_in_the_database_is_not_the_code():
    make()
    with pytest.raises(InvalidCode):
        codes.look_up(INVITATION, OneTimeCode.objects.get().digest)


@pytest.mark.parametrize(
    ("age", "good"), [(timedelta(0), True), (timedelta(seconds=59), True), (timedelta(seconds=60), False)]
)
def test_a_code_is_good_until_its_time_is_over(age, good):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        code = make(life=timedelta(minutes=1))
        traveller.shift(age)
        if good:
            codes.spend(codes.look_up(INVITATION, code))
        else:
            with pytest.raises(InvalidCode):
                codes.look_up(INVITATION, code)


def test_a_code_that_runs_out_between_looking_and_spending_is_refused():
    with time_machine.travel(clock.now(), tick=False) as traveller:
        row = codes.look_up(INVITATION, make(life=timedelta(minutes=1)))
        traveller.shift(timedelta(minutes=1))
        with pytest.raises(InvalidCode):
            codes.spend(row)


def test_a_revoked_code_is_refused_and_those_of_others_are_not():
    mine, theirs = make(subject=1), make(subject=2)
    seen = codes.look_up(INVITATION, mine)
    codes.revoke(INVITATION, subject=1)
    with pytest.raises(InvalidCode):
        codes.look_up(INVITATION, mine)
    with pytest.raises(InvalidCode):
        codes.spend(seen)
    codes.spend(codes.look_up(INVITATION, theirs))


@pytest.mark.postgres
def test_of_thirty_at_once_one_spends_the_code(threads):
    row = codes.look_up(INVITATION, make())

    def spend():
        with unit_of_work():
            codes.spend(row)

    outcomes = threads([spend] * 30)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, InvalidCode) for outcome in outcomes) == 29
