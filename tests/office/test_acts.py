"""What an owner does in the back office goes through the use cases: rights, versions, proofs and events as anywhere."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import LoginSession
from audit.models import EventLog
from families.models import Family, Invitation, Membership
from families.services import accept_invitation, archive_family
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.models import Approval, Transaction
from tests.conftest import person
from tests.factories import PASSWORD
from tests.office.conftest import told

pytestmark = pytest.mark.django_db

ENTRIES, MEMBERS, FAMILIES = "ledger/transaction/", "families/membership/", "families/family/"


@pytest.fixture
def waiting(house):
    """600.00 that a member asks for."""
    Family.objects.filter(pk=house.family.pk).update(approval_threshold=Decimal(500))
    house.earn("1000.00")
    found = house.spend("600.00", by="member").transaction
    assert found.status == "pending_approval"
    return found


def last_event():
    return EventLog.objects.latest("pk")


def test_an_approval_executes_what_waits_and_its_event_says_where_it_was_given(house, desk, waiting):
    answer = desk("owner").act(ENTRIES, "confirm", waiting)
    waiting.refresh_from_db()
    assert (answer.status_code, waiting.status) == (302, "executed")
    assert Approval.objects.get().approver_id == house.owner.membership.pk
    assert (last_event().channel, last_event().actor_id) == ("admin", house.owner.user.pk)


def test_an_approval_is_of_the_version_that_was_on_the_page(house, desk, waiting):
    olga = desk("owner")
    olga.choose(ENTRIES, "confirm", waiting)
    Transaction.objects.filter(pk=waiting.pk).update(version=2)
    for said in ({f"version_{waiting.pk}": "1"}, {}, {f"version_{waiting.pk}": "x"}, {f"version_{waiting.pk}": "0"}):
        answer = olga.post(ENTRIES, action="confirm", act="1", _selected_action=waiting.pk, **said)
        assert told(answer)[-1:] == [f"expense {waiting.pk}: Somebody has changed this meanwhile. Look at it again."]
    waiting.refresh_from_db()
    assert waiting.status == "pending_approval"


def test_a_rejection_keeps_its_reason(house, desk, waiting):
    desk("owner").act(ENTRIES, "reject", waiting, reason="Too dear")
    waiting.refresh_from_db()
    assert (waiting.status, Approval.objects.get().note) == ("rejected", "Too dear")


def test_a_reversal_is_booked(house, desk):
    entry = house.earn("10.00").transaction
    desk("owner").act(ENTRIES, "reverse", entry, reason="Wrong")
    entry.refresh_from_db()
    assert (entry.status, entry.reversed_by.channel) == ("reversed", "admin")


def test_what_cannot_be_done_is_said_and_the_others_are_done(house, desk, waiting):
    entry = house.earn("10.00").transaction
    answer = desk("owner").act(ENTRIES, "reverse", waiting, entry)
    entry.refresh_from_db()
    assert entry.status == "reversed"
    assert sorted(told(answer)) == sorted(
        [f"expense {waiting.pk}: This transaction cannot be reversed.", f"income {entry.pk}: reversed"]
    )


def test_an_old_proof_leads_to_the_step_up_and_nothing_has_happened(house, desk):
    entry = house.earn("10.00").transaction
    LoginSession.objects.filter(pk=house.owner.session.pk).update(proof_at=clock.now() - timedelta(minutes=11))
    olga = desk("owner")
    answer = olga.act(ENTRIES, "reverse", entry)
    assert answer.url == "/admin/step-up/?next=%2Fadmin%2Fledger%2Ftransaction%2F"
    entry.refresh_from_db()
    assert entry.status == "executed"
    assert "not right" in olga.post(answer.url, password="something else").content.decode()
    assert olga.post(answer.url, password=PASSWORD).url == "/admin/ledger/transaction/"
    olga.act(ENTRIES, "reverse", entry)
    entry.refresh_from_db()
    assert entry.status == "reversed"


def test_who_has_no_password_to_prove_may_log_in_anew(desk):
    page = desk("owner").get("/admin/step-up/", next="/admin/ledger/").content.decode()
    assert 'href="/login?next=%2Fadmin%2Fledger%2F"' in page


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "evil"])
def test_a_step_up_leads_to_our_own_pages_only(desk, wanted):
    assert desk("owner").post(f"/admin/step-up/?next={wanted}", password=PASSWORD).url == "/admin/"


def test_an_invitation_s_token_is_shown_once_and_works(house, desk):
    olga = desk("owner")
    answer = olga.act(FAMILIES, "invite", house.family, role="member", email="")
    token = answer.content.decode().split('class="secret">')[1].split("<")[0]
    assert token not in olga.get(FAMILIES).content.decode()
    new = person()
    with unit_of_work():
        joined = accept_invitation(actor=new.actor, token=token)
    assert (joined.family_id, joined.role) == (house.family.pk, "member")


def test_an_invitation_is_taken_back(house, desk):
    olga = desk("owner")
    olga.act(FAMILIES, "invite", house.family, role="child", email="kid@example.org")
    invitation = Invitation.objects.get(email="kid@example.org")
    olga.act("families/invitation/", "revoke", invitation)
    invitation.refresh_from_db()
    assert invitation.state == "revoked"


def test_a_wrong_word_is_asked_for_again(house, desk):
    answer = desk("owner").act(FAMILIES, "invite", house.family, role="king", email="nobody")
    page = answer.content.decode()
    assert "Select a valid choice" in page
    assert "valid email address" in page
    assert not Invitation.objects.filter(family=house.family, state="open").exists()


def test_a_role_changes_and_the_last_owner_s_does_not(house, desk):
    olga = desk("owner")
    member = house.member.membership
    olga.act(MEMBERS, "change_role", member, role="adult")
    member.refresh_from_db()
    assert member.role == "adult"
    answer = olga.act(MEMBERS, "change_role", house.owner.membership, role="member")
    assert "at least one active owner" in told(answer)[0]
    assert Membership.objects.get(pk=house.owner.membership.pk).role == "owner"


def test_a_member_is_suspended_and_let_in_again(house, desk):
    olga, member = desk("owner"), house.member.membership
    for act, state in (("suspend", "suspended"), ("resume", "active")):
        olga.act(MEMBERS, act, member)
        member.refresh_from_db()
        assert member.state == state


def test_in_an_archived_family_nothing_is_done(house, desk, waiting):
    with unit_of_work():
        archive_family(actor=house.owner.actor)
    answer = desk("owner").act(ENTRIES, "confirm", waiting)
    assert "archived" in told(answer)[0]


def test_more_than_fifty_at_once_are_not_taken(house, desk):
    entries = [house.earn("1.00").transaction for _ in range(51)]
    answer = desk("owner").choose(ENTRIES, "reverse", *entries)
    assert told(answer) == ["Choose at most 50 at a time."]


def test_without_a_csrf_token_nothing_happens(house, desk, waiting):
    answer = desk("owner").client.post(
        f"/admin/{ENTRIES}", {"action": "confirm", "act": "1", "_selected_action": waiting.pk}
    )
    assert answer.status_code == 403
    assert not Approval.objects.exists()


@pytest.mark.parametrize(("path", "act"), [(ENTRIES, "confirm"), (ENTRIES, "reject"), (ENTRIES, "reverse")])
def test_an_operator_looks_and_does_nothing(house, operator, waiting, path, act):
    before = EventLog.objects.count()
    assert 'name="action"' not in operator.get(path).content.decode()
    operator.post(path, action=act, act="1", _selected_action=waiting.pk, **{f"version_{waiting.pk}": "1"})
    waiting.refresh_from_db()
    assert (waiting.status, EventLog.objects.count()) == ("pending_approval", before)


def test_a_window_to_choose_a_row_in_offers_no_actions(house, desk, waiting):
    assert 'name="action"' not in desk("owner").get(ENTRIES, _popup=1).content.decode()
