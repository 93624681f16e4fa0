"""DELETE /users/me: the person is gone, the families' books are as true as before."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from accounts import erasing, mailed
from accounts.errors import InvalidToken, WrongPassword
from accounts.models import CodePurpose, Device, LoginSession, OneTimeCode, User
from accounts.passwords import prove
from accounts.services import ask_email_change, edit_profile, erase_account, note_export
from accounts.tasks import purge
from audit.access_log import writer
from audit.models import AccessLog, EventLog
from audit.names import EventName
from audit.seals import seal_once
from audit.verify import verify as verify_audit
from families.models import Invitation, Membership
from families.services import accept_invitation, archive_family, create_family, create_invitation
from financebot.api.models import IdempotencyKey
from financebot.common import clock
from financebot.common.errors import StepUpRequired
from financebot.common.usecase import unit_of_work
from ledger.models import Transaction, Wallet
from ledger.services import edit_wallet
from ledger.verify import verify as verify_ledger
from tests.accounts.app import protect
from tests.accounts.tools import NEW_PASSWORD, events, log_in
from tests.conftest import founder_of, join, person
from tests.delivery.helpers import deliver, relay
from tests.factories import PASSWORD
from tests.http import Http
from tests.ledger.helpers import want_approval

pytestmark = pytest.mark.django_db

EMAIL, PHONE = "quirin.zorn@example.org", "+4917655512345"
PLANTED = ("quirin", "zorn", "17655512345", "203.0.113.99", "palimpsest")  # lower case


def erase(http, password=PASSWORD):
    return http.delete("/users/me", password=password)


def dump():
    """Every text in every table, in lower case."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                cells = [bytes(c).decode("latin-1") if isinstance(c, bytes | memoryview) else str(c) for c in row]
                found.append(f"{table}: {cells}".lower())
    return found


def rows_with(word):
    return [row for row in dump() if word in row]


@pytest.fixture
def quirin(house):
    """An adult who has left traces everywhere, and their client."""
    found = join(house.owner, "adult", email=EMAIL, first_name="Quirin", last_name="Zorn")
    headers = {"User-Agent": "Palimpsest/1.0", "REMOTE_ADDR": "203.0.113.99"}
    answer = Http(**headers).post("/auth/login", email=EMAIL, password=PASSWORD)
    http = Http(answer.json()["access_token"], **headers)
    http.client.defaults["REMOTE_ADDR"] = "203.0.113.99"
    http.patch("/users/me", phone=PHONE, first_name="Quirinus")
    http.post("/auth/email/change", email="quirin.new@example.org")
    own = http.post("/families", headers={"Idempotency-Key": "k-1"}, name="Zorn's own", base_currency="EUR").json()[
        "id"
    ]
    wallet = http.post("/wallets", family_id=own, name="Palimpsest bank", type="bank").json()["id"]
    http.post("/transactions", family_id=own, to_wallet_id=wallet, amount="7.00", payee="Palimpsest Ltd")
    deliver()
    return replace(found, membership=Membership.objects.get(pk=found.membership.pk)), http


def live_as(house, quirin, http):
    """What a member does: shared and private entries, a draft, something that waits, invitations."""
    family = house.family.pk
    wallet = {"family_id": family, "name": "Palimpsest purse", "type": "cash", "holder_id": quirin.membership.pk}
    purse = http.post("/wallets", **wallet, visibility="private").json()["id"]
    words = {"description": "palimpsest", "notes": "palimpsest", "payee": "Palimpsest Ltd", "tags": ["palimpsest"]}
    hidden = {"family_id": family, "to_wallet_id": purse, "amount": "50.00", **words}
    assert http.post("/transactions", **hidden).status_code == 201
    draft = {"family_id": family, "from_wallet_id": purse, "amount": "5.00", "draft": True, **words}
    assert http.post("/transactions", **draft).status_code == 201
    shared = {"family_id": family, "to_wallet_id": house.wallets["cash"].pk, "amount": "80.00"}
    booked = http.post("/transactions", **shared, description="groceries together").json()["id"]
    want_approval(house)
    pending = {"family_id": family, "from_wallet_id": house.wallets["cash"].pk, "amount": "30.00"}
    waiting = http.post("/transactions", **pending).json()
    assert waiting["status"] == "pending_approval"
    http.post(f"/families/{family}/invitations", role="child", email="guest@example.org")
    return booked, waiting["id"], purse


def archived_own(quirin):
    """The family that they founded alone, put away, so that it needs no owner."""
    family = Membership.objects.get(user=quirin.user, role="owner").family_id
    with unit_of_work():
        archive_family(actor=replace(quirin.actor, family=family))


def test_nothing_of_the_person_stays_and_the_books_are_true(house, quirin):
    quirin, http = quirin
    booked, waiting, purse = live_as(house, quirin, http)
    app = protect(quirin.user)
    archived_own(quirin)
    with unit_of_work():
        create_invitation(actor=house.owner.actor, role="adult", email=EMAIL)
    relay()
    writer.flush()
    while seal_once():
        pass
    assert all(rows_with(word) for word in PLANTED if word != "17655512345"), "there is something to erase"
    before = {tuple(row) for row in Transaction.objects.values_list("pk", "amount", "currency", "author_id")}

    answer = erase(http)
    assert (answer.status_code, answer.content) == (204, b"")
    relay()
    writer.flush()
    while seal_once():
        pass

    for word in (*PLANTED, app.key.lower()):
        assert rows_with(word) == [], word
    user = User.objects.get(pk=quirin.user.pk)
    assert (user.email, user.first_name, user.last_name, user.phone, user.new_email) == (None, "", "", None, None)
    assert (user.is_active, user.is_staff, user.has_usable_password()) == (False, False, False)
    assert user.erased_at
    assert Membership.objects.filter(user=user, state="ended").count() == 2
    for model in (LoginSession, Device):
        assert not model.objects.filter(user=user).exists()
    assert not OneTimeCode.objects.filter(subject=user.pk, purpose=CodePurpose.EMAIL_VERIFICATION).exists()
    assert not IdempotencyKey.objects.filter(caller=f"user:{user.pk}").exists()
    assert {tuple(row) for row in Transaction.objects.values_list("pk", "amount", "currency", "author_id")} == before
    assert Transaction.objects.get(pk=waiting).status == "cancelled"
    assert Transaction.objects.get(pk=booked).description == "groceries together"
    assert Wallet.objects.get(pk=purse).archived_at
    assert (list(verify_ledger()), list(verify_audit())) == ([], [])
    call_command("verify_audit", stdout=StringIO())
    assert house.owner.http.get(f"/transactions/{booked}").json()["created_by_id"] == quirin.membership.pk


def test_what_others_wrote_stays(house, quirin):
    quirin, http = quirin
    archived_own(quirin)
    house.earn("50.00", "cash", by="owner", description="from Quirin, thanks")
    erase(http)
    assert [row.split(":")[0] for row in rows_with("quirin")] == ["audit_eventlog", "ledger_transaction"]
    assert "from Quirin" in str(house.owner.http.get("/transactions").json())


def test_events_keep_their_digest_and_lose_what_can_be_erased(house):
    house.earn("50.00", "cash", by="adult", description="mine")
    relay()
    while seal_once():
        pass
    before = dict(EventLog.objects.filter(actor_id=house.adult.user.pk).values_list("pk", "private_digest"))
    assert before
    assert erase(house.adult.http).status_code == 204
    for event in EventLog.objects.filter(pk__in=before):
        assert (event.private, event.private_digest) == (None, before[event.pk])
    assert list(verify_audit()) == []
    [event] = events(EventName.ACCOUNT_ERASED)
    assert (event.actor_id, event.entity_id) == (house.adult.user.pk, house.adult.user.pk)
    assert (event.private["address"], event.private["user_agent"]) == ("", "")


def test_every_way_in_is_closed(house):
    email = house.adult.user.email
    pair = log_in(email).json()
    reset = mailed.make(CodePurpose.PASSWORD_RESET, User.objects.get(pk=house.adult.user.pk))
    assert erase(house.adult.http).status_code == 204
    assert house.adult.http.get("/users/me").status_code == 401
    assert Http(pair["access_token"]).get("/users/me").status_code == 401
    assert Http().post("/auth/refresh", refresh_token=pair["refresh_token"]).status_code == 401
    assert log_in(email).status_code == 401
    body = {"token": reset, "new_password": NEW_PASSWORD}
    assert Http().post("/auth/password/reset/confirm", **body).json()["code"] == "invalid_code"
    assert deliver() == []
    answer = Http().post("/auth/register", email=email, password=PASSWORD)
    assert answer.json()["user_id"] != house.adult.user.pk, "the address is free, and opens nothing of before"


def test_the_only_owner_of_a_family_is_refused_and_nothing_changes(house):
    answer = erase(house.owner.http)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert house.owner.http.get("/users/me").json()["email"] == house.owner.user.email
    assert Membership.objects.get(pk=house.owner.membership.pk).state == "active"
    assert events(EventName.ACCOUNT_ERASED) == events(EventName.MEMBER_LEFT) == []


def test_the_only_owner_of_one_of_two_families_leaves_neither(house):
    with unit_of_work():
        invited = create_invitation(actor=house.owner.actor, role="adult", email=None)
    house.stranger.http.post("/invitations/accept", token=invited.token)
    assert erase(house.stranger.http).json()["code"] == "last_owner"
    assert set(Membership.objects.filter(user=house.stranger.user).values_list("state", flat=True)) == {"active"}


def test_one_of_two_owners_may_go_and_an_archived_family_needs_none(house):
    second = join(house.owner, "owner")
    assert erase(second.http).status_code == 204
    alone = founder_of()
    assert alone.http.delete(f"/families/{alone.membership.family_id}").status_code == 204
    assert erase(alone.http).status_code == 204


def test_a_wrong_password_is_refused_and_remembered(house):
    answer = erase(house.adult.http, "wrong horse battery")
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_password")
    assert list(answer.json()["errors"]) == ["password"]
    assert [event.entity_id for event in events(EventName.STEP_UP_FAILED)] == [house.adult.user.pk]
    assert house.adult.http.get("/users/me").status_code == 200


def test_an_old_proof_is_not_enough_whatever_the_password(house):
    LoginSession.objects.filter(pk=house.adult.session.pk).update(proof_at=clock.now() - timedelta(minutes=10))
    assert erase(house.adult.http).json()["code"] == "step_up_required"
    assert User.objects.get(pk=house.adult.user.pk).email


def test_a_password_that_was_changed_meanwhile_erases_nothing(house):
    proof = prove(User.objects.get(pk=house.adult.user.pk), PASSWORD)
    User.objects.filter(pk=house.adult.user.pk).update(password="changed")
    with pytest.raises(WrongPassword), unit_of_work():
        erase_account(actor=house.adult.actor, proof=proof)
    assert Membership.objects.get(pk=house.adult.membership.pk).state == "active"


def test_others_are_left_alone(house):
    http = house.member.http
    before = http.get("/users/me").json()
    pages = len(house.owner.http.get("/families").json())
    erase(house.adult.http)
    assert http.get("/users/me").json() == before
    assert len(house.owner.http.get("/families").json()) == pages
    assert EventLog.objects.filter(actor_id=house.owner.user.pk, private=None).count() == 0


def test_words_that_the_family_sees_stay_and_only_those_that_nobody_else_saw_go(house):
    house.earn("50.00", "cash", by="owner", payee="Bakery", tags=("bread",))
    house.earn("50.00", "secret", by="adult", payee="Bakery", tags=("bread", "secretly"), description="hush")
    house.move("5.00", "secret", "cash", by="adult", description="seen by all")
    erase(house.adult.http)
    rows = {row["description"]: row for row in house.owner.http.get("/transactions").json()["results"]}
    assert "seen by all" in rows
    assert [(row["payee"], row["tags"]) for row in rows.values() if row["payee"]] == [("Bakery", ["bread"])]
    for word in ("hush", "secretly"):
        assert rows_with(word) == []


def test_a_balance_only_wallet_keeps_the_name_that_others_see(house):
    changes = {"visibility": "balance_only"}
    with unit_of_work():
        edit_wallet(actor=house.adult.actor, wallet_id=house.wallets["anns"].pk, changes=changes, version=None)
    erase(house.adult.http)
    names = dict(Wallet.objects.values_list("pk", "name"))
    assert (names[house.wallets["anns"].pk], names[house.wallets["secret"].pk]) == ("anns", "")


def test_requests_that_are_logged_a_moment_later_are_swept(house):
    erase(house.adult.http)
    old = {"method": "GET", "route": "x", "status": 200, "duration_ms": 1, "created_at": clock.now()}
    for found in (house.adult, house.member):
        AccessLog.objects.create(**old, user_id=found.user.pk, address="203.0.113.99", user_agent="x", request_id="x")
    purge()
    assert list(AccessLog.objects.filter(route="x").order_by("pk").values_list("address", flat=True)) == [
        "",
        "203.0.113.99",
    ]
    User.objects.filter(pk=house.adult.user.pk).update(erased_at=clock.now() - timedelta(days=3))
    AccessLog.objects.filter(user_id=house.adult.user.pk).update(address="203.0.113.99")
    erasing.sweep()
    assert AccessLog.objects.filter(user_id=house.adult.user.pk, address="203.0.113.99").exists()


def test_an_open_invitation_to_the_address_ends_with_it(house):
    with unit_of_work():
        invited = create_invitation(actor=house.owner.actor, role="adult", email=house.stranger.user.email)
    house.stranger.http.delete(f"/families/{house.stranger.membership.family_id}")
    assert erase(house.stranger.http).status_code == 204
    found = Invitation.objects.get(pk=invited.invitation.pk)
    assert (found.email, found.state) == (None, "revoked")
    assert person().http.post("/invitations/accept", token=invited.token).json()["code"] == "invalid_code"


@pytest.mark.parametrize("way", ["profile", "family", "invitation"])
def test_what_was_under_way_does_not_come_back_after_the_erasure(house, way):
    with unit_of_work():
        token = create_invitation(actor=house.stranger.actor, role="adult", email=None).token
    works = {
        "profile": lambda: edit_profile(actor=house.adult.actor, changes={"first_name": "Ann"}, version=None),
        "family": lambda: create_family(actor=house.adult.actor, name="Two", base_currency="EUR", timezone="UTC"),
        "invitation": lambda: accept_invitation(actor=house.adult.actor, token=token),
    }
    assert erase(house.adult.http).status_code == 204
    with pytest.raises(InvalidToken), unit_of_work():
        works[way]()
    assert User.objects.get(pk=house.adult.user.pk).first_name == ""
    assert not Membership.objects.filter(user=house.adult.user, state="active").exists()


@pytest.mark.parametrize(
    "work",
    [
        lambda actor, proof: erase_account(actor=actor, proof=proof),
        lambda actor, proof: note_export(actor=actor),
        lambda actor, proof: ask_email_change(actor=actor, email="new@example.org"),
    ],
    ids=["erase_account", "note_export", "ask_email_change"],
)
def test_the_use_cases_themselves_want_a_fresh_proof(house, work):
    proof = prove(User.objects.get(pk=house.adult.user.pk), PASSWORD)
    with pytest.raises(StepUpRequired), unit_of_work():
        work(replace(house.adult.actor, proof_age=timedelta(minutes=10)), proof)
    assert User.objects.get(pk=house.adult.user.pk).email
