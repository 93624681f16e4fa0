"""An invitation that names an address is mailed to it, with a token that works once and ends with the invitation."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import codes
from accounts.models import OneTimeCode, User
from delivery.letters import one_line
from delivery.models import Delivery
from families.models import Family, Invitation
from families.services import create_invitation, remove_member, revoke_invitation
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.conftest import person
from tests.delivery.helpers import deliver, html, relay, states
from tests.delivery.test_letters import HEADERS, HOSTILE, headers_of
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db


def invite(house, by="owner", email="ina@example.org", role="member"):
    with unit_of_work():
        return create_invitation(actor=house.people[by].actor, role=role, email=email)


def invited_by_mail(house, **given):
    invite(house, **given)
    [letter] = deliver()
    return letter


def token_in(letter):
    [token] = re.findall(r"^Invitation token: (\S+)$", letter.body, re.MULTILINE)
    assert token in html(letter)
    return token


def accept(token):
    return person().http.post("/invitations/accept", token=token)


def test_it_says_who_invites_where_and_as_what_and_its_token_lets_in(house, time_machine):
    time_machine.move_to("2026-05-02T10:00:00Z", tick=False)
    letter = invited_by_mail(house)
    assert (letter.to, letter.subject) == (["ina@example.org"], "Olga invites you to Home")
    assert "Olga invites you to the family Home, as member." in letter.body
    assert "until May 9, 2026, 10 a.m. (UTC)" in letter.body
    assert "POST http://127.0.0.1:8000/api/v1/invitations/accept" in letter.body
    answer = accept(token_in(letter))
    assert (answer.status_code, answer.json()["role"]) == (200, "member")


@pytest.mark.parametrize("mode", ["open", "invite"])
def test_who_has_no_account_gets_one_and_joins_by_what_the_letter_says(house, settings, mode):
    settings.REGISTRATION_MODE = mode
    register, accepting = map(json.loads, re.findall(r"^\{.*\}$", invited_by_mail(house).body, re.MULTILINE))
    answer = Http().post("/auth/register", **{**register, "password": PASSWORD})
    assert (answer.status_code, User.objects.filter(email="ina@example.org").count()) == (201, 1)
    assert Http(answer.json()["access_token"]).post("/invitations/accept", **accepting).status_code == 200


def test_letter_and_answer_bring_different_tokens_of_which_one_works(house):
    invited = invite(house)
    [letter] = deliver()
    assert token_in(letter) != invited.token
    assert accept(invited.token).status_code == 200
    assert accept(token_in(letter)).json()["code"] == "invalid_code"


def test_without_an_address_there_is_no_letter(house):
    invite(house, email=None)
    assert (deliver(), Delivery.objects.count()) == ([], 0)


def revoke(house, invitation):
    with unit_of_work():
        revoke_invitation(actor=house.owner.actor, invitation_id=invitation.pk)


def remove_the_inviter(house, invitation):
    with unit_of_work():
        remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)


ENDS = {
    "revoked": revoke,
    "its inviter is gone": remove_the_inviter,
    "late": lambda h, i: Invitation.objects.filter(pk=i.pk).update(expires_at=clock.now()),
    "archived family": lambda h, i: Family.objects.filter(pk=h.family.pk).update(archived_at=clock.now()),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_is_over_before_it_is_sent_is_not_sent(house, end):
    invited = invite(house, by="adult")
    relay()
    ENDS[end](house, invited.invitation)
    assert (deliver(), states()) == ([], ["dropped"])


@pytest.mark.parametrize("end", ["revoked", "its inviter is gone"])
def test_a_token_that_was_mailed_ends_with_the_invitation(house, end):
    invited = invite(house, by="adult")
    [letter] = deliver()
    ENDS[end](house, invited.invitation)
    assert not OneTimeCode.objects.filter(subject=invited.invitation.pk, used_at=None).exists()
    assert accept(token_in(letter)).json()["code"] == "invalid_code"


def test_an_invitation_is_locked_while_its_letter_gets_a_code(house, monkeypatch):
    locks = []
    make = codes.make

    def noted(*args, **given):
        locks.append([query["sql"] for query in captured if "families_invitation" in query["sql"]][-1])
        return make(*args, **given)

    monkeypatch.setattr(codes, "make", noted)
    with CaptureQueriesContext(connection) as captured:
        invite(house)
        deliver()
    assert len(locks) == 2
    assert connection.vendor == "sqlite" or "FOR NO KEY UPDATE" in locks[1]


def test_a_mailed_token_lives_no_longer_than_the_invitation(house, time_machine):
    time_machine.move_to(clock.now(), tick=False)
    invited = invite(house)
    time_machine.shift(timedelta(days=2))
    deliver()
    assert set(OneTimeCode.objects.filter(subject=invited.invitation.pk).values_list("expires_at", flat=True)) == {
        invited.invitation.expires_at
    }


def test_a_token_of_a_letter_is_in_no_row(house):
    letter = invited_by_mail(house)
    assert token_in(letter) not in str([*OneTimeCode.objects.values(), *Delivery.objects.values()])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_makes_a_header_a_line_or_markup(house, hostile):
    Family.objects.filter(pk=house.family.pk).update(name=hostile)
    User.objects.filter(pk=house.owner.user.pk).update(first_name=hostile)
    letter, seen = invited_by_mail(house), one_line(hostile)
    assert letter.subject == f"{seen} invites you to {seen}"
    assert letter.recipients() == ["ina@example.org"]
    assert set(headers_of(letter)) == HEADERS
    assert len(letter.body.splitlines()) == 18
    assert "<script" not in html(letter)
    assert "<img" not in html(letter)
    assert token_in(letter) != "forged"
