"""The challenge between password and code: whose it is, how long it lasts, how often it is tried."""

from datetime import timedelta

import pytest

from accounts import codes, second_factor, services
from accounts.authentication import nobody
from accounts.lockout import Reservation
from accounts.models import CodePurpose, LoginSession, OneTimeCode, TotpDevice, User
from accounts.services import Entered, Factor, Shown
from audit.names import EventName
from financebot.common import clock
from financebot.common.usecase import Refused, unit_of_work
from tests.accounts.tools import NEW_PASSWORD, events, log_in, said
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = [pytest.mark.usefixtures("frozen"), pytest.mark.django_db]


def attempt(challenge, code, factor=Factor.APP):
    """A try past the lockout, which would stop the sixth."""
    shown = Shown(code, factor, Reservation({}))
    with unit_of_work():
        return services.answer_challenge(actor=nobody(), challenge=challenge, shown=shown)


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300, 400)])
def test_it_lasts_five_minutes(app, frozen, seconds, status):
    challenge = app.challenge()
    frozen.shift(timedelta(seconds=seconds))
    assert app.enter(app.code(), challenge).status_code == status


def test_it_is_answered_once(app):
    challenge = app.challenge()
    assert app.enter(app.code(), challenge).status_code == 200
    assert app.enter(app.code(1), challenge).status_code == 400
    assert app.enter_by_paper(app.backup_codes[0], challenge).status_code == 400


def test_of_two_either_is_answered(app):
    first, second = app.challenge(), app.challenge()
    assert app.enter(app.code(), second).status_code == 200
    assert app.enter(app.code(1), first).status_code == 200


def test_it_is_tried_five_times_of_which_the_fifth_may_be_right(app):
    challenge = app.challenge()
    for _ in range(4):
        assert isinstance(attempt(challenge, app.wrong()), Refused)
    assert isinstance(attempt(challenge, app.code()), Entered)


def test_after_five_wrong_tries_the_right_code_is_late(app):
    challenge = app.challenge()
    for number in range(5):
        factor = Factor.APP if number % 2 else Factor.BACKUP
        assert isinstance(attempt(challenge, app.wrong(), factor), Refused)
    assert OneTimeCode.objects.get(digest=codes.digest(challenge)).tries == 5
    with pytest.raises(second_factor.InvalidCode):
        attempt(challenge, app.code())
    assert not events(EventName.LOGGED_IN)
    assert len(events(EventName.TWO_FACTOR_FAILED)) == 5


def new_password(ann):
    ann.http.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)


def same_password_stored_anew(ann):
    user = User.objects.get(pk=ann.user.pk)
    user.set_password(PASSWORD)
    user.save()


def later_epoch(ann):
    User.objects.filter(pk=ann.user.pk).update(security_epoch=9)


def switched_off(ann):
    User.objects.filter(pk=ann.user.pk).update(is_active=False)


def another_app(ann):
    old = TotpDevice.objects.get(user=ann.user)
    key = old.key
    old.delete()
    TotpDevice.objects.create(user=ann.user, key=key, confirmed_at=clock.now())


def app_gone(ann):
    TotpDevice.objects.filter(user=ann.user).delete()


def erased(ann):
    User.objects.filter(pk=ann.user.pk).delete()


@pytest.mark.parametrize(
    "change",
    [new_password, same_password_stored_anew, later_epoch, switched_off, another_app, app_gone, erased],
)
@pytest.mark.parametrize("kind", ["app", "paper"])
def test_it_is_worth_nothing_once_its_person_is_not_as_they_were(ann, app, change, kind):
    challenge = app.challenge()
    change(ann)
    before = LoginSession.objects.count()
    answer = app.enter(app.code(), challenge) if kind == "app" else app.enter_by_paper(app.backup_codes[0], challenge)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_code")
    assert LoginSession.objects.count() == before


def test_who_may_not_log_in_any_more_does_not_by_the_second_step(ann, app, settings):
    challenge = app.challenge()
    settings.EMAIL_VERIFICATION = "required"
    User.objects.filter(pk=ann.user.pk).update(email_verified_at=None)
    assert app.enter(app.code(), challenge).status_code == 400


def test_whatever_is_wrong_is_answered_alike(ann, app, frozen):
    used, late, tried = app.challenge(), app.challenge(), app.challenge()
    assert app.enter(app.code(), used).status_code == 200
    OneTimeCode.objects.filter(digest=codes.digest(late)).update(expires_at=clock.now())
    OneTimeCode.objects.filter(digest=codes.digest(tried)).update(tries=5)
    other = codes.make(CodePurpose.PASSWORD_RESET, subject=ann.user.pk, life=timedelta(hours=1))
    frozen.shift(timedelta(minutes=1))
    answers = {
        "a wrong code": said(app.enter(app.wrong())),
        "a used challenge": said(app.enter(app.code(), used)),
        "a late one": said(app.enter(app.code(), late)),
        "one tried too often": said(app.enter(app.code(), tried)),
        "nobody's": said(app.enter(app.code(), "A" * 32)),
        "a code for something else": said(app.enter(app.code(), other)),
        "a wrong backup code": said(app.enter_by_paper("0" * 16)),
        "a backup code at a late one": said(app.enter_by_paper(app.backup_codes[0], late)),
    }
    status, body, _ = answers["a wrong code"]
    assert (status, body["code"]) == (400, "invalid_code")
    assert [name for name, answer in answers.items() if answer != answers["a wrong code"]] == []
    assert app.enter(app.code()).status_code == 200


def test_it_says_nothing_of_what_it_is_bound_to(app):
    challenge = app.challenge()
    row = OneTimeCode.objects.get(purpose=CodePurpose.TWO_FACTOR_CHALLENGE)
    assert challenge not in str(row.__dict__)
    assert app.user.password not in str(row.payload)


# --- the lockout


def test_after_five_wrong_codes_none_is_looked_at_for_five_minutes(app, frozen):
    for _ in range(5):
        assert app.enter(app.wrong()).status_code == 400
    wrong = said(app.enter(app.wrong()))
    assert said(app.enter(app.code())) == wrong
    assert said(app.enter_by_paper(app.backup_codes[0])) == wrong
    frozen.shift(timedelta(minutes=4, seconds=59))
    assert app.enter(app.code()).status_code == 400
    frozen.shift(timedelta(seconds=1))
    assert app.enter(app.code()).status_code == 200
    assert app.enter_by_paper(app.backup_codes[0]).status_code == 200


def test_codes_backup_codes_and_step_up_are_counted_together(ann, app):
    app.enter(app.wrong())
    app.enter_by_paper("0" * 16)
    ann.http.post("/auth/step-up", code=app.wrong())
    ann.http.post("/auth/2fa/disable", password=PASSWORD, code=app.wrong())
    ann.http.post("/auth/step-up", code="not even digits")
    assert ann.http.post("/auth/step-up", code=app.code()).json()["code"] == "invalid_code"
    assert app.enter(app.code()).status_code == 400
    assert len(events(EventName.LOCKED_OUT)) == 1
    assert {event.entity_id for event in events(EventName.LOCKED_OUT)} == {ann.user.pk}


def test_the_lock_that_begins_at_a_challenge_is_told_of_whose_it_is(ann, app):
    for _ in range(5):
        app.enter(app.wrong())
    assert [(event.actor_id, event.entity_id) for event in events(EventName.LOCKED_OUT)] == [(None, ann.user.pk)]


def test_another_network_is_counted_apart(app):
    for _ in range(5):
        app.enter(app.wrong())
    http, challenge = Http(), app.challenge()
    http.client.defaults["REMOTE_ADDR"] = "10.9.9.9"
    assert http.post("/auth/login/2fa", challenge=challenge, code=app.code()).status_code == 200


def test_right_codes_are_not_counted(app, frozen):
    for _ in range(12):
        assert app.enter(app.code()).status_code == 200
        frozen.shift(timedelta(seconds=20 + 10))


def test_twenty_guesses_an_hour_are_looked_at(app, frozen, monkeypatch):
    looked_at = []
    real = second_factor.spend_as
    monkeypatch.setattr(second_factor, "spend_as", lambda *a: looked_at.append(1) or real(*a))
    for _ in range(60):
        app.enter(app.wrong())
        frozen.shift(timedelta(minutes=1))
    assert len(looked_at) == 20


def test_a_challenge_that_is_nobody_s_counts_for_nobody(ann, app):
    for _ in range(6):
        app.enter(app.code(), "A" * 32)
    assert not events(EventName.LOCKED_OUT)
    assert app.enter(app.code()).status_code == 200


def test_a_password_that_was_right_is_given_back_although_a_code_is_asked_for(app):
    for _ in range(12):
        assert log_in(app.user.email).status_code == 202
