"""`manage.py verify_ledger`: it says sound when it is, and finds what was damaged with the guards away."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from financebot.common import guards
from ledger.models import (
    Category,
    MonthTotal,
    Posting,
    PostingShare,
    Transaction,
    Wallet,
    WalletMonth,
)
from tests.conftest import House
from tests.ledger.helpers import TEN, drafted, everything, flip, line, move_balances, settle, unguarded
from tests.ledger.provocations import CENT, Scene, build_scene, delete, first, posting_on, shift, update

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(built_house: House) -> Scene:
    """A sound ledger with executed, reversed and drafted entries."""
    return build_scene(built_house)


@pytest.fixture
def scene(stage: Scene, db: None) -> Scene:
    return stage


def run(*options: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("verify_ledger", *options, stdout=said)
    except SystemExit as end:
        return int(end.code), said.getvalue()
    return 0, said.getvalue()


def findings() -> list[dict[str, Any]]:
    code, said = run("--json")
    found = json.loads(said)
    assert code == (1 if found else 0)
    return found


def test_a_sound_ledger_is_said_to_be_sound(scene: Scene):
    code, said = run()
    assert (code, said.splitlines()[-1]) == (0, "The ledger is sound.")
    assert run("--json") == (0, "[]\n")


def test_an_empty_ledger_is_sound(db: None):
    assert run()[0] == 0


def test_verifying_writes_nothing(scene: Scene):
    before = everything()
    with unguarded():
        update(Posting, scene.booked.postings[0].pk, amount=-TEN - CENT)
    damaged = everything()
    assert damaged != before
    run()
    assert everything() == damaged


def test_what_is_broken_is_listed_for_people_and_ends_with_exit_code_1(scene: Scene):
    with unguarded():
        update(Posting, scene.booked.postings[0].pk, amount=-TEN - CENT)
    code, said = run()
    pk = scene.booked.transaction.pk
    assert code == 1
    assert f"BROKEN 1: transaction {pk}: its postings do not sum to zero" in said
    assert "sound" not in said


@pytest.mark.parametrize("guard", guards.all_guards()[::9], ids=lambda g: g.name)
def test_a_missing_guard_is_found_by_name(scene: Scene, guard: guards.Guard):
    settle()
    guards.remove([guard])
    [found] = findings()
    assert guard.name in found["sentence"]


Damage = Callable[[Scene], tuple[str, int]]


def entry(s: Scene) -> tuple[str, int]:
    return "transaction", s.booked.transaction.pk


def cash(s: Scene) -> tuple[str, int]:
    return "wallet", s.cash


def posting_amount(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[0].pk, amount=-TEN - CENT)
    return entry(s)


def posting_base_amount(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[1].pk, base_amount=TEN - CENT)
    return entry(s)


def posting_currency(s: Scene) -> tuple[str, int]:
    update(Posting, s.booked.postings[1].pk, currency="USD")
    return entry(s)


def posting_deleted(s: Scene) -> tuple[str, int]:
    delete(PostingShare, s.booked.shares[0].pk)
    delete(Posting, s.booked.postings[1].pk)
    return entry(s)


def posting_added(s: Scene) -> tuple[str, int]:
    posting_on(s.booked, s)
    return entry(s)


def postings_all_deleted(s: Scene) -> tuple[str, int]:
    delete(PostingShare, s.booked.shares[0].pk)
    update(Wallet, s.cash, last_posting=None)
    for posting in s.booked.postings:
        delete(Posting, posting.pk)
    return entry(s)


def balance_moved(s: Scene) -> tuple[str, int]:
    shift(s.cash, CENT, None)
    return cash(s)


def balance_of_an_unused_wallet(s: Scene) -> tuple[str, int]:
    shift(s.anns, CENT, None)
    return "wallet", s.anns


def balance_moved_by_a_draft(s: Scene) -> tuple[str, int]:
    move_balances(s.draft)
    return cash(s)


def held_for_nothing(s: Scene) -> tuple[str, int]:
    update(Wallet, s.cash, held=CENT)
    return cash(s)


def pending_not_held(s: Scene) -> tuple[str, int]:
    flip(s.draft, "pending_approval")
    return cash(s)


def below_its_limit(s: Scene) -> tuple[str, int]:
    update(Wallet, s.cash, overdraft_limit=TEN - CENT)
    return cash(s)


def reversed_by_nothing(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, status="reversed")
    return entry(s)


def executed_though_reversed(s: Scene) -> tuple[str, int]:
    update(Transaction, s.reversed.transaction.pk, status="executed")
    return "transaction", s.reversed.transaction.pk


def reversal_of_a_reversal(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, reverses=s.reversal.transaction)
    update(Transaction, s.reversal.transaction.pk, status="reversed")
    return entry(s)


def reversal_of_a_half(s: Scene) -> tuple[str, int]:
    half = TEN / 2
    lines = line(s.cash, half), line(s.cash, -half, category=s.food, shares={s.author: -half})
    found = drafted(s.house, *lines, from_wallet_id=s.cash, reverses=s.booked.transaction)
    move_balances(found)
    flip(found)
    flip(s.booked, "reversed")
    return "transaction", found.transaction.pk


def share_amount(s: Scene) -> tuple[str, int]:
    """A share that no longer makes its posting, with the totals made to fit it."""
    update(PostingShare, s.booked.shares[0].pk, amount=TEN - CENT)
    total = MonthTotal.objects.get(wallet_id=s.cash, member_id=s.author, category_id=s.food)
    update(MonthTotal, total.pk, amount=total.amount - CENT)
    return cash(s)


def month_total_amount(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, amount=TEN + CENT)
    return cash(s)


def month_total_base_amount(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, base_amount=TEN + CENT)
    return cash(s)


def month_total_deleted(s: Scene) -> tuple[str, int]:
    delete(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk)
    return cash(s)


def month_total_of_another_month(s: Scene) -> tuple[str, int]:
    update(MonthTotal, MonthTotal.objects.get(wallet_id=s.cash).pk, month="1999-01-01")
    return cash(s)


def wallet_month_amount(s: Scene) -> tuple[str, int]:
    update(WalletMonth, WalletMonth.objects.get(wallet_id=s.cash).pk, amount=CENT)
    return cash(s)


def wallet_month_deleted(s: Scene) -> tuple[str, int]:
    delete(WalletMonth, WalletMonth.objects.get(wallet_id=s.cash).pk)
    return cash(s)


def date_moved_to_another_month(s: Scene) -> tuple[str, int]:
    update(Transaction, s.booked.transaction.pk, occurred_on="1999-01-01")
    return cash(s)


DAMAGES: list[tuple[int, Damage]] = [
    (1, posting_amount),
    (1, posting_base_amount),
    (1, posting_currency),
    (1, posting_deleted),
    (1, posting_added),
    (1, postings_all_deleted),
    (2, balance_moved),
    (2, balance_of_an_unused_wallet),
    (2, balance_moved_by_a_draft),
    (2, held_for_nothing),
    (2, pending_not_held),
    (4, reversed_by_nothing),
    (4, executed_though_reversed),
    (4, reversal_of_a_reversal),
    (4, reversal_of_a_half),
    (6, below_its_limit),
    (9, share_amount),
    (9, month_total_amount),
    (9, month_total_base_amount),
    (9, month_total_deleted),
    (9, month_total_of_another_month),
    (9, wallet_month_amount),
    (9, wallet_month_deleted),
    (9, date_moved_to_another_month),
]


@pytest.mark.parametrize(("invariant", "damage"), DAMAGES, ids=[damage.__name__ for _, damage in DAMAGES])
def test_damage_is_found_where_it_was_done(scene: Scene, invariant: int, damage: Damage):
    with unguarded():
        entity, pk = damage(scene)
    assert (invariant, entity, pk) in [(f["invariant"], f["entity"], f["id"]) for f in findings()]


REFERENCES = [
    (Wallet, "holder"),
    (Category, "parent"),
    *((Transaction, name) for name in (
        "from_wallet", "to_wallet", "author", "last_editor", "label", "payee", "replaces", "refund_of")),
    (Posting, "wallet"),
    (Posting, "category"),
    (PostingShare, "member"),
    (MonthTotal, "wallet"),
    (MonthTotal, "category"),
    (MonthTotal, "member"),
    (WalletMonth, "family"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name"),
    REFERENCES,
    ids=[f"{m.__name__}.{name}" for m, name in REFERENCES],
)
def test_a_row_that_refers_to_another_family_is_found(scene: Scene, model: Any, name: str):
    ours = {
        Wallet: scene.anns,
        Category: scene.other,
        Transaction: scene.booked.transaction.pk,
        Posting: scene.booked.postings[1].pk,
        PostingShare: scene.booked.shares[0].pk,
    }
    theirs = scene.their_entry
    target = {
        "holder": scene.neighbour.membership,
        "author": scene.neighbour.membership,
        "last_editor": scene.neighbour.membership,
        "member": scene.neighbour.membership,
        "category": theirs.postings[1].category,
        "label": theirs.postings[1].category,
        "parent": theirs.postings[1].category,
        "payee": theirs.transaction.payee,
        "replaces": theirs.transaction,
        "refund_of": theirs.transaction,
        "family": theirs.transaction.family,
    }.get(name, theirs.postings[0].wallet)
    also = {"type": "transfer"} if name == "to_wallet" else {}
    pk = ours.get(model) or first(model)
    with unguarded():
        update(model, pk, **{name: target, **also})
    assert pk in [found["id"] for found in findings() if found["invariant"] == 5]


def test_findings_as_json_name_invariant_sentence_entity_and_id(scene: Scene):
    with unguarded():
        update(Wallet, scene.cash, held=CENT)
    [found] = findings()
    assert found == {
        "invariant": 2,
        "sentence": "what it holds is not the sum of its pending outgoing amounts",
        "entity": "wallet",
        "id": scene.cash,
    }


def test_pending_amounts_that_are_held_are_sound(scene: Scene):
    flip(scene.draft, "pending_approval")
    update(Wallet, scene.cash, held=TEN)
    assert findings() == []


@pytest.mark.parametrize("status", ["cancelled", "rejected", "expired"])
def test_what_was_never_executed_counts_for_nothing(scene: Scene, status: str):
    if status != "cancelled":
        flip(scene.draft, "pending_approval")
    flip(scene.draft, status)
    assert findings() == []
