"""POST /auth/email/change: another address, once it has proven itself, and the way back for the one before."""

from datetime import timedelta

import pytest

from accounts import mailed
from accounts.models import CodePurpose, LoginSession, User
from audit.names import EventName
from delivery.models import Delivery
from financebot.common import clock
from tests.accounts.tools import NEW_PASSWORD, events, log_in
from tests.conftest import person
from tests.delivery.helpers import deliver, html, mailed_token, states
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db

OLD, NEW = "ann@example.org", "anna@example.net"


@pytest.fixture
def ann():
    return person(email=OLD, first_name="Ann", email_verified_at=clock.now())


def ask(http, email=NEW):
    return http.post("/auth/email/change", email=email)


def verify(token):
    return Http().post("/auth/email/verify", token=token)


def not_me(token):
    return Http().post("/auth/not-me", token=token)


def letters():
    """What is delivered now, by recipient."""
    return {letter.to[0]: letter for letter in deliver()}


def changed(ann, email=NEW):
    """The letters that follow once the change is done."""
    assert ask(ann.http, email).status_code == 204
    assert verify(mailed_token(letters()[email])).status_code == 204
    return letters()


def test_the_new_address_counts_once_its_letter_has_proven_it(ann):
    answer = ask(ann.http, " Anna@Example.net ")
    assert (answer.status_code, answer.content) == (204, b"")
    profile = ann.http.get("/users/me").json()
    assert (profile["email"], profile["new_email"], profile["email_verified"]) == (OLD, NEW, True)
    assert log_in(NEW).status_code == 401
    assert log_in(OLD).status_code == 200
    found = letters()
    assert verify(mailed_token(found[NEW])).status_code == 204
    assert log_in(OLD).status_code == 401
    profile = Http(log_in(NEW).json()["access_token"]).get("/users/me").json()
    assert (profile["email"], profile["new_email"], profile["email_verified"]) == (NEW, None, True)


def test_both_addresses_are_told_when_it_is_asked_for_and_when_it_is_done(ann):
    ask(ann.http)
    found = letters()
    assert {address: letter.subject for address, letter in found.items()} == {
        OLD: "Another e-mail address for your account",
        NEW: "Confirm your e-mail address",
    }
    assert "/auth/not-me?token=" in found[OLD].body
    assert "/auth/email/verify?token=" in found[NEW].body
    verify(mailed_token(found[NEW]))
    found = letters()
    assert {letter.subject for letter in found.values()} == {"Your e-mail address was changed"}
    assert set(found) == {OLD, NEW}
    assert "/auth/not-me?token=" in found[OLD].body
    assert "make this its address again" in found[OLD].body
    assert NEW not in found[OLD].body + html(found[OLD])


def test_all_sessions_end_and_the_change_is_remembered(ann):
    changed(ann)
    assert ann.http.get("/users/me").status_code == 401
    assert not LoginSession.objects.alive().of(ann.user.pk).exists()
    [event] = events(EventName.EMAIL_CHANGED)
    assert (event.entity_id, event.changes, event.private["texts"]) == (ann.user.pk, {}, {"email": [OLD, NEW]})


def test_an_old_proof_is_not_enough(ann):
    LoginSession.objects.filter(pk=ann.session.pk).update(proof_at=clock.now() - timedelta(minutes=10))
    assert ask(ann.http).json()["code"] == "step_up_required"
    assert User.objects.get(pk=ann.user.pk).new_email is None


def test_nobody_learns_whether_an_address_is_taken(ann):
    eve = person(email="eve@example.org")
    taken, free = ask(ann.http, "eve@example.org"), ask(person().http, "nobody@example.org")
    assert (taken.status_code, taken.content) == (free.status_code, free.content) == (204, b"")
    assert taken.headers.keys() == free.headers.keys()
    assert ann.http.get("/users/me").json()["new_email"] == "eve@example.org"
    found = letters()
    assert "eve@example.org" not in found
    assert "nobody@example.org" in found
    assert states().count("dropped") == 1
    assert eve.http.get("/users/me").json()["email"] == "eve@example.org"


def test_of_two_who_want_one_address_the_first_to_prove_it_gets_it(ann):
    ben = person(email="ben@example.org")
    ask(ann.http)
    ask(ben.http)
    first, second = [mailed_token(letter) for letter in deliver() if letter.to == [NEW]]
    assert verify(second).status_code == 204
    assert verify(first).json()["code"] == "invalid_code"
    assert sorted(User.objects.exclude(email=None).values_list("email", flat=True)) == [OLD, NEW]
    assert ann.http.get("/users/me").status_code == 200, "what was refused has left nothing"


@pytest.mark.parametrize("way", ["another one", "a password", "this was not me", "taken back"])
def test_a_link_ends_with_what_it_was_asked_under(ann, way):
    ask(ann.http)
    found = letters()
    if way == "another one":
        ask(ann.http, "other@example.org")
    elif way == "a password":
        ann.http.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)
    elif way == "this was not me":
        not_me(mailed_token(found[OLD]))
    else:
        ask(ann.http, OLD)
    assert verify(mailed_token(found[NEW])).json()["code"] == "invalid_code"
    assert User.objects.get(pk=ann.user.pk).email == OLD


def test_a_link_works_once_and_for_nothing_else(ann):
    ask(ann.http)
    token = mailed_token(letters()[NEW])
    assert not_me(token).status_code == 400
    assert Http().post("/auth/password/reset/confirm", token=token, new_password=NEW_PASSWORD).status_code == 400
    assert [verify(token).status_code for _ in range(2)] == [204, 400]


def test_a_link_that_proves_the_present_address_does_not_change_it(ann):
    token = mailed.make(CodePurpose.EMAIL_VERIFICATION, ann.user)
    ask(ann.http)
    assert verify(token).status_code == 204
    assert User.objects.get(pk=ann.user.pk).email == OLD


def test_the_address_before_takes_the_account_back(ann):
    found = changed(ann)
    thief = Http(log_in(NEW).json()["access_token"])
    letters()
    assert not_me(mailed_token(found[OLD])).status_code == 204
    assert thief.get("/users/me").status_code == 401
    user = User.objects.get(pk=ann.user.pk)
    assert (user.email, user.former_email, user.former_until, user.new_email) == (OLD, None, None, None)
    assert user.email_verified_at is None  # nor does a provider open it before a reset, which proves it anew
    assert not user.has_usable_password()
    [letter] = deliver()
    assert letter.to == [OLD]
    assert letter.subject == "Your account is locked until you choose a new password"
    body = {"token": mailed_token(letter), "new_password": NEW_PASSWORD}
    assert Http().post("/auth/password/reset/confirm", **body).status_code == 204
    assert log_in(OLD, NEW_PASSWORD).status_code == 200


def test_within_a_week_there_is_no_second_change_which_would_end_the_way_back(ann, time_machine):
    time_machine.move_to("2026-05-02T12:00:00Z", tick=False)
    LoginSession.objects.update(proof_at=clock.now(), rotated_at=clock.now(), expires_at=clock.now() + timedelta(30))
    found = changed(ann)
    thief = Http(log_in(NEW).json()["access_token"])
    assert ask(thief, "third@example.org").json()["code"] == "email_changed_lately"
    thief.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert not_me(mailed_token(found[OLD])).status_code == 204
    assert User.objects.get(pk=ann.user.pk).email == OLD


def test_nobody_registers_with_an_address_that_may_still_take_an_account_back(ann, time_machine):
    time_machine.move_to("2026-05-02T12:00:00Z", tick=False)
    LoginSession.objects.update(proof_at=clock.now(), rotated_at=clock.now(), expires_at=clock.now() + timedelta(30))
    changed(ann)
    body = {"email": OLD, "password": PASSWORD}
    assert Http().post("/auth/register", **body).json()["code"] == "email_taken"
    time_machine.shift(timedelta(days=7))
    assert Http().post("/auth/register", **body).status_code == 201


def test_an_account_whose_address_before_is_another_account_s_by_now_is_locked_without_any(ann):
    found = changed(ann)
    User.objects.filter(pk=person().user.pk).update(email=OLD, email_verified_at=clock.now())
    assert not_me(mailed_token(found[OLD])).status_code == 204
    user = User.objects.get(pk=ann.user.pk)
    assert (user.email, user.email_verified_at, user.has_usable_password()) == (None, None, False)


def test_who_registered_with_the_address_before_and_never_proved_it_does_not_keep_it(ann, settings):
    found = changed(ann)
    settings.EMAIL_VERIFICATION = "required"
    assert Http().post("/auth/register", email=OLD, password=NEW_PASSWORD).status_code == 201
    rival = User.objects.get(email=OLD)
    assert not_me(mailed_token(found[OLD])).status_code == 204
    assert User.objects.get(pk=ann.user.pk).email == OLD
    assert User.objects.get(pk=rival.pk).email is None


def test_who_has_no_address_yet_gets_one(ann):
    User.objects.filter(pk=ann.user.pk).update(email=None, email_verified_at=None)
    ask(ann.http)
    found = letters()
    assert list(found) == [NEW]
    assert verify(mailed_token(found[NEW])).status_code == 204
    assert list(letters()) == [NEW]
    assert Delivery.objects.get(target_kind="former").state == "dropped"


@pytest.mark.postgres
def test_of_two_who_prove_one_address_at_once_one_gets_it(threads):
    people = [person(email=f"p{number}@example.org", new_email=NEW) for number in range(4)]
    tokens = [mailed.make(CodePurpose.EMAIL_VERIFICATION, found.user, to=mailed.To.NEW) for found in people]
    answers = threads([lambda t=token: verify(t) for token in tokens])
    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400]
    assert User.objects.filter(email=NEW).count() == 1
