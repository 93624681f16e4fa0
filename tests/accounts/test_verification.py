"""EMAIL_VERIFICATION and REGISTRATION_MODE: who gets in, who gets a letter, and what nobody is told."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import LoginSession, User
from audit.names import EventName
from delivery.models import Delivery
from families.services import create_invitation, revoke_invitation
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import NEW_PASSWORD, events, log_in, refresh, said
from tests.conftest import founder_of, person
from tests.delivery.helpers import deliver, mailed_token
from tests.factories import PASSWORD
from tests.http import Http
from tests.permission_rows import invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def required(settings):
    settings.EMAIL_VERIFICATION = "required"


def register(email="ann@example.org", **fields):
    return Http().post("/auth/register", email=email, password=fields.pop("password", PASSWORD), **fields)


def verify(token):
    return Http().post("/auth/email/verify", token=token)


def resend(email="ann@example.org"):
    return Http().post("/auth/email/verify/resend", email=email)


def letter():
    [found] = deliver()
    return found


def test_optional_logs_in_at_once_and_mails_a_link_that_proves_the_address():
    http = Http(register().json()["access_token"])
    assert http.get("/users/me").json()["email_verified"] is False
    found = letter()
    assert (found.to, found.subject) == (["ann@example.org"], "Confirm your e-mail address")
    assert verify(mailed_token(found)).status_code == 204
    assert http.get("/users/me").json()["email_verified"] is True
    [event] = events(EventName.EMAIL_VERIFIED)
    assert (event.entity_type, event.entity_id) == ("user", User.objects.get().pk)


def test_off_mails_nothing_even_when_asked(settings):
    settings.EMAIL_VERIFICATION = "off"
    assert register().json()["access_token"]
    resend()
    assert (deliver(), Delivery.objects.count()) == ([], 0)


def test_required_opens_nothing_before_the_address_is_proven(required):
    answer = register()
    assert (answer.status_code, set(answer.json())) == (201, {"success", "message"})
    assert not LoginSession.objects.exists()
    assert said(log_in("ann@example.org")) == said(log_in("nobody@example.org"))
    assert verify(mailed_token(letter())).status_code == 204
    assert log_in("ann@example.org").status_code == 200


def test_required_shuts_the_log_in_page_too(required, client):
    register()
    page = client.post("/login", {"email": "ann@example.org", "password": PASSWORD})
    assert page.status_code == 200
    assert not LoginSession.objects.exists()


def test_required_registers_known_and_unknown_addresses_alike(required):
    person(email="known@example.org", email_verified_at=clock.now())
    person(email="unverified@example.org")
    person(email="inactive@example.org", is_active=False)
    told, done = [], []
    for name in ("known", "unverified", "inactive", "nobody", "known"):
        with CaptureQueriesContext(connection) as captured:
            answer = register(f"{name}@example.org", password=NEW_PASSWORD)
        told.append(said(answer))
        done.append([query["sql"].split()[0] for query in captured])
    assert told == [told[0]] * 5
    assert done == [done[0]] * 5


def test_a_second_registration_changes_nothing_and_tells_the_owner(required):
    known = person(email="known@example.org", email_verified_at=clock.now())
    before = User.objects.values().get(pk=known.user.pk)
    register("Known@example.org", password=NEW_PASSWORD, first_name="Thief")
    assert User.objects.values().get() == before
    [event] = events(EventName.REGISTRATION_REPEATED)
    assert (event.entity_id, events(EventName.REGISTERED)) == (known.user.pk, [])
    found = letter()
    assert (found.to, found.subject) == (["known@example.org"], "You have an account already")
    assert "Thief" not in found.body
    assert log_in("known@example.org", NEW_PASSWORD).status_code == 401


def test_who_registers_somebody_else_s_address_first_does_not_get_in_when_they_follow(required):
    register(password="the password of a thief")
    deliver()
    register(password=PASSWORD)
    token = mailed_token(letter())
    assert verify(token).status_code == 400
    reset = Http().post("/auth/password/reset/confirm", token=token, new_password=NEW_PASSWORD)
    assert reset.status_code == 204
    assert log_in("ann@example.org", "the password of a thief").status_code == 401
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def test_a_lost_letter_is_sent_again_until_the_address_is_proven(required):
    register()
    deliver()
    assert resend().status_code == 204
    verify(mailed_token(letter()))
    assert resend().status_code == 204
    assert deliver() == []


def test_a_link_for_an_address_outlives_a_change_of_password_and_dies_with_the_address():
    user = register().json()["user_id"]
    token = mailed_token(letter())
    User.objects.filter(pk=user).update(email="other@example.org")
    assert verify(token).json()["code"] == "invalid_code"
    User.objects.filter(pk=user).update(email="ann@example.org", password="another", security_epoch=3)
    assert verify(token).status_code == 204
    assert verify(token).json()["code"] == "invalid_code"


def test_a_link_for_an_address_works_for_three_days(time_machine):
    time_machine.move_to(clock.now(), tick=False)
    register()
    token = mailed_token(letter())
    time_machine.shift(timedelta(days=3))
    assert verify(token).json()["code"] == "invalid_code"
    time_machine.shift(timedelta(seconds=-1))
    assert verify(token).status_code == 204


def test_sessions_that_are_open_outlive_a_stricter_setting(settings):
    pair = register().json()
    settings.EMAIL_VERIFICATION = "required"
    assert refresh(pair["refresh_token"]).status_code == 200
    assert log_in("ann@example.org").status_code == 401


def test_an_operator_made_by_hand_needs_no_letter(required, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="ops@example.org", interactive=False, verbosity=0)
    assert log_in("ops@example.org").status_code == 200


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_by_invitation_only_the_token_of_an_open_invitation_lets_in(house, settings, mode):
    settings.REGISTRATION_MODE, settings.EMAIL_VERIFICATION = "invite", mode
    revoked, open_one = invitation(house, "owner"), invitation(house, "owner")
    with unit_of_work():
        revoke_invitation(actor=house.owner.actor, invitation_id=revoked.invitation.pk)
    for given in ({}, {"invitation": ""}, {"invitation": "A" * 32}, {"invitation": revoked.token}):
        answer = register(**given)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not User.objects.filter(email="ann@example.org").exists()
    assert register(invitation=open_one.token).status_code == 201
    assert User.objects.filter(email="ann@example.org").exists()


def test_by_invitation_nobody_learns_without_one_who_has_an_account(settings):
    settings.REGISTRATION_MODE = "invite"
    person(email="known@example.org")
    assert said(register("known@example.org")) == said(register("nobody@example.org"))


def test_an_invitation_that_let_somebody_in_still_makes_them_a_member(settings):
    owner = founder_of()
    settings.REGISTRATION_MODE = "invite"
    with unit_of_work():
        token = create_invitation(actor=owner.actor, role="member", email=None).token
    http = Http(register(invitation=token).json()["access_token"])
    assert http.post("/invitations/accept", token=token).status_code == 200


@pytest.mark.postgres
def test_of_ten_silent_registrations_at_once_with_one_address_one_makes_the_account(threads, settings):
    settings.EMAIL_VERIFICATION = "required"
    answers = threads([register] * 10)
    assert {answer.status_code for answer in answers} == {201}
    assert User.objects.count() == 1
    assert (len(events(EventName.REGISTERED)), len(events(EventName.REGISTRATION_REPEATED))) == (1, 9)
