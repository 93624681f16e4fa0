"""Who hides a wallet, and what no longer happens to it then."""

import pytest

from families.services import edit_member
from financebot.common.errors import PermissionDenied
from financebot.common.usecase import unit_of_work
from ledger.models import Wallet
from ledger.services import edit_wallet
from tests.conftest import House

pytestmark = pytest.mark.django_db


def edit(house: House, by: str, wallet: str, **changes: object) -> Wallet:
    with unit_of_work():
        return edit_wallet(
            actor=house.people[by].actor, wallet_id=house.wallets[wallet].pk, changes=changes, version=None
        )


def test_a_child_hides_nothing_though_an_owner_gave_them_the_right(house: House):
    with unit_of_work():
        changes = {"grant": ["set_wallet_visibility"]}
        member = house.child.membership.pk
        edit_member(actor=house.owner.actor, membership_id=member, changes=changes, version=None)
    with pytest.raises(PermissionDenied):
        edit(house, "child", "pocket", visibility="private")


@pytest.mark.parametrize("visibility", ["balance_only", "private"])
def test_a_hidden_wallet_changes_hands_by_nobody_s_word(house: House, visibility: str):
    """Who sees the balance alone would give away, or take, what they cannot see."""
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(visibility="balance_only")
    with pytest.raises(PermissionDenied):
        edit(house, "owner", "anns", holder_id=house.owner.membership.pk)
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(visibility="shared", holder=house.owner.membership)
    with pytest.raises(PermissionDenied):
        edit(house, "owner", "anns", visibility=visibility, holder_id=house.adult.membership.pk)
    assert edit(house, "owner", "anns", holder_id=house.adult.membership.pk).holder_id == house.adult.membership.pk
