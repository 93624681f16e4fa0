"""An archived family is read and not written, and comes back within thirty days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import LoginSession
from audit.models import EventLog
from audit.relay import relay_once
from families.models import Family
from families.services import archive_family, restore_family
from financebot.common import clock
from financebot.common.errors import Changed
from financebot.common.usecase import unit_of_work
from ledger.services import archive_wallet, create_wallet
from tests.conftest import founder_of, join
from tests.families.helpers import age_proof, invite, last_events

pytestmark = pytest.mark.django_db

WRITES = {
    "edit the family": ("patch", "/families/{family}", {"name": "New"}),
    "archive it again": ("delete", "/families/{family}", {}),
    "hand it over": ("post", "/families/{family}/transfer-ownership", {"membership_id": "adult"}),
    "edit a member": ("patch", "/families/{family}/members/{adult}", {"role": "child"}),
    "suspend a member": ("post", "/families/{family}/members/{adult}/suspend", {}),
    "resume a member": ("post", "/families/{family}/members/{suspended}/resume", {}),
    "remove a member": ("delete", "/families/{family}/members/{adult}", {}),
    "invite": ("post", "/families/{family}/invitations", {"role": "child"}),
    "revoke an invitation": ("delete", "/families/{family}/invitations/{invitation}", {}),
    "make a wallet": ("post", "/wallets", {"family_id": "family", "name": "New", "type": "bank"}),
    "put a wallet": ("put", "/wallets/{cash}", {"name": "New"}),
    "edit a wallet": ("patch", "/wallets/{cash}", {"name": "New"}),
    "archive a wallet": ("post", "/wallets/{empty}/archive", {}),
    "restore a wallet": ("post", "/wallets/{away}/restore", {}),
    "make a category": ("post", "/categories", {"family_id": "family", "name": "New", "kind": "expense"}),
    "record": ("post", "/transactions", {"family_id": "family", "from_wallet_id": "cash", "amount": "1.00"}),
    "edit words": ("patch", "/transactions/{entry}", {"description": "New"}),
    "take back": ("delete", "/transactions/{entry}", {}),
    "reverse": ("post", "/transactions/{entry}/reverse", {}),
    "undo": ("post", "/transactions/{entry}/undo", {}),
}
READS = [
    "/families/{family}",
    "/families/{family}/permissions",
    "/families/{family}/members",
    "/families/{family}/invitations",
    "/wallets?family_id={family}",
    "/wallets/{cash}",
    "/categories?family_id={family}",
    "/transactions?family_id={family}",
    "/transactions/{entry}",
    "/events?family_id={family}",
    "/access-log?family_id={family}",
]


def logged_in_today(someone):
    now = clock.now()
    session = LoginSession.objects.create(
        user=someone.user,
        address="127.0.0.1",
        epoch=0,
        rotated_at=now,
        proof_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=1),
    )
    return replace(someone, session=session)


def archive(someone):
    with unit_of_work():
        archive_family(actor=someone.actor)


@pytest.fixture
def ids(house):
    """A family with something of everything in it."""
    with unit_of_work():
        empty = create_wallet(actor=house.owner.actor, fields={"name": "Empty", "type": "cash"})
    with unit_of_work():
        away = create_wallet(actor=house.owner.actor, fields={"name": "Away", "type": "cash"})
    with unit_of_work():
        archive_wallet(actor=house.owner.actor, wallet_id=away.pk)
    return {
        "family": house.family.pk,
        "adult": house.adult.membership.pk,
        "suspended": house.suspended.membership.pk,
        "invitation": invite(house.owner, "child").invitation.pk,
        "cash": house.wallets["cash"].pk,
        "empty": empty.pk,
        "away": away.pk,
        "entry": house.spend("5.00").transaction.pk,
    }


@pytest.mark.parametrize("what", WRITES)
def test_every_write_is_refused_and_changes_nothing(house, ids, what):
    method, path, body = WRITES[what]
    body = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    archive(house.owner)
    events = EventLog.objects.count()
    answer = getattr(house.owner.http, method)(path.format(**ids), **body)
    assert (answer.status_code, answer.json()["code"]) == (409, "family_archived")
    assert EventLog.objects.count() == events


@pytest.mark.parametrize("what", [what for what in WRITES if what != "archive it again"])
def test_the_same_write_would_have_worked_before(house, ids, what):
    method, path, body = WRITES[what]
    body = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    answer = getattr(house.owner.http, method)(path.format(**ids), **body)
    assert answer.status_code in {200, 201, 204}, answer.json()


def test_every_read_stays_as_it_was(house, ids):
    while relay_once():
        pass
    paths = [path.format(**ids) for path in READS]
    before = [house.owner.http.get(path).json() for path in paths]
    archive(house.owner)
    after = [house.owner.http.get(path).json() for path in paths]
    before[0] |= {"archived_at": after[0]["archived_at"], "version": 2}
    assert after[0]["archived_at"]
    assert after == before


@pytest.mark.parametrize("who", ["adult", "member", "child", "reader"])
def test_nobody_but_an_owner_archives_or_restores(house, who):
    path = f"/families/{house.family.pk}"
    assert house.people[who].http.delete(path).status_code == 403
    archive(house.owner)
    answer = house.people[who].http.post(f"{path}/restore")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "delete_family" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["stranger", "suspended", "removed"])
def test_outsiders_find_nothing_to_archive_or_restore(house, who):
    path = f"/families/{house.family.pk}"
    assert house.people[who].http.delete(path).status_code == 404
    assert house.people[who].http.post(f"{path}/restore").status_code == 404
    assert not Family.objects.filter(pk=house.family.pk, archived_at__isnull=False).exists()


def test_archiving_and_restoring_want_a_fresh_proof(db):
    owner = founder_of()
    path = f"/families/{owner.membership.family_id}"
    age_proof(owner)
    assert owner.http.delete(path).json()["code"] == "step_up_required"
    age_proof(owner, minutes=0)
    archive(owner)
    age_proof(owner)
    assert owner.http.post(f"{path}/restore").json()["code"] == "step_up_required"


def test_an_owner_archives_and_restores_and_writing_works_again(db):
    owner = founder_of()
    path = f"/families/{owner.membership.family_id}"
    answer = owner.http.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert owner.http.get(path).json()["archived_at"].endswith("Z")
    restored = owner.http.post(f"{path}/restore")
    assert (restored.status_code, restored.json()["archived_at"], restored.json()["version"]) == (
        200,
        None,
        3,
    )
    assert owner.http.patch(path, name="Again").status_code == 200
    assert last_events(owner.membership.family_id, 3) == [
        "family.archived",
        "family.restored",
        "family.edited",
    ]


def test_another_owner_may_restore(db):
    owner = founder_of()
    second = join(owner, "owner")
    archive(owner)
    with unit_of_work():
        assert restore_family(actor=second.actor).archived_at is None


def test_a_family_that_is_not_archived_is_not_restored(db):
    owner = founder_of()
    with pytest.raises(Changed), unit_of_work():
        restore_family(actor=owner.actor)
    answer = owner.http.post(f"/families/{owner.membership.family_id}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")


@pytest.mark.parametrize(("later", "status"), [(timedelta(0), 200), (timedelta(microseconds=1), 409)])
def test_restoring_is_possible_for_thirty_days(db, later, status):
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as time:
        owner = founder_of()
        archive(owner)
        time.shift(timedelta(days=30) + later)
        answer = logged_in_today(owner).http.post(f"/families/{owner.membership.family_id}/restore")
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "restore_window_over"
    family = Family.objects.get(pk=owner.membership.family_id)
    assert (family.archived_at is None) is (status == 200)
