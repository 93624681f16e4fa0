"""What the database refuses, whoever asks: each guard is provoked by writes that go past every use case."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, NotSupportedError, connection, models, transaction
from django.db.models import Model

from audit.models import EventLog
from financebot.common import guards
from ledger.kinds import Status
from ledger.models import Posting, PostingShare, Transaction, Wallet
from tests.conftest import House
from tests.ledger.foreign import theirs, unbooked
from tests.ledger.helpers import (
    TEN,
    drafted,
    everything,
    flip,
    ledger_models,
    move_balances,
    say,
    settle,
    unguarded,
    unsaved,
    without,
)
from tests.ledger.provocations import (
    PROVOCATIONS,
    Provocation,
    Scene,
    build_scene,
    delete,
    first,
    spare_wallet,
    update,
)
from tests.ledger.provocations_of_approvals import OF_APPROVALS, OF_LIMITS, OF_LINKS, OF_SHARES
from tests.ledger.provocations_of_categories import OF_CATEGORIES, OF_RATES

ALL = [*PROVOCATIONS, *OF_APPROVALS, *OF_LIMITS, *OF_LINKS, *OF_SHARES, *OF_CATEGORIES, *OF_RATES]
GOES = {
    "draft": {"pending_approval", "executed", "cancelled"},
    "pending_approval": {"executed", "cancelled", "rejected", "expired"},
    "executed": {"reversed"},
}
WORDS = {"description": "Lunch", "notes": "with Ann", "payee_id": None, "search": "lunch", "version": 2}
REFERENCES = [
    (model, field.attname)
    for model in ledger_models()
    for field in model._meta.concrete_fields
    if isinstance(field, models.ForeignKey) and field.name not in {"family", "last_posting"}
]
HAVE_A_FAMILY = [m for m in ledger_models() if any(f.name == "family" for f in m._meta.fields)]


@pytest.fixture(scope="module")
def stage(built_house: House) -> Scene:
    return build_scene(built_house)


@pytest.fixture
def scene(stage: Scene, db: None) -> Scene:
    return stage


@contextmanager
def refused(*sentences: str) -> Iterator[None]:
    """Refused by a guard of one of these names or tables; and nothing is changed."""
    before = everything()
    wanted = "|".join(rf"{name}: " if " " not in name else rf": {name}\b" for name in map(_words, sentences))
    block = transaction.atomic()
    block._from_testcase = True  # use cases, whose own blocks are durable, may prepare what is refused
    with pytest.raises(IntegrityError, match=wanted), block:
        yield
    assert everything() == before


def _words(name: str) -> str:
    is_table = name in connection.introspection.table_names()
    return re.escape(name) if is_table else name.replace("_", " ")


@pytest.mark.parametrize(
    ("guard", "provoke"),
    [pytest.param(g, p, id=f"{g}-{what}".replace(" ", "-")) for g, what, p in ALL],
)
def test_a_guard_refuses_what_it_is_there_for(scene: Scene, guard: str, provoke: Provocation):
    with refused(guard):
        provoke(scene)


def test_no_guard_is_left_unprovoked():
    provoked = {guard for guard, _, _ in ALL} | {
        "ledger_starts_unbooked",
        "ledger_status_goes_forward",
    }
    with_references = {model._meta.db_table for model, _ in REFERENCES}
    with_family = {model._meta.db_table for model in HAVE_A_FAMILY}
    provoked |= {f"{table}_stays_in_its_family" for table in with_references}
    provoked |= {f"{table}_moves_to_no_other_family" for table in with_references | with_family}
    assert {guard.name for guard in guards.all_guards()} - provoked == set()


@pytest.mark.parametrize("status", ["executed", "reversed", "cancelled", "rejected", "expired"])
def test_no_entry_starts_as_anything_but_a_draft_or_a_request(scene: Scene, status: str):
    executed_at = datetime.fromisoformat("2026-05-01T12:00Z") if status in {"executed", "reversed"} else None
    with refused("ledger_starts_unbooked"):
        unsaved(scene.house.owner, from_wallet_id=scene.cash, status=status, executed_at=executed_at).save(
            force_insert=True
        )


def entry_in(scene: Scene, status: str) -> Any:
    """An entry of that status whose balances have moved, so that nothing but the status stands in its way."""
    if status in {"executed", "reversed"}:
        return scene.booked if status == "executed" else scene.reversed
    entry = drafted(scene.house)
    move_balances(entry)
    if status in {"rejected", "expired"}:
        flip(entry, "pending_approval")
    if status != "draft":
        go(scene, entry, status)
    return entry


def go(scene: Scene, entry: Any, status: str) -> None:
    """Take a status, agreed to where somebody has to."""
    waits = Transaction.objects.waiting().filter(pk=entry.transaction.pk).exists()
    if waits and status in {"executed", "rejected"}:
        say(entry, scene.house.adult, "approved" if status == "executed" else "rejected")
    flip(entry, status)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b.value, a.value) for b in Status for a in Status if a != b and a not in GOES.get(b, ())],
)
def test_no_status_goes_back_or_sideways(scene: Scene, before: str, after: str):
    entry = entry_in(scene, before)
    with refused(
        "ledger_status_goes_forward",
        "ledger_reversed_has_its_reversal",
        "ledger_balance_has_moved",
        "ledger_rejected_by_somebody",
    ):
        Transaction.objects.filter(pk=entry.transaction.pk).update(status=after)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b, a) for b in GOES for a in sorted(GOES[b]) if a != "reversed"],
)
def test_a_status_goes_forward(scene: Scene, before: str, after: str):
    entry = entry_in(scene, before)
    go(scene, entry, after)
    assert Transaction.objects.get(pk=entry.transaction.pk).status == after


def another(field: models.Field, row: Model) -> Any:
    """A value that a column does not have: of its kind, and, where it points somewhere, at some other row."""
    value = getattr(row, field.attname)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateTimeField):
        return (value or datetime.fromisoformat("2026-05-01T12:00Z")) + timedelta(seconds=1)
    if isinstance(field, models.DateField):
        return (value or date(2026, 5, 1)) + timedelta(days=1)
    if isinstance(field, models.CharField | models.TextField):
        return f"{value}x"[-(field.max_length or 100) :]
    if isinstance(field, models.JSONField):
        return {"other": 1}
    return TEN if value is None else value + 1


FIXED = [f for f in Transaction._meta.concrete_fields if f.attname not in {*WORDS, "status"}]


@pytest.mark.parametrize("field", FIXED, ids=lambda f: f.attname)
@pytest.mark.parametrize("which", ["booked", "reversed", "reversal"])
def test_no_column_of_a_booked_entry_but_its_words_ever_changes(
    scene: Scene,
    which: str,
    field: models.Field,
):
    row = getattr(scene, which).transaction
    with refused("ledger_transaction"):
        update(Transaction, row.pk, **{field.attname: another(field, row)})


@pytest.mark.parametrize("word", WORDS)
def test_the_words_of_a_booked_entry_may_change(scene: Scene, word: str):
    update(Transaction, scene.booked.transaction.pk, **{word: WORDS[word]})
    assert getattr(Transaction.objects.get(pk=scene.booked.transaction.pk), word) == WORDS[word]


NOT_FROZEN = {"position", "private"}


@pytest.mark.parametrize(
    "field",
    [f for f in EventLog._meta.concrete_fields if f.attname not in NOT_FROZEN],
    ids=lambda f: f.attname,
)
def test_no_column_of_an_event_ever_changes(scene: Scene, field: models.Field):
    row = EventLog.objects.order_by("pk").first()
    with refused("audit_event_is_append_only"):
        update(EventLog, row.pk, **{field.attname: another(field, row)})


def test_an_event_is_numbered_once_and_erased_once(scene: Scene):
    pk = first(EventLog)
    update(EventLog, pk, position=1)
    update(EventLog, pk, private=None)
    assert EventLog.objects.filter(pk=pk, position=1, private__isnull=True).exists()


def test_a_draft_may_still_lose_its_postings_and_shares(scene: Scene):
    for share in scene.draft.shares:
        delete(PostingShare, share.pk)
    for posting in scene.draft.postings:
        delete(Posting, posting.pk)
    assert not Posting.objects.filter(transaction=scene.draft.transaction).exists()


def test_a_wallet_on_which_nothing_is_booked_may_change_its_currency(scene: Scene):
    wallet = spare_wallet(scene)
    update(Wallet, wallet.pk, currency="USD")
    assert Wallet.objects.get(pk=wallet.pk).currency == "USD"


references = pytest.mark.parametrize(
    ("model", "column"), REFERENCES, ids=[f"{model._meta.db_table}.{column}" for model, column in REFERENCES]
)


STRICTER = {  # guards that refuse the same write for a reason of their own
    "transaction_id": ["ledger_posting_never_changes", "ledger_approval_is_of_what_waits"],
    "reverses_id": ["ledger_reversal_is_set_at_once"],
    "replaces_id": ["ledger_links_are_set_at_once"],
    "refund_of_id": ["ledger_links_are_set_at_once"],
}


@references
def test_a_row_that_refers_to_another_family_is_not_inserted(scene: Scene, model: type[Model], column: str):
    row = unbooked(scene, model)
    values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if not f.primary_key}
    copy = model(**{**values, column: theirs(scene, column)})
    table = model._meta.db_table
    with without(*STRICTER.get(column, [])), refused(f"{table}_stays_in_its_family"):
        copy.save_base(raw=True, force_insert=True)


@references
def test_a_row_is_not_made_to_refer_to_another_family(scene: Scene, model: type[Model], column: str):
    pk = unbooked(scene, model).pk
    stricter = ["ledger_approval_never_changes", *STRICTER.get(column, [])]
    with without(*stricter), refused(f"{model._meta.db_table}_moves_to_no_other_family"):
        update(model, pk, **{column: theirs(scene, column)})


@pytest.mark.parametrize("model", HAVE_A_FAMILY, ids=lambda m: m.__name__)
def test_no_row_of_the_ledger_moves_to_another_family(scene: Scene, model: type[Model]):
    pk = unbooked(scene, model).pk
    with (
        without("ledger_approval_never_changes"),
        refused(f"{model._meta.db_table}_moves_to_no_other_family"),
    ):
        update(model, pk, family_id=scene.neighbour.membership.family_id)


def test_every_guard_is_there_after_the_migrations(scene: Scene):
    assert guards.missing() == []


@pytest.mark.parametrize("guard", guards.all_guards(), ids=lambda g: g.name)
def test_a_guard_that_was_dropped_is_named_and_comes_back(scene: Scene, guard: guards.Guard):
    settle()
    guards.remove([guard])
    assert guards.missing() == [guard.name]
    guards.install([guard])
    assert guards.missing() == []


def test_a_migration_brings_every_guard_back(scene: Scene):
    settle()
    guards.remove(guards.all_guards())
    assert len(guards.missing()) == len(guards.all_guards()) > 40
    call_command("migrate", verbosity=0)
    assert guards.missing() == []


def test_guards_put_aside_let_everything_through_and_stand_again_afterwards(scene: Scene):
    pk = scene.booked.transaction.pk
    with unguarded():
        update(Transaction, pk, amount=TEN + TEN)
    with refused("ledger_facts_never_change"):
        update(Transaction, pk, amount=TEN)


@pytest.mark.postgres
def test_a_guard_that_is_switched_off_counts_as_missing(scene: Scene):
    settle()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER ledger_facts_never_change")
    assert guards.missing() == ["ledger_facts_never_change"]


@pytest.mark.postgres
@pytest.mark.parametrize(
    "table",
    [
        "ledger_transaction",
        "ledger_posting",
        "ledger_postingshare",
        "ledger_wallet",
        "ledger_category",
        "ledger_monthtotal",
        "ledger_walletmonth",
        "ledger_exchangerate",
        "ledger_approval",
        "audit_eventlog",
        "audit_eventsubject",
    ],
)
@pytest.mark.parametrize("words", ["", " CASCADE"])
def test_no_table_of_facts_is_emptied_at_once(scene: Scene, table: str, words: str):
    settle()
    before = everything()
    with (
        pytest.raises((IntegrityError, NotSupportedError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table}{words}")
    assert everything() == before
