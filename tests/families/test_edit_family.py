"""Changing what a family has decided for itself."""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine

from audit.models import EventLog
from families.models import Family
from families.services import edit_family
from financebot.common.errors import AmountTooFine
from financebot.common.usecase import unit_of_work
from ledger.models import Wallet
from ledger.services import create_wallet
from tests.conftest import founder_of, join, record
from tests.families.helpers import age_proof, edit, until, waiting_for

pytestmark = pytest.mark.django_db


def patch(someone, **changes):
    headers = changes.pop("headers", None)
    return someone.http.patch(f"/families/{someone.membership.family_id}", headers=headers, **changes)


def family_of(someone):
    return Family.objects.get(pk=someone.membership.family_id)


@pytest.fixture
def owner(db):
    return founder_of("Home", "EUR", "Europe/Berlin")


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "New home", "New home"),
        ("timezone", "Asia/Tokyo", "Asia/Tokyo"),
        ("base_currency", "USD", "USD"),
        ("approval_threshold", "12.5", "12.50"),
        ("approval_threshold", "0", "0.00"),
        ("approval_threshold", None, None),
        ("approvals_required", 2, 2),
        ("adult_approval_limit", "99.99", "99.99"),
        ("undo_window", 0, 0),
        ("undo_window", 86_400, 86_400),
    ],
)
def test_an_owner_changes_one_field_and_nothing_else(owner, field, value, shown):
    url = f"/families/{owner.membership.family_id}"
    before = owner.http.get(url).json()
    answer = patch(owner, **{field: value})
    assert answer.status_code == 200, answer.json()
    assert answer.json() == before | {field: shown, "version": 2}
    assert owner.http.get(url).json() == answer.json()
    assert answer["ETag"] == '"v2"'


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("timezone", "Berlin"),
        ("base_currency", "XTS"),
        ("approval_threshold", "1e3"),
        ("approval_threshold", True),
        ("approvals_required", 0),
        ("approvals_required", 3),
        ("undo_window", -1),
        ("undo_window", 86_401),
        ("closed_until", "2026-01-01"),
        ("archived_at", None),
        ("version", 7),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_by_its_field(owner, field, value):
    answer = patch(owner, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {field}
    assert family_of(owner).version == 1


@pytest.mark.parametrize("field", ["approval_threshold", "adult_approval_limit"])
@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [
        ("EUR", "10.001", "amount_too_fine"),
        ("JPY", "10.5", "amount_too_fine"),
        ("KWD", "10.0001", "amount_too_fine"),
        ("EUR", "100000000000000", "amount_too_large"),
        ("EUR", "-1", "amount_not_positive"),
    ],
)
def test_a_limit_that_the_currency_or_the_ledger_cannot_hold_is_refused(field, currency, amount, code):
    owner = founder_of(base_currency=currency)
    answer = patch(owner, **{field: amount})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert set(answer.json()["errors"]) == {field}
    assert family_of(owner).version == 1


def test_a_limit_written_with_more_zeros_than_the_currency_has_is_the_same_amount(owner):
    assert patch(owner, adult_approval_limit="10.500").json()["adult_approval_limit"] == "10.50"


def test_the_currency_is_fixed_at_the_first_posting_and_its_reversal_does_not_free_it(owner):
    with unit_of_work():
        wallet = create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
    assert patch(owner, base_currency="USD").status_code == 200
    assert patch(owner, base_currency="EUR").status_code == 200
    entry = record(owner, "5.00", from_wallet=wallet.pk)
    for _ in range(2):
        answer = patch(owner, base_currency="USD")
        assert (answer.status_code, answer.json()["code"]) == (422, "currency_fixed")
        assert set(answer.json()["errors"]) == {"base_currency"}
        owner.http.post(f"/transactions/{entry.transaction.pk}/reverse")
    assert family_of(owner).base_currency == "EUR"


def test_the_same_currency_may_be_sent_again_after_the_first_posting(owner):
    with unit_of_work():
        wallet = create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
    record(owner, "5.00", to_wallet=wallet.pk)
    assert patch(owner, base_currency="EUR", name="Same").status_code == 200


def test_another_familys_postings_fix_nothing_here(owner):
    neighbour = founder_of()
    with unit_of_work():
        wallet = create_wallet(actor=neighbour.actor, fields={"name": "Cash", "type": "cash"})
    record(neighbour, "5.00", to_wallet=wallet.pk)
    assert patch(owner, base_currency="USD").status_code == 200


@pytest.mark.parametrize("field", ["approval_threshold", "adult_approval_limit"])
def test_a_currency_that_a_limit_of_the_family_is_too_fine_for_is_refused(owner, field):
    patch(owner, **{field: "10.50"})
    answer = patch(owner, base_currency="JPY")
    assert (answer.status_code, answer.json()["code"]) == (422, "amount_too_fine")
    assert patch(owner, base_currency="JPY", **{field: "1000"}).status_code == 200


def test_a_currency_that_a_members_limit_is_too_fine_for_is_refused(owner):
    member = join(owner, "member")
    edit(owner, member, spending_limit=Decimal("10.50"))
    with pytest.raises(AmountTooFine), unit_of_work():
        edit_family(actor=owner.actor, changes={"base_currency": "JPY"}, version=None)


def test_currency_and_limits_are_judged_together(owner):
    answer = patch(owner, base_currency="JPY", approval_threshold="7000", adult_approval_limit="500")
    assert (answer.status_code, answer.json()["approval_threshold"]) == (200, "7000")


@pytest.mark.parametrize("role", ["adult", "member", "child", "read_only"])
def test_only_an_owner_may(owner, role):
    answer = patch(join(owner, role), name="Mine")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "edit_family" in answer.json()["detail"]
    assert family_of(owner).name == "Home"


def test_a_stranger_finds_nothing(owner):
    stranger = founder_of()
    answer = stranger.http.patch(f"/families/{owner.membership.family_id}", name="Mine")
    nothing = stranger.http.patch("/families/999999999", name="Mine")
    assert answer.status_code == 404
    assert answer.json() | {"request_id": ""} == nothing.json() | {"request_id": ""}


def test_an_old_proof_is_not_enough_and_a_new_one_is(owner):
    age_proof(owner)
    answer = patch(owner, name="New")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    age_proof(owner, minutes=0)
    assert patch(owner, name="New").status_code == 200


def test_a_proof_counts_for_ten_minutes_to_the_second(db):
    with time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=False) as time:
        owner = founder_of()
        time.shift(599)
        assert patch(owner, name="In time").status_code == 200
        time.shift(1)
        assert patch(owner, name="Late").json()["code"] == "step_up_required"


@pytest.mark.parametrize("given", ['"v2"', '"v0"', "v1", '"1"', "nonsense", '"v1", "v2"', 'W/"v1"'])
def test_another_version_than_the_one_in_force_is_refused(owner, given):
    answer = patch(owner, name="New", headers={"If-Match": given})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert family_of(owner).name == "Home"


@pytest.mark.parametrize("given", ['"v1"', "*"])
def test_the_version_in_force_is_accepted_once(owner, given):
    assert patch(owner, name="New", headers={"If-Match": given}).status_code == 200
    assert patch(owner, name="Newer", headers={"If-Match": '"v1"'}).status_code == 412


def test_the_event_holds_before_and_after_of_what_changed_and_the_name_apart(owner):
    patch(owner, name="New", approvals_required=2, timezone="Europe/Berlin")
    event = EventLog.objects.get(name="family.edited")
    assert event.changes == {"approvals_required": [1, 2]}
    assert event.private["texts"] == {"name": ["Home", "New"]}


def test_amounts_stand_in_the_event_as_text(owner):
    patch(owner, approval_threshold="12.50", adult_approval_limit="7")
    changes = EventLog.objects.get(name="family.edited").changes
    assert {field: [a and Decimal(a) for a in pair] for field, pair in changes.items()} == {
        "approval_threshold": [Decimal(500), Decimal("12.50")],
        "adult_approval_limit": [None, Decimal(7)],
    }
    assert isinstance(changes["adult_approval_limit"][1], str)


@pytest.mark.postgres
def test_a_change_of_policy_waits_for_the_writers_under_way(threads):
    owner = founder_of()
    family = owner.membership.family_id
    writing = threading.Event()

    def write():
        with unit_of_work():
            create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
            writing.set()
            until(lambda: waiting_for(family) == 1, "the other to wait")
            return family_of(owner).undo_window

    def change():
        assert writing.wait(10)
        with unit_of_work():
            edit_family(actor=owner.actor, changes={"undo_window": 60}, version=None)
        return Wallet.objects.filter(family=family).count()

    assert threads([write, change]) == [900, 1]
    assert family_of(owner).undo_window == 60


@pytest.mark.postgres
def test_writers_do_not_wait_for_each_other(threads):
    owner = founder_of()
    together = threading.Barrier(3, timeout=20)

    def write():
        with unit_of_work():
            create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})
            together.wait()

    assert threads([write] * 3) == [None] * 3
    assert Wallet.objects.count() == 3
