"""Wrong passwords lock the guesser out, and nobody can lock an owner out."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from accounts import lockout, passwords, services
from accounts.authentication import nobody
from accounts.lockout import DAY, HOUR, LIMITS
from accounts.models import LoginThrottle, ThrottleKind
from accounts.rules import Limit, Tries, reserve_try
from audit.names import EventName
from audit.trail import Actor
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.network import network_of
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import NEW_PASSWORD, events, log_in, said
from tests.conftest import at_once, person
from tests.factories import PASSWORD
from tests.http import Http

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WRONG = "not this one at all"


@pytest.fixture
def ann(db):
    return person(email="ann@example.org").user


def guess(email="ann@example.org", password=WRONG, network="10.0.0.1", **headers):
    """A log-in from an address of our choice."""
    http = Http(**headers)
    http.client.defaults["REMOTE_ADDR"] = network
    return http.post("/auth/login", email=email, password=password)


def evaluated(monkeypatch):
    """The passwords that are held against a stored one from now on."""
    seen = []
    real = passwords.check_password
    monkeypatch.setattr(passwords, "check_password", lambda *a: seen.append(a[0]) or real(*a))
    return seen


# --- the rule


LIMIT = Limit(most=3, window=HOUR, pause=timedelta(seconds=30), pause_max=timedelta(minutes=4))


def outcomes(seconds):
    """Whether each try at these seconds is looked at, all of them wrong."""
    tries, found = Tries(0, NOON, None), []
    for second in seconds:
        after = reserve_try(tries, LIMIT, NOON + timedelta(seconds=second))
        found.append(after is not None)
        tries = after or tries
    return found


def test_so_many_are_looked_at_and_then_none_for_the_pause():
    assert outcomes([0, 1, 2, 3, 31, 32]) == [True, True, True, False, False, True]


def test_the_pause_doubles_up_to_its_most():
    at, tries, pauses = NOON, Tries(0, NOON, None), []
    for _ in range(9):
        tries = reserve_try(tries, LIMIT, at)
        if tries.until:
            pauses.append((tries.until - at).total_seconds())
            at = tries.until
    assert pauses == [30, 60, 120, 240, 240, 240, 240]


def test_a_new_window_begins_anew():
    assert outcomes([0, 1, 3600, 3601, 3602, 3603]) == [True, True, True, True, True, False]


@given(seconds=st.lists(st.integers(0, 7200), max_size=60))
def test_never_more_than_the_limit_and_one_a_pause_are_looked_at(seconds):
    looked_at = sum(outcomes(sorted(seconds)))
    hours = 3  # windows that two hours can touch
    assert looked_at <= hours * (LIMIT.most + 3600 / LIMIT.pause.total_seconds())


# --- the log-in


@pytest.mark.django_db
def test_the_sixth_wrong_try_of_a_pair_is_not_looked_at_for_an_hour(ann, monkeypatch):
    with time_machine.travel(NOON, tick=False) as time:
        seen = evaluated(monkeypatch)
        for _ in range(7):
            guess()
        assert len(seen) == 5
        time.shift(HOUR - timedelta(seconds=1))
        assert guess(password=PASSWORD).status_code == 401
        time.shift(timedelta(seconds=1))
        assert guess(password=PASSWORD).status_code == 200


@pytest.mark.django_db
def test_the_right_password_in_time_forgets_the_wrong_ones(ann):
    for _ in range(3):
        for _ in range(4):
            guess()
        assert guess(password=PASSWORD).status_code == 200


@pytest.mark.django_db
def test_a_locked_try_gets_the_answer_of_a_wrong_one(ann):
    wrong = said(guess())
    for _ in range(5):
        guess()
    assert said(guess(password=PASSWORD)) == wrong
    assert said(guess("nobody@example.org")) == wrong


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_a_locked_try_computes_one_hash_and_is_remembered(ann, monkeypatch, email):
    for _ in range(5):
        guess(email)
    computed = []
    for work in ("make_password", "check_password"):
        real = getattr(passwords, work)
        monkeypatch.setattr(passwords, work, lambda *a, real=real: computed.append(1) or real(*a))
    before = len(events(EventName.LOGIN_FAILED))
    guess(email)
    assert computed == [1]
    assert len(events(EventName.LOGIN_FAILED)) == before + 1


@pytest.mark.django_db
def test_one_network_may_try_twenty_accounts_and_then_none(ann, monkeypatch):
    for number in range(20):
        guess(f"nobody{number}@example.org")
    seen = evaluated(monkeypatch)
    assert guess(password=PASSWORD).status_code == 401
    assert seen == []
    assert guess(password=PASSWORD, network="10.0.0.2").status_code == 200


@pytest.mark.django_db
def test_somebody_elses_right_password_does_not_reopen_the_network(ann):
    person(email="mallory@example.org")
    for number in range(19):
        guess(f"nobody{number}@example.org")
        assert guess("mallory@example.org", PASSWORD).status_code == 200
    guess("nobody19@example.org")
    assert guess(password=PASSWORD).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
    ],
)
def test_a_household_is_one_network(one, other, shared):
    assert (network_of(one) == network_of(other)) is shared


@pytest.mark.django_db
def test_after_twenty_tries_from_everywhere_an_account_is_tried_once_a_pause(ann, monkeypatch):
    with time_machine.travel(NOON, tick=False) as time:
        seen = evaluated(monkeypatch)
        for number in range(60):
            guess(network=f"10.1.{number}.1")
        assert len(seen) == 20
        time.shift(timedelta(seconds=31))
        for number in range(10):
            guess(network=f"10.2.{number}.1")
        assert len(seen) == 21
        time.shift(timedelta(seconds=59))
        guess(network="10.3.0.1")
        assert len(seen) == 21


@pytest.mark.django_db
def test_ten_thousand_tries_in_an_hour_are_hardly_looked_at():
    limit, tries, looked_at = LIMITS[ThrottleKind.ACCOUNT], Tries(0, NOON, None), 0
    for number in range(10_000):
        after = reserve_try(tries, limit, NOON + HOUR * number / 10_000)
        looked_at += after is not None
        tries = after or tries
    assert 20 < looked_at <= 100


@pytest.mark.django_db
def test_the_owner_gets_in_on_a_known_device_whatever_others_try(ann):
    device = log_in("ann@example.org").json()["device_id"]
    for number in range(40):
        guess(network=f"10.1.{number // 10}.1")
    assert guess(password=PASSWORD, network="10.9.9.9").status_code == 401
    home = {"network": "10.1.0.1", "X-Device-Id": device}  # a network that is locked itself
    assert guess(password=PASSWORD, **home).status_code == 200


@pytest.mark.django_db
def test_tries_on_a_known_device_are_counted_too_and_leave_others_alone(ann, monkeypatch):
    device = log_in("ann@example.org").json()["device_id"]
    seen = evaluated(monkeypatch)
    for _ in range(8):
        guess(**{"X-Device-Id": device})
    assert len(seen) == 5
    assert guess(password=PASSWORD, **{"X-Device-Id": device}).status_code == 401
    assert guess(password=PASSWORD).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("presented", ["", "x" * 32, "somebody else's", "a" * 500])
def test_an_id_that_the_account_does_not_know_helps_nobody(ann, monkeypatch, presented):
    person(email="eve@example.org")
    theirs = log_in("eve@example.org").json()["device_id"]
    seen = evaluated(monkeypatch)
    for number in range(30):
        device = theirs if presented == "somebody else's" else presented
        guess(network=f"10.1.{number}.1", **{"X-Device-Id": device})
    assert len(seen) == 20


@pytest.mark.django_db
def test_an_account_that_locks_is_told_as_an_event_of_its_owner(ann):
    for _ in range(5):
        guess()
    [event] = events(EventName.LOCKED_OUT)
    assert (event.entity_type, event.entity_id, event.changes) == ("user", ann.pk, {"locked": [None, ["pair"]]})
    assert event.private["address"] == "10.0.0.1"


@pytest.mark.django_db
def test_rows_tell_nothing_of_what_was_typed():
    guess("a password in the wrong field", "b")
    assert {len(row.key) for row in LoginThrottle.objects.iterator()} == {64}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_fifty_at_once_are_not_looked_at_fifty_times(monkeypatch):
    person(email="ann@example.org")
    seen = evaluated(monkeypatch)
    answers = at_once([guess] * 50)
    assert {answer.status_code for answer in answers} == {401}
    assert len(seen) == 5


# --- those who are logged in already


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/auth/step-up", "/auth/password/change"])
def test_a_stolen_token_does_not_guess_the_password(monkeypatch, path):
    http = person(email="ann@example.org").http
    bodies = {
        "/auth/step-up": lambda p: {"password": p},
        "/auth/password/change": lambda p: {"current_password": p, "new_password": NEW_PASSWORD},
    }
    with time_machine.travel(NOON, tick=False) as time:
        http = person(email="eve@example.org").http
        seen = evaluated(monkeypatch)
        answers = [http.post(path, **bodies[path](WRONG)) for _ in range(8)]
        assert {answer.json()["code"] for answer in answers} == {"wrong_password"}
        assert len(seen) == 5
        assert http.post(path, **bodies[path](PASSWORD)).status_code == 400
        time.shift(timedelta(minutes=5))
        assert http.post(path, **bodies[path](PASSWORD)).status_code in {200, 204}


@pytest.mark.django_db
def test_wrong_codes_are_bounded_by_the_day():
    keys = lockout.for_codes(user_id=1, address="10.0.0.1", device="")
    counted = 0
    with time_machine.travel(NOON, tick=False) as time:
        for _ in range(24 * 12 * 6):
            with unit_of_work():
                counted += lockout.reserve(keys) is not None
            time.shift(timedelta(seconds=50))
    assert counted == 50


def codes_looked_at(user, tries, device=""):
    """Of so many wrong tries at somebody's codes, each from a network of its own."""
    looked_at = 0
    for number in range(tries):
        keys = lockout.for_codes(user_id=user.pk, address=f"10.1.{number}.1", device=device)
        with unit_of_work():
            looked_at += lockout.reserve(keys) is not None
    return looked_at


@pytest.mark.django_db
def test_wrong_codes_from_everywhere_are_bounded_by_the_account(ann):
    with time_machine.travel(NOON, tick=False) as time:
        assert codes_looked_at(ann, 80) == 50
        time.shift(timedelta(seconds=31))
        assert codes_looked_at(ann, 10) == 1
        assert codes_looked_at(person().user, 10) == 10


@pytest.mark.django_db
def test_a_device_that_the_account_knows_is_counted_by_itself_at_codes_too(ann):
    device = log_in("ann@example.org").json()["device_id"]
    with time_machine.travel(NOON, tick=False):
        assert codes_looked_at(ann, 60) == 50
        assert codes_looked_at(ann, 10, device) == 5
        assert codes_looked_at(person().user, 10, device) == 10, "to others it is no device of theirs"


@pytest.mark.django_db
def test_a_right_code_is_not_counted():
    keys = lockout.for_codes(user_id=1, address="10.0.0.1", device="")
    for _ in range(60):
        with unit_of_work():
            found = lockout.reserve(keys)
        assert found
        with unit_of_work():
            lockout.give_back(found)


# --- letting in again


@pytest.mark.django_db
def test_an_operator_unlocks(ann):
    operator = person(is_superuser=True, is_staff=True)
    for _ in range(5):
        guess()
    row = LoginThrottle.objects.get(kind=ThrottleKind.PAIR)
    with unit_of_work():
        services.unlock(actor=operator.actor, throttle_id=row.pk)
    assert guess(password=PASSWORD).status_code == 200
    assert [event.entity_id for event in events(EventName.UNLOCKED)] == [row.pk]


@pytest.mark.django_db
def test_nobody_else_unlocks(ann):
    for actor in (nobody(), Actor(user=ann.pk)):
        with pytest.raises(PermissionDenied), unit_of_work():
            services.unlock(actor=actor, throttle_id=1)


@pytest.mark.django_db
def test_what_is_not_there_cannot_be_unlocked():
    operator = person(is_superuser=True, is_staff=True)
    with pytest.raises(NotFound), unit_of_work():
        services.unlock(actor=operator.actor, throttle_id=1)


@pytest.mark.django_db
def test_what_no_window_holds_any_more_is_forgotten():
    with time_machine.travel(NOON, tick=False) as time:
        guess("old@example.org")
        time.shift(2 * DAY + timedelta(seconds=1))
        guess("new@example.org", network="10.0.0.2")
        assert lockout.purge() == 3
        assert LoginThrottle.objects.count() == 3


def test_a_lock_never_outlives_its_longest_pause():
    assert max(limit.pause_max for limit in LIMITS.values()) == DAY
