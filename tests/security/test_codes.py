"""A one-time code that does not work is answered in one way, whatever is wrong with it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import codes
from accounts.models import CodePurpose, LoginSession, OneTimeCode
from families.models import Family
from families.services import revoke_invitation, suspend_member
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from tests.conftest import House
from tests.permission_rows import invitation
from tests.security.test_isolation import told

pytestmark = pytest.mark.django_db

NOBODYS = "A" * 32


def spoil(token: str, **fields: object) -> str:
    OneTimeCode.objects.filter(digest=codes.digest(token)).update(**fields)
    return token


def confirmation(house: House, subject: int, by: str = "owner", version: int = 1) -> str:
    payload = {"membership": house.people[by].membership.pk, "version": version}
    life = timedelta(hours=1)
    return codes.make(CodePurpose.CONFIRMATION, subject=subject, life=life, payload=payload)


def test_a_confirmation_token_that_does_not_work_tells_nothing_of_itself(house: House):
    entry, other = (house.spend("600.00", by="member").transaction.pk for _ in range(2))
    tokens = {
        "nobody's": NOBODYS,
        "the adult's": confirmation(house, entry, by="adult"),
        "of another entry": confirmation(house, other),
        "used": spoil(confirmation(house, entry), used_at=clock.now()),
        "late": spoil(confirmation(house, entry), expires_at=clock.now()),
        "an invitation": invitation(house, "owner").token,
    }
    http = house.owner.http
    answers = {
        name: told(http.post(f"/transactions/{entry}/confirm", confirmation_token=token))
        for name, token in tokens.items()
    }
    assert answers["nobody's"][0] == 400
    assert [name for name, answer in answers.items() if answer != answers["nobody's"]] == []
    good = http.post(f"/transactions/{entry}/confirm", confirmation_token=confirmation(house, entry))
    assert good.json()["status"] == "executed"


def test_an_invitation_that_does_not_work_tells_nothing_of_itself(house: House):
    revoked, by_the_adult = invitation(house, "owner"), invitation(house, "adult")
    with unit_of_work():
        revoke_invitation(actor=house.owner.actor, invitation_id=revoked.invitation.pk)
    with unit_of_work():
        suspend_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)
    entry = house.spend("600.00", by="member").transaction.pk
    tokens = {
        "nobody's": NOBODYS,
        "revoked": revoked.token,
        "of one who may no longer invite": by_the_adult.token,
        "used": spoil(invitation(house, "owner").token, used_at=clock.now()),
        "late": spoil(invitation(house, "owner").token, expires_at=clock.now()),
        "a confirmation": confirmation(house, entry),
    }
    http = house.stranger.http
    answers = {name: told(http.post("/invitations/accept", token=token)) for name, token in tokens.items()}
    assert answers["nobody's"][0] == 400
    assert [name for name, answer in answers.items() if answer != answers["nobody's"]] == []


def test_a_confirmation_token_is_a_fresh_proof_of_its_own(house: House):
    Family.objects.filter(pk=house.family.pk).update(adult_approval_limit=Decimal(500))
    entry = house.spend("600.00", by="member").transaction.pk
    LoginSession.objects.filter(pk=house.owner.session.pk).update(proof_at=clock.now() - timedelta(minutes=11))
    http, path = house.owner.http, f"/transactions/{entry}/confirm"
    assert http.post(path).json()["code"] == "step_up_required"
    assert http.post(path, confirmation_token=confirmation(house, entry)).json()["status"] == "executed"
