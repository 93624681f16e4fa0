"""POST /auth/password/change: the others end, this one stays."""

from datetime import timedelta

import pytest

from accounts import passwords, services
from accounts.models import LoginSession, User
from accounts.tokens import pair
from audit.names import EventName
from financebot.common import clock
from financebot.common.usecase import Refused, unit_of_work
from tests.accounts.tools import NEW_PASSWORD, PERSONAL, REFUSED_PASSWORDS, events, log_in, refresh
from tests.conftest import founder_of, person
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db


def change(http, current=PASSWORD, new=NEW_PASSWORD):
    return http.post("/auth/password/change", current_password=current, new_password=new)


def test_from_then_on_the_new_password_opens_the_account_and_the_old_does_not(ann):
    answer = change(ann.http)
    assert (answer.status_code, answer.content) == (204, b"")
    assert log_in("ann@example.org", PASSWORD).status_code == 401
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def test_the_other_sessions_end_and_this_one_stays(ann):
    phone = log_in("ann@example.org").json()
    stranger = person()
    mine = pair(ann.session)
    change(Http(mine.access_token))
    assert Http(phone["access_token"]).get("/users/me").status_code == 401
    assert refresh(phone["refresh_token"]).status_code == 401
    assert Http(mine.access_token).get("/users/me").status_code == 200
    assert refresh(mine.refresh_token).status_code == 200
    assert stranger.http.get("/users/me").status_code == 200


def test_the_other_sessions_are_ended_by_their_rows_and_by_the_epoch(ann):
    log_in("ann@example.org")
    change(ann.http)
    ended = dict(LoginSession.objects.of(ann.user.pk).values_list("pk", "revoked_at"))
    assert [pk for pk, revoked_at in ended.items() if revoked_at is None] == [ann.session.pk]
    assert User.objects.get(pk=ann.user.pk).security_epoch == ann.user.security_epoch + 1


def test_the_change_is_remembered_without_either_password(ann):
    change(ann.http)
    [event] = events(EventName.PASSWORD_CHANGED)
    assert (event.actor_id, event.entity_id) == (ann.user.pk, ann.user.pk)
    assert (event.changes, event.private["texts"]) == ({}, {})


def test_a_change_is_a_fresh_proof():
    owner = founder_of()
    LoginSession.objects.filter(pk=owner.session.pk).update(proof_at=clock.now() - timedelta(hours=1))
    http, family = owner.http, f"/families/{owner.membership.family_id}"
    assert http.patch(family, name="Renamed").json()["code"] == "step_up_required"
    change(http)
    assert http.patch(family, name="Renamed").status_code == 200


@pytest.mark.parametrize("current", ["not this one at all", PASSWORD.upper(), f" {PASSWORD}"])
def test_a_wrong_current_password_is_refused_and_remembered(ann, current):
    phone = Http(log_in("ann@example.org").json()["access_token"])
    answer = change(ann.http, current=current)
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_password")
    assert list(answer.json()["errors"]) == ["current_password"]
    assert [event.entity_id for event in events(EventName.PASSWORD_CHANGE_FAILED)] == [ann.user.pk]
    assert log_in("ann@example.org", PASSWORD).status_code == 200
    assert phone.get("/users/me").status_code == 200


@pytest.mark.parametrize("new", REFUSED_PASSWORDS.values(), ids=REFUSED_PASSWORDS.keys())
def test_a_weak_new_password_is_refused(new):
    found = person(**PERSONAL)
    answer = change(found.http, new=new)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["new_password"])
    assert log_in(PERSONAL["email"], PASSWORD).status_code == 200


def test_a_new_password_is_one_on_every_keyboard(ann):
    assert change(ann.http, new="Ångström ﬁnance").status_code == 204
    assert log_in("ann@example.org", "A\u030angstro\u0308m finance").status_code == 200


def test_of_two_changes_with_one_proof_the_second_is_refused(ann):
    user = User.objects.get(pk=ann.user.pk)
    proof = passwords.prove(user, PASSWORD)
    outcomes = []
    for new in (NEW_PASSWORD, "another long sentence"):
        password_hash = passwords.hash_new(new, field="new_password", owner=user)
        with unit_of_work():
            outcomes.append(services.change_password(actor=ann.actor, proof=proof, password_hash=password_hash))
    assert outcomes[0] is None
    assert isinstance(outcomes[1], Refused)
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 200


def test_the_proof_of_another_person_changes_nothing(ann):
    eve = person(email="eve@example.org")
    proof = passwords.prove(User.objects.get(pk=eve.user.pk), PASSWORD)
    with unit_of_work():
        outcome = services.change_password(actor=ann.actor, proof=proof, password_hash="x")
    assert isinstance(outcome, Refused)
    assert log_in("ann@example.org", PASSWORD).status_code == 200


@pytest.mark.postgres
def test_of_five_changes_at_once_one_wins_and_its_session_alone_lives(threads):
    found = person(email="ann@example.org")
    clients = [Http(log_in("ann@example.org").json()["access_token"]) for _ in range(5)]
    new = [f"velvet otter canyon {number}" for number in range(5)]
    answers = threads([lambda i=i: change(clients[i], new=new[i]) for i in range(5)])
    assert [answer.status_code for answer in answers].count(204) == 1
    winner = [answer.status_code for answer in answers].index(204)
    assert [client.get("/users/me").status_code == 200 for client in clients] == [i == winner for i in range(5)]
    assert LoginSession.objects.alive().of(found.user.pk).count() == 1
    assert log_in("ann@example.org", new[winner]).status_code == 200
