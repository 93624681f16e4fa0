"""POST /auth/not-me: by the link of a letter somebody takes their account back."""

from dataclasses import replace
from uuid import uuid4

import pytest

from accounts import mailed
from accounts.models import CodePurpose, LoginSession, Provider, User
from accounts.providers import Identity
from accounts.services import Entered, enter_by_provider
from accounts.tokens import pair
from audit.names import EventName
from audit.trail import Actor
from financebot.common import clock
from financebot.common.usecase import Refused, unit_of_work
from tests.accounts.tools import NEW_PASSWORD, events, log_in, refresh
from tests.conftest import person
from tests.delivery.helpers import deliver, mailed_token
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db


def not_me(token):
    return Http().post("/auth/not-me", token=token)


def enter_by(identity):
    with unit_of_work():
        return enter_by_provider(actor=Actor(), state=uuid4().hex, identity=identity, invitation="")


def stolen(ann):
    """A thief who knows the password changes it; the token of the letter that follows."""
    thief = Http(log_in("ann@example.org").json()["access_token"])
    assert thief.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD).status_code == 204
    [letter] = [found for found in deliver() if found.subject == "Your password was changed"]
    return thief, mailed_token(letter)


def test_an_account_that_was_taken_over_is_taken_back_by_mail(ann):
    thief, token = stolen(ann)
    assert not_me(token).status_code == 204
    assert thief.get("/users/me").json()["code"] == "invalid_token"
    assert [log_in("ann@example.org", password).status_code for password in (PASSWORD, NEW_PASSWORD)] == [401, 401]
    [letter] = deliver()
    assert letter.subject == "Your account is locked until you choose a new password"
    body = {"token": mailed_token(letter), "new_password": "my own again, and long"}
    assert Http().post("/auth/password/reset/confirm", **body).status_code == 204
    assert log_in("ann@example.org", "my own again, and long").status_code == 200


def test_every_session_ends_on_its_next_request(ann):
    mine = pair(ann.session)
    stranger = person()
    not_me(mailed.make(CodePurpose.NOT_ME, ann.user))
    assert Http(mine.access_token).get("/users/me").status_code == 401
    assert refresh(mine.refresh_token).status_code == 401
    assert stranger.http.get("/users/me").status_code == 200
    LoginSession.objects.of(ann.user.pk).update(revoked_at=None)
    assert not LoginSession.objects.alive().of(ann.user.pk).exists(), "the epoch ends them too"
    assert not User.objects.get(pk=ann.user.pk).has_usable_password()


def test_providers_open_nothing_until_the_address_is_proven_anew(ann):
    User.objects.filter(pk=ann.user.pk).update(email_verified_at=clock.now())
    linked = Identity(Provider.GOOGLE, "1046", "ann@example.org")
    by_address = Identity(Provider.GITHUB, "583231", "ann@example.org")
    assert isinstance(enter_by(linked), Entered)
    not_me(mailed.make(CodePurpose.NOT_ME, ann.user))
    assert [isinstance(enter_by(identity), Refused) for identity in (linked, by_address)] == [True, True]
    reset = mailed.make(CodePurpose.PASSWORD_RESET, User.objects.get(pk=ann.user.pk))
    assert Http().post("/auth/password/reset/confirm", token=reset, new_password=NEW_PASSWORD).status_code == 204
    elsewhere = replace(linked, email="thief@example.org")
    assert enter_by(elsewhere).user.pk != ann.user.pk, "the link is gone: what they know there is no way in any more"


def test_it_works_once_and_is_remembered(ann):
    token = mailed.make(CodePurpose.NOT_ME, ann.user)
    assert [not_me(token).status_code for _ in range(2)] == [204, 400]
    [event] = events(EventName.ACCOUNT_SECURED)
    assert (event.entity_type, event.entity_id, event.actor_id) == ("user", ann.user.pk, None)


@pytest.mark.parametrize("purpose", [CodePurpose.PASSWORD_RESET, CodePurpose.EMAIL_VERIFICATION])
def test_a_code_for_something_else_does_not_work(ann, purpose):
    answer = not_me(mailed.make(purpose, ann.user))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_code")
    assert log_in("ann@example.org").status_code == 200


def test_the_link_outlives_what_a_thief_does_to_the_password(ann):
    _, token = stolen(ann)
    User.objects.filter(pk=ann.user.pk).update(password="again", security_epoch=9)
    assert not_me(token).status_code == 204
