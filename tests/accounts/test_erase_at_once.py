"""DELETE /users/me while a family takes the person in: they are gone and in none, or still there."""

import pytest

from accounts.models import User
from families.models import Membership
from families.services import create_invitation
from financebot.common.usecase import unit_of_work
from tests.conftest import founder_of, person
from tests.factories import PASSWORD


@pytest.mark.postgres
def test_a_family_joined_meanwhile_is_not_left_behind(threads):
    owner, leaver = founder_of(), person()
    with unit_of_work():
        token = create_invitation(actor=owner.actor, role="adult", email=None).token
    joined, erased = threads(
        [
            lambda: leaver.http.post("/invitations/accept", token=token),
            lambda: leaver.http.delete("/users/me", password=PASSWORD),
        ]
    )
    gone = User.objects.get(pk=leaver.user.pk).erased_at is not None
    assert gone == (erased.status_code == 204)
    if gone:
        assert not Membership.objects.active().filter(user=leaver.user).exists()
        assert not Membership.objects.filter(user=leaver.user, state="active").exists(), joined.status_code
