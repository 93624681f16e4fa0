"""The Idempotency-Key header: one effect, one answer, for 24 hours."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection

from accounts.models import LoginSession, User
from families.models import Family, Invitation
from families.services import create_invitation, edit_member, remove_member, suspend_member
from financebot.api import idempotency
from financebot.api.models import IdempotencyKey
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.models import Category, Transaction, Wallet
from tests.conftest import build_house, person
from tests.factories import PASSWORD
from tests.http import Http
from tests.wire.tools import key, problem, raw

pytestmark = pytest.mark.django_db


def spend(http, house, text="k-1", amount="5.00", **fields):
    return http.post(
        "/transactions", headers=key(text), from_wallet_id=house.wallets["cash"].pk, amount=amount, **fields
    )


def balance(house, name="cash"):
    return Wallet.objects.get(pk=house.wallets[name].pk).balance


def test_the_same_key_gives_the_same_answer_byte_for_byte_and_one_effect(house):
    http = house.owner.http
    first, *again = (spend(http, house, description="Grüße") for _ in range(3))
    assert (first.status_code, first.headers["ETag"]) == (201, '"v1"')
    assert "Idempotent-Replay" not in first.headers
    for answer in again:
        assert (answer.status_code, answer.content) == (201, first.content)
        assert (answer.headers["Idempotent-Replay"], answer.headers["ETag"]) == ("true", '"v1"')
        assert answer.headers["Content-Type"] == first.headers["Content-Type"]
        assert answer.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert (Transaction.objects.count(), balance(house)) == (1, Decimal("-5.00"))


def test_the_first_answer_is_given_even_where_the_thing_has_changed_since(house):
    http = house.owner.http
    first = spend(http, house)
    http.patch(f"/transactions/{first.json()['id']}", description="Changed")
    again = spend(http, house)
    assert (again.content, again.headers["ETag"]) == (first.content, '"v1"')


def test_without_a_key_two_requests_are_two_effects(house):
    http = house.owner.http
    for _ in range(2):
        http.post("/transactions", from_wallet_id=house.wallets["cash"].pk, amount="5.00")
    assert balance(house) == Decimal("-10.00")
    assert not IdempotencyKey.objects.exists()


def test_two_keys_are_two_effects(house):
    http = house.owner.http
    assert spend(http, house, "k-1").content != spend(http, house, "k-2").content
    assert balance(house) == Decimal("-10.00")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "/wallets/{cash}", {"name": "Two"}),
        ("put", "/wallets/{cash}", {"name": "One"}),
        ("patch", "/wallets/{anns}", {"name": "One"}),
        ("post", "/wallets/{cash}/archive", {}),
        ("post", "/families", {"name": "One", "base_currency": "EUR"}),
    ],
    ids=[
        "another body",
        "another method",
        "another path",
        "another call",
        "beyond the family",
    ],
)
def test_a_key_that_came_with_another_request_is_refused(house, method, path, body):
    http = house.owner.http
    wallets = {name: wallet.pk for name, wallet in house.wallets.items()}
    assert http.patch(f"/wallets/{wallets['cash']}", headers=key("k-1"), name="One").status_code == 200
    before = list(Wallet.objects.order_by("pk").values())
    answer = http.call(method, path.format(**wallets), body, key("k-1"))
    problem(answer, 422, "idempotency_key_reused")
    assert list(Wallet.objects.order_by("pk").values()) == before
    assert http.patch(f"/wallets/{wallets['cash']}", headers=key("k-1"), name="One").headers["Idempotent-Replay"]


def test_an_answer_without_a_body_is_replayed_too(house):
    answers = [house.owner.http.delete(f"/families/{house.family.pk}", headers=key("k-1")) for _ in range(2)]
    assert [(a.status_code, a.content) for a in answers] == [(204, b"")] * 2
    assert answers[1].headers["Idempotent-Replay"] == "true"


def test_a_removal_whose_answer_was_lost_is_answered_again(house):
    path = f"/families/{house.family.pk}/members/{house.reader.membership.pk}"
    answers = [house.owner.http.delete(path, headers=key("k-1")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"amount": "5.001"}, "amount_too_fine"),
        ({"amount": "x"}, "invalid"),
        ({"category_id": 987_654_321}, "unknown_reference"),
    ],
)
def test_a_refusal_is_not_stored_and_the_key_stays_free(house, wrong, code):
    http = house.owner.http
    for _ in range(2):
        answer = spend(http, house, **({"amount": "5.00"} | wrong))
        assert (answer.json()["code"], "Idempotent-Replay" in answer.headers) == (code, False)
    assert not IdempotencyKey.objects.exists()
    assert spend(http, house).status_code == 201


def test_what_was_refused_for_a_passing_reason_may_be_tried_again_with_its_key(house):
    http = house.owner.http
    body = {"from_wallet_id": house.wallets["pocket"].pk, "amount": "5.00"}
    assert http.post("/transactions", headers=key("k-1"), **body).json()["code"] == "insufficient_funds"
    house.earn("5.00", wallet="pocket")
    assert http.post("/transactions", headers=key("k-1"), **body).status_code == 201
    assert balance(house, "pocket") == 0


@pytest.mark.parametrize(
    ("age", "effects"), [(timedelta(hours=24) - timedelta(seconds=1), 1), (timedelta(hours=24, seconds=1), 2)]
)
def test_a_key_is_kept_for_24_hours(house, age, effects):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        spend(house.owner.http, house)
        traveller.shift(age)
        assert spend(house.owner.http, house).status_code == 201
    assert Transaction.objects.count() == effects


def test_a_key_that_has_run_out_is_good_for_another_request_and_kept_anew(house):
    with time_machine.travel(clock.now(), tick=False) as traveller:
        spend(house.owner.http, house)
        traveller.shift(timedelta(hours=25))
        other = spend(house.owner.http, house, amount="6.00")
        traveller.shift(timedelta(hours=23))
        again = spend(house.owner.http, house, amount="6.00")
    assert (again.content, again.headers["Idempotent-Replay"]) == (other.content, "true")
    assert IdempotencyKey.objects.count() == 1


def test_the_key_of_another_caller_is_another_key(house):
    mine, theirs = spend(house.owner.http, house), spend(house.adult.http, house)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
    assert "Idempotent-Replay" not in theirs.headers


def test_a_key_is_the_callers_not_the_sessions(house):
    first = spend(house.owner.http, house)
    entered = Http().post("/auth/login", email=house.owner.user.email, password=PASSWORD).json()
    again = spend(Http(entered["access_token"]), house)
    assert (again.content, again.headers["Idempotent-Replay"]) == (first.content, "true")


@pytest.mark.parametrize(
    "bad", ["", "x" * 256, "a\tb", "a\x7fb", "schlüssel"], ids=["empty", "long", "tab", "DEL", "umlaut"]
)
def test_a_key_that_is_none_is_refused_and_nothing_is_done(house, bad):
    body = problem(spend(house.owner.http, house, bad), 400, "invalid")
    assert list(body["errors"]) == ["Idempotency-Key"]
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("good", ["x", "x" * 255, "a b", "~!@#$%^&*()", "6fa459ea-ee8a-3ca4-894e-db77e160355e"])
def test_any_printable_key_is_taken(house, good):
    answers = [spend(house.owner.http, house, good) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert Transaction.objects.count() == 1


def test_a_read_takes_no_notice_of_a_key(house):
    assert house.owner.http.get("/wallets", **key("")).status_code == 200
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [("/auth/step-up", {"password": PASSWORD}), ("/auth/logout", {})],
)
def test_a_key_is_ignored_under_auth(house, path, body):
    http = house.owner.http
    answer = http.post(path, headers=key("k-1"), **body)
    assert answer.status_code == 200
    assert "Idempotent-Replay" not in http.post(path, headers=key("k-1"), **body).headers
    assert not IdempotencyKey.objects.exists()


def test_no_answer_with_tokens_is_stored(db):
    person(email="ann@example.org")
    answers = [
        Http().post("/auth/login", headers=key("k-1"), email="ann@example.org", password=PASSWORD) for _ in range(2)
    ]
    assert answers[0].json()["refresh_token"] != answers[1].json()["refresh_token"]
    assert not IdempotencyKey.objects.exists()


def test_an_invitation_and_its_token_are_not_stored(house):
    path = f"/families/{house.family.pk}/invitations"
    answers = [house.owner.http.post(path, headers=key("k-1"), role="adult") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["token"] != answers[1].json()["token"]
    assert Invitation.objects.open().count() == 2
    assert not IdempotencyKey.objects.exists()


def test_the_acceptance_of_an_invitation_is_not_stored(house):
    with unit_of_work():
        token = create_invitation(actor=house.owner.actor, role="adult", email=None).token
    http = house.stranger.http
    answers = [http.post("/invitations/accept", headers=key("k-1"), token=token) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]
    assert not IdempotencyKey.objects.exists()


def remove(house):
    with unit_of_work():
        remove_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)


def suspend(house):
    with unit_of_work():
        suspend_member(actor=house.owner.actor, membership_id=house.adult.membership.pk)


def demote(house):
    with unit_of_work():
        edit_member(
            actor=house.owner.actor,
            membership_id=house.adult.membership.pk,
            changes={"role": "read_only"},
            version=None,
        )


def deactivate(house):
    User.objects.filter(pk=house.adult.user.pk).update(is_active=False)


def end_session(house):
    LoginSession.objects.filter(pk=house.adult.session.pk).update(revoked_at=clock.now())


@pytest.mark.parametrize(
    ("lose", "status"), [(remove, 404), (suspend, 404), (demote, 403), (deactivate, 401), (end_session, 401)]
)
def test_a_replay_asks_for_the_rights_again(house, lose, status):
    http = house.adult.http
    body = {"family_id": house.family.pk}
    assert spend(http, house, **body).status_code == 201
    lose(house)
    answer = spend(http, house, **body)
    assert answer.status_code == status
    assert "Idempotent-Replay" not in answer.headers


def test_a_replay_of_what_needs_a_fresh_proof_needs_one_again(house):
    http, path = house.owner.http, f"/families/{house.family.pk}"
    assert http.patch(path, headers=key("k-1"), name="Two").status_code == 200
    LoginSession.objects.filter(pk=house.owner.session.pk).update(proof_at=clock.now() - timedelta(minutes=10))
    problem(http.patch(path, headers=key("k-1"), name="Two"), 403, "step_up_required")


CREATES = {
    "/families": ({"name": "Two", "base_currency": "EUR"}, Family),
    "/wallets": ({"name": "Two", "type": "cash", "family_id": 0}, Wallet),
    "/categories": ({"name": "Two", "kind": "expense", "family_id": 0}, Category),
}


@pytest.mark.parametrize("path", CREATES)
def test_every_create_knows_its_key(house, path):
    body, model = CREATES[path]
    body = {name: house.family.pk if name == "family_id" else value for name, value in body.items()}
    before = model.objects.count()
    answers = [house.owner.http.post(path, headers=key("k-1"), **body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert model.objects.count() == before + 1


def test_a_body_with_the_same_meaning_in_other_bytes_is_another_body(house):
    wallet = house.wallets["cash"].pk
    bodies = [
        f'{{"from_wallet_id":{wallet},"amount":"5.00"}}',
        f'{{"amount":"5.00","from_wallet_id":{wallet}}}',
    ]
    first, second = (raw(house.owner.http, "POST", "/transactions", body, **key("k-1")) for body in bodies)
    assert first.status_code == 201
    problem(second, 422, "idempotency_key_reused")


@pytest.mark.postgres
def test_one_key_thirty_times_at_once_is_one_effect_and_thirty_equal_answers(threads):
    house = build_house()
    clients = [house.owner.http for _ in range(30)]
    answers = threads([lambda http=http: spend(http, house) for http in clients])
    assert [answer.status_code for answer in answers] == [201] * 30
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replay" not in answer.headers for answer in answers) == 1
    assert (Transaction.objects.count(), balance(house)) == (1, Decimal("-5.00"))


@pytest.mark.postgres
def test_a_second_call_that_waits_too_long_is_told_that_the_first_is_under_way(threads):
    house = build_house()
    claimed, answered = threading.Event(), threading.Event()

    def first():
        with unit_of_work():
            idempotency.claim(caller=f"user:{house.owner.user.pk}", key="k-1", fingerprint="x" * 64)
            claimed.set()
            assert answered.wait(timeout=30)

    def second():
        assert claimed.wait(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        try:
            return spend(house.owner.http, house)
        finally:
            answered.set()

    _, answer = threads([first, second])
    problem(answer, 409, "idempotency_in_progress")
    assert not Transaction.objects.exists()
