"""`manage.py verify_ledger`: it says sound when it is, and finds what was damaged with the guards away."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import models

from families.models import Membership
from families.services import close_period
from financebot.common import clock, guards
from financebot.common.usecase import unit_of_work
from ledger import guards as guards_of_ledger
from ledger.models import Posting, Wallet, WalletMonth
from ledger.verify import CHECKS, STEPS, verify
from tests.conftest import House
from tests.ledger.damages import DAMAGES, Damage
from tests.ledger.foreign import theirs, unbooked
from tests.ledger.helpers import TEN, everything, flip, ledger_models, say, settle, unguarded
from tests.ledger.provocations import CENT, Scene, build_scene, update
from tests.ledger.provocations_of_approvals import edit

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


@pytest.mark.parametrize(("invariant", "damage"), DAMAGES, ids=[damage.__name__ for _, damage in DAMAGES])
def test_damage_is_found_where_it_was_done(scene: Scene, invariant: int, damage: Damage):
    with unguarded():
        entity, pk = damage(scene)
    assert (invariant, entity, pk) in [(f["invariant"], f["entity"], f["id"]) for f in findings()]


TABLES = {model._meta.db_table: model for model in ledger_models()}
REFERENCES = [(TABLES[table], column) for table, columns in guards_of_ledger.REFERENCES.items() for column in columns]


@pytest.mark.parametrize(("model", "column"), REFERENCES, ids=[f"{m.__name__}.{column}" for m, column in REFERENCES])
def test_a_row_that_refers_to_another_family_is_found(scene: Scene, model: Any, column: str):
    also = {
        "to_wallet_id": {"type": "transfer"},
        "merged_into_id": {"archived_at": clock.now()},
        "wallet_id": {"month": "1999-01-01"} if model is WalletMonth else {},
    }.get(column, {})
    pk = unbooked(scene, model).pk
    with unguarded():
        update(model, pk, **{column: theirs(scene, column)}, **also)
    assert pk in [found["id"] for found in findings() if found["invariant"] == 5]


def test_all_that_refers_to_a_row_of_a_family_is_looked_at():
    """But what is a family's own, and the witness of a balance, which has a guard of its own."""
    families = {model for model in ledger_models() if any(f.name == "family" for f in model._meta.fields)}
    found = {
        (model, field.attname)
        for model in families
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in {*families, Membership}
    }
    assert found - set(REFERENCES) == {(Wallet, "last_posting_id")}


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


def test_a_pending_replacement_that_holds_what_it_takes_more_is_sound(scene: Scene):
    entry = scene.house.spend("10", by="member")
    edit(scene.house.member, entry, amount=Decimal(600))
    assert Wallet.objects.get(pk=scene.cash).held == 590
    assert findings() == []


@pytest.mark.parametrize("status", ["cancelled", "rejected", "expired"])
def test_what_was_never_executed_counts_for_nothing(scene: Scene, status: str):
    if status != "cancelled":
        flip(scene.draft, "pending_approval")
    if status == "rejected":
        say(scene.draft, scene.house.adult, "rejected")
    flip(scene.draft, status)
    assert findings() == []


def test_what_was_booked_before_its_period_was_closed_is_sound(scene: Scene):
    with unit_of_work():
        close_period(actor=scene.house.owner.actor, through=clock.today("UTC"))
    assert findings() == []


def test_each_of_the_nine_is_asked():
    assert {check.invariant for check in CHECKS} == set(range(1, 10))
    assert {invariant for invariant, _damage in DAMAGES} | {5} == set(range(1, 10))


def test_a_step_is_told_for_each_check(scene: Scene):
    steps: list[None] = []
    assert list(verify(lambda: steps.append(None))) == []
    assert len(steps) == STEPS


def test_the_bar_shows_on_a_terminal_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    run()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    run()
    assert "checks" in capsys.readouterr().err
