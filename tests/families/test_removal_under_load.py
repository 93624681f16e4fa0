"""Rights under concurrency: what a removal stops, who is left as owner, and the order in which locks are taken."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.passwords import prove
from accounts.services import erase_account
from audit.trail import Actor
from delivery import services as delivery_services
from families import services as family_services
from families.models import Membership
from families.roles import Role
from families.services import edit_member, remove_member, suspend_member
from financebot.common import clock
from financebot.common.errors import NotFound, PermissionDenied
from financebot.common.usecase import unit_of_work
from ledger import services as ledger_services
from ledger.kinds import PENDING_LIFE
from ledger.models import Transaction
from ledger.rules import Draft
from ledger.services import create_wallet
from tests.conftest import House, Person, build_house, founder_of, join, person, record
from tests.factories import PASSWORD
from tests.families.helpers import edit, invite, until, waiting_for
from tests.ledger.helpers import want_approval
from tests.permission_table_of_telegram import asked

pytestmark = pytest.mark.postgres

WRITERS, WRITES_EACH = 6, 400


def wallet_of(owner: Any) -> Any:
    with unit_of_work():
        return create_wallet(actor=owner.actor, fields={"name": "Cash", "type": "cash"})


def demote_member(*, actor: Actor, membership_id: int) -> None:
    edit_member(actor=actor, membership_id=membership_id, changes={"role": Role.READ_ONLY}, version=None)


@pytest.mark.parametrize(
    ("end", "refusal"), [(remove_member, NotFound), (suspend_member, NotFound), (demote_member, PermissionDenied)]
)
def test_no_write_of_a_member_commits_after_their_removal_and_it_does_not_starve(threads, end, refusal):
    owner = founder_of()
    adult = join(owner, "adult")
    wallet = wallet_of(owner)
    under_way = threading.Semaphore(0)

    def write() -> int:
        for done in range(WRITES_EACH):
            try:
                record(adult, "1.00", to_wallet=wallet.pk)
            except refusal:
                return done
            under_way.release()
        return WRITES_EACH

    def remove() -> int:
        for _ in range(2 * WRITERS):
            assert under_way.acquire(timeout=10)
        with unit_of_work():
            end(actor=owner.actor, membership_id=adult.membership.pk)
        return Transaction.objects.count()

    *written, at_removal = threads([*[write] * WRITERS, remove])
    assert all(isinstance(count, int) for count in [*written, at_removal]), (written, at_removal)
    assert Transaction.objects.count() == at_removal == sum(written)
    assert max(written) < WRITES_EACH, "the removal came only when there was nobody left to wait for"


def test_who_comes_after_a_waiting_removal_waits_behind_it(threads):
    owner = founder_of()
    adult = join(owner, "adult")
    wallet = wallet_of(owner)
    family = owner.membership.family_id
    first_holds, removal_waits = threading.Event(), threading.Event()

    def first() -> None:
        with unit_of_work():
            ledger_services.create_category(actor=adult.actor, fields={"name": "Pets", "kind": "expense"})
            first_holds.set()
            until(lambda: waiting_for(family) == 1, "the removal to wait")
            removal_waits.set()
            until(lambda: waiting_for(family) == 2, "the later writer to wait behind it")

    def remove() -> None:
        assert first_holds.wait(10)
        with unit_of_work():
            remove_member(actor=owner.actor, membership_id=adult.membership.pk)

    def later() -> None:
        assert removal_waits.wait(10)
        record(adult, "1.00", to_wallet=wallet.pk)

    outcomes = threads([first, remove, later])
    assert outcomes[:2] == [None, None]
    assert isinstance(outcomes[2], NotFound)
    assert not Transaction.objects.exists()


def owners_of(family_id: int) -> int:
    return Membership.objects.filter(family_id=family_id, role="owner", state="active").count()


def demote(by: Any, other: Any) -> None:
    edit_member(actor=by.actor, membership_id=other.membership.pk, changes={"role": "adult"}, version=None)


def suspend(by: Any, other: Any) -> None:
    suspend_member(actor=by.actor, membership_id=other.membership.pk)


def remove(by: Any, other: Any) -> None:
    remove_member(actor=by.actor, membership_id=other.membership.pk)


def leave(by: Any, other: Any) -> None:
    remove_member(actor=by.actor, membership_id=by.membership.pk)


@pytest.mark.parametrize("act", [demote, suspend, remove, leave])
@pytest.mark.parametrize("_round", range(3))
def test_of_two_owners_at_each_other_exactly_one_is_left(threads, act, _round):
    one = founder_of()
    two = join(one, "owner")

    def against(by: Any, other: Any) -> Callable[[], None]:
        def run() -> None:
            with unit_of_work():
                act(by, other)

        return run

    outcomes = threads([against(one, two), against(two, one)])
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert owners_of(one.membership.family_id) == 1
    expected = {"demote": "PermissionDenied", "leave": "LastOwner"}.get(act.__name__, "NotFound")
    assert [type(outcome).__name__ for outcome in refused] == [expected]


ORDER = [
    "family",
    "accounts_user",
    "families_membership",
    "families_invitation",
    "ledger_transaction",
    "ledger_wallet",
    "ledger_monthtotal",
    "ledger_walletmonth",
]
ADVISORY = re.compile(r"SELECT pg_advisory_xact_lock(_shared)?\(")
ROW_LOCK = re.compile(r'FROM "(\w+)" .*FOR (NO KEY UPDATE|UPDATE|SHARE|KEY SHARE)', re.DOTALL)
UPSERT = re.compile(r"INSERT INTO (ledger_monthtotal|ledger_walletmonth) ")


class Locks:
    """Notes, in order, what each statement locks, and which rows."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.rows: dict[str, list[int]] = {}
        self.unordered: list[str] = []
        self.strengths: set[str] = set()
        self.modes: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if advisory := ADVISORY.search(sql):
            self.taken.append("family")
            self.modes.append("shared" if advisory[1] else "alone")
        elif row := ROW_LOCK.search(sql):
            self.taken.append(row[1])
            self.strengths.add(row[2])
            if f'ORDER BY "{row[1]}"."id" ASC' not in sql and f'"{row[1]}"."id" = %s' not in sql:
                self.unordered.append(sql)
        elif upsert := UPSERT.search(sql):
            self.taken.append(upsert[1])
        return execute(sql, params, many, context)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note the ids as well, each once, when it is locked first."""
        fetch = QuerySet._fetch_all

        def noting(queryset: Any) -> None:
            known = queryset._result_cache is not None
            fetch(queryset)
            if queryset.query.select_for_update and not known:
                rows = self.rows.setdefault(queryset.model._meta.db_table, [])
                rows += [row.pk for row in queryset._result_cache if row.pk not in rows]

        with patch.object(QuerySet, "_fetch_all", noting), connection.execute_wrapper(self):
            yield


def member(house: House, name: str) -> int:
    return house.people[name].membership.pk


def as_owner(name: str, /, **fixed: Any) -> Callable[[House], Callable[[], Any]]:
    def prepare(house: House) -> Callable[[], Any]:
        given = {key: value(house) if callable(value) else value for key, value in fixed.items()}
        places = (family_services, ledger_services, delivery_services)
        use_case = next(getattr(place, name) for place in places if hasattr(place, name))
        return lambda: use_case(actor=house.owner.actor, **given)

    return prepare


def accepting(house: House) -> Callable[[], Any]:
    token, guest = invite(house.owner, "child").token, person()
    return lambda: family_services.accept_invitation(actor=guest.actor, token=token)


def restoring_family(house: House) -> Callable[[], Any]:
    with unit_of_work():
        family_services.archive_family(actor=house.owner.actor)
    return lambda: family_services.restore_family(actor=house.owner.actor)


def restoring_wallet(house: House) -> Callable[[], Any]:
    wallet = house.wallets["cash"].pk
    with unit_of_work():
        ledger_services.archive_wallet(actor=house.owner.actor, wallet_id=wallet)
    return lambda: ledger_services.restore_wallet(actor=house.owner.actor, wallet_id=wallet)


def consenting(house: House) -> Callable[[], Any]:
    asked(house)
    return as_owner("consent_to_telegram", membership_id=member(house, "child"))(house)


def closed(house: House) -> House:
    with unit_of_work():
        family_services.close_period(actor=house.owner.actor, through=date(2025, 12, 31))
    return house


def category(house: House, **fields: Any) -> int:
    with unit_of_work():
        fields = {"name": "Pets", "kind": "expense", **fields}
        return ledger_services.create_category(actor=house.owner.actor, fields=fields).pk


def archived_category(house: House) -> int:
    found = category(house)
    with unit_of_work():
        ledger_services.archive_category(actor=house.owner.actor, category_id=found)
    return found


def category_with_all(house: House) -> int:
    """A category with a child and one that was merged into it."""
    found = category(house)
    merged = category(house)
    category(house, parent_id=found)
    with unit_of_work():
        ledger_services.merge_category(actor=house.owner.actor, category_id=merged, into=found)
    return found


def transferring(house: House) -> Callable[[], Any]:
    wallets = {"from_wallet": house.wallets["members"].pk, "to_wallet": house.wallets["cash"].pk}
    draft = Draft(amount=Decimal(5), **wallets)
    return lambda: ledger_services.create_transaction(actor=house.owner.actor, draft=draft)


def entry(house: House) -> int:
    return house.move("5.00", "cash", "anns").transaction.pk


def limited(house: House) -> Person:
    """The member, whose spending limit has the membership locked too."""
    Membership.objects.filter(pk=member(house, "member")).update(spending_limit=Decimal(100))
    return house.member


def refunding_many(house: House) -> Callable[[], Any]:
    """By one with a limit, refunds of two entries, the later one first, and an expense."""
    by = limited(house)
    edit(house.owner, by, grant=["bulk_transactions"])
    originals = [house.spend("5.00", by="member").transaction.pk for _ in range(2)]
    refunds = [Draft(Decimal(1), to_wallet=cash(house), refund_of=pk) for pk in reversed(originals)]
    expense = Draft(Decimal(5), from_wallet=house.wallets["members"].pk)
    return lambda: ledger_services.create_transactions(actor=by.actor, drafts=[*refunds, expense])


def submitting(house: House) -> Callable[[], Any]:
    original = house.spend("5.00", by="member").transaction.pk
    draft = record(limited(house), "1.00", to_wallet=cash(house), refund_of=original, later=True).transaction.pk
    return lambda: ledger_services.submit_transaction(actor=house.member.actor, transaction_id=draft)


def waiting(house: House) -> int:
    return house.move("600.00", "cash", "anns", by="adult").transaction.pk


def change(by: Person, pk: int, **changes: Any) -> Any:
    return ledger_services.edit_transaction(actor=by.actor, transaction_id=pk, changes=changes, version=None)


def replacing_later(house: House) -> tuple[int, int]:
    """An executed transfer, and the replacement of it that waits, onto other wallets."""
    original = house.move("5.00", "cash", "anns", by="adult").transaction.pk
    with unit_of_work():
        found = change(house.adult, original, amount=Decimal(700), to_wallet=house.wallets["members"].pk)
    return original, found.pk


def deciding(name: str, **words: Any) -> Callable[[House], Callable[[], Any]]:
    """Of a replacement that waits: what it replaces is locked too."""
    return lambda house: as_owner(name, transaction_id=replacing_later(house)[1], **words)(house)


def cancelling(house: House) -> Callable[[], Any]:
    pk = replacing_later(house)[1]
    return lambda: ledger_services.cancel_transaction(actor=house.adult.actor, transaction_id=pk)


def expiring(house: House) -> Callable[[], Any]:
    pk = replacing_later(house)[1]
    Transaction.objects.filter(pk=pk).update(pending_since=clock.now() - PENDING_LIFE - timedelta(days=1))
    return lambda: ledger_services.expire_transaction(actor=Actor.clock(house.family.pk), transaction_id=pk)


def reversing_replaced(house: House) -> Callable[[], Any]:
    """The replacement that waits falls with it."""
    return as_owner("reverse_transaction", transaction_id=replacing_later(house)[0], reason="")(house)


def editing_draft(house: House) -> Callable[[], Any]:
    draft = record(limited(house), "5.00", from_wallet=house.wallets["members"].pk, later=True).transaction.pk
    return lambda: change(house.member, draft, amount=Decimal(6), from_wallet=cash(house))


def editing_pending(house: House) -> Callable[[], Any]:
    pk = replacing_later(house)[1]
    return lambda: change(house.adult, pk, amount=Decimal(800), payee="Shop", tags=("b", "a"))


def replacing(house: House) -> Callable[[], Any]:
    by = limited(house)
    pk = record(by, "5.00", from_wallet=house.wallets["members"].pk).transaction.pk
    return lambda: change(by, pk, amount=Decimal(6), from_wallet=cash(house), payee="Shop", tags=("b", "a"))


def replacing_refund(house: House) -> Callable[[], Any]:
    original = house.spend("5.00").transaction.pk
    refund = house.earn("1.00", refund_of=original).transaction.pk
    return lambda: change(house.owner, refund, amount=Decimal(2))


def replacing_above_threshold(house: House) -> Callable[[], Any]:
    pk = house.move("5.00", "cash", "anns", by="adult").transaction.pk
    return lambda: change(house.adult, pk, amount=Decimal(700), to_wallet=house.wallets["members"].pk)


def sharing_anew(house: House) -> Callable[[], Any]:
    pk = house.spend("5.00").transaction.pk
    whom = tuple((member(house, name), Decimal(1)) for name in ("child", "adult"))
    return lambda: change(house.owner, pk, for_members=whom)


def reconciling(house: House) -> Callable[[], Any]:
    """By one with a limit, whom an owner has given the right."""
    by = limited(house)
    edit(house.owner, by, grant=["reconcile_wallet"])
    wallet = house.wallets["members"].pk
    return lambda: ledger_services.reconcile_wallet(
        actor=by.actor, wallet_id=wallet, statement_balance=Decimal(7), day=None
    )


def cash(house: House) -> int:
    return house.wallets["cash"].pk


SHARED, ALONE = "shared", "alone"
SUMS = ("ledger_monthtotal", "ledger_walletmonth")


def erasing(house: House) -> Any:
    """An adult with something hidden, and something that waits."""
    house.earn("5.00", "secret", by="adult", payee="Bakery")
    want_approval(house)
    house.earn("50.00", "cash")
    house.spend("5.00", "cash", by="adult")
    return partial(erase_account, actor=house.adult.actor, proof=prove(house.adult.user, PASSWORD))


USE_CASES = {
    "create_family": (None, as_owner("create_family", name="Two", base_currency="EUR", timezone="UTC")),
    "edit_family": (ALONE, as_owner("edit_family", changes={"name": "New"}, version=None)),
    "archive_family": (ALONE, as_owner("archive_family")),
    "restore_family": (ALONE, restoring_family),
    "transfer_ownership": (ALONE, as_owner("transfer_ownership", membership_id=lambda h: member(h, "adult"))),
    "close_period": (ALONE, as_owner("close_period", through=date(2025, 12, 31))),
    "reopen_period": (ALONE, lambda house: as_owner("reopen_period", through=None)(closed(house))),
    "edit_member": (
        ALONE,
        as_owner("edit_member", membership_id=lambda h: member(h, "adult"), changes={"role": "owner"}, version=None),
    ),
    "consent_to_telegram": (SHARED, consenting),
    "suspend_member": (ALONE, as_owner("suspend_member", membership_id=lambda h: member(h, "adult"))),
    "resume_member": (ALONE, as_owner("resume_member", membership_id=lambda h: member(h, "suspended"))),
    "remove_member": (ALONE, as_owner("remove_member", membership_id=lambda h: member(h, "adult"))),
    "erase_account": (ALONE, erasing),
    "create_invitation": (SHARED, as_owner("create_invitation", role=Role.CHILD, email=None)),
    "revoke_invitation": (
        SHARED,
        as_owner("revoke_invitation", invitation_id=lambda h: invite(h.owner, "child").invitation.pk),
    ),
    "accept_invitation": (ALONE, accepting),
    "create_wallet": (SHARED, as_owner("create_wallet", fields={"name": "New", "type": "cash"})),
    "edit_wallet": (SHARED, as_owner("edit_wallet", wallet_id=cash, changes={"name": "New"}, version=None)),
    "archive_wallet": (SHARED, as_owner("archive_wallet", wallet_id=cash)),
    "restore_wallet": (SHARED, restoring_wallet),
    "create_category": (SHARED, as_owner("create_category", fields={"name": "Pets", "kind": "expense"})),
    "edit_category": (
        ALONE,
        as_owner("edit_category", category_id=category, changes={"parent_id": None, "name": "New"}, version=None),
    ),
    "archive_category": (ALONE, as_owner("archive_category", category_id=category)),
    "restore_category": (ALONE, as_owner("restore_category", category_id=archived_category)),
    "merge_category": (ALONE, as_owner("merge_category", category_id=category_with_all, into=category)),
    "set_rate": (
        ALONE,
        as_owner("set_rate", fields={"base": "USD", "quote": "EUR", "rate": Decimal("0.92")}),
    ),
    "create_transaction": (SHARED, transferring),
    "create_transactions": (SHARED, refunding_many),
    "submit_transaction": (SHARED, submitting),
    "confirm_transaction": (SHARED, as_owner("confirm_transaction", transaction_id=waiting, token=None, version=None)),
    "confirm_transaction: a replacement": (SHARED, deciding("confirm_transaction", token=None, version=None)),
    "reject_transaction": (SHARED, deciding("reject_transaction", reason="")),
    "cancel_transaction": (SHARED, cancelling),
    "expire_transaction": (SHARED, expiring),
    "reconcile_wallet": (SHARED, reconciling),
    "edit_transaction: for whom": (SHARED, sharing_anew),
    "edit_transaction: a draft": (SHARED, editing_draft),
    "edit_transaction: a pending one": (SHARED, editing_pending),
    "edit_transaction: a replacement at once": (SHARED, replacing),
    "edit_transaction: a replacement of a refund": (SHARED, replacing_refund),
    "edit_transaction: a replacement that waits": (SHARED, replacing_above_threshold),
    "reverse_transaction: with a replacement that waits": (SHARED, reversing_replaced),
    "edit_transaction": (
        SHARED,
        as_owner("edit_transaction", transaction_id=entry, changes={"payee": "Shop", "tags": ["a"]}, version=None),
    ),
    "reverse_transaction": (SHARED, as_owner("reverse_transaction", transaction_id=entry, reason="")),
    "undo_transaction": (SHARED, as_owner("undo_transaction", transaction_id=entry, reason="")),
    "issue_ticket": (SHARED, as_owner("issue_ticket")),
    "open_stream": (SHARED, as_owner("open_stream", ticket="")),
    "remove_transaction": (SHARED, as_owner("remove_transaction", transaction_id=entry, reason="")),
}


def test_every_use_case_on_a_family_stands_in_the_table_of_locks():
    named = {name.partition(":")[0] for name in USE_CASES}
    others = {"issue_ticket", "open_stream", "erase_account"}
    assert named == {*family_services.__all__, *ledger_services.__all__, *others}


@pytest.mark.django_db
@pytest.mark.parametrize("name", USE_CASES)
def test_a_use_case_takes_its_locks_in_the_one_order(name):
    mode, prepare = USE_CASES[name]
    run, locks = prepare(build_house()), Locks()
    with locks.watching(), unit_of_work():
        run()
    assert set(locks.taken) <= set(ORDER), "a lock on something that has no place in the order"
    ranks = [ORDER.index(table) for table in locks.taken]
    assert ranks == sorted(ranks), locks.taken
    assert locks.modes == ([mode] if mode else [])
    assert locks.strengths <= {"NO KEY UPDATE"}
    assert not locks.unordered
    for table, ids in locks.rows.items():
        assert ids == sorted(ids), f"{table}: rows are locked in ascending order, statement by statement too"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("create_family", ["accounts_user"]),
        ("transfer_ownership", ["family", "accounts_user", "families_membership"]),
        ("consent_to_telegram", ["family", "accounts_user", "families_membership"]),
        ("remove_member", ["family", "accounts_user", "families_membership", "ledger_transaction", "ledger_wallet"]),
        ("erase_account", ["family", "accounts_user", "families_membership", "ledger_transaction", "ledger_wallet"]),
        ("create_transaction", ["family", "ledger_wallet", "ledger_walletmonth"]),
        (
            "reverse_transaction",
            ["family", "ledger_transaction", "ledger_wallet", "ledger_walletmonth"],
        ),
        ("create_transactions", ["family", "families_membership", "ledger_transaction", "ledger_wallet", *SUMS]),
        ("submit_transaction", ["family", "families_membership", "ledger_transaction", "ledger_wallet", *SUMS]),
        ("confirm_transaction", ["family", "ledger_transaction", "ledger_wallet", "ledger_walletmonth"]),
        ("cancel_transaction", ["family", "ledger_transaction", "ledger_wallet"]),
        ("reconcile_wallet", ["family", "ledger_wallet", *SUMS]),
        (
            "edit_transaction: a replacement at once",
            ["family", "families_membership", "ledger_transaction", "ledger_wallet", *SUMS],
        ),
    ],
)
def test_the_recorder_sees_the_locks(name, expected):
    run, locks = USE_CASES[name][1](build_house()), Locks()
    with connection.execute_wrapper(locks), unit_of_work():
        run()
    assert list(dict.fromkeys(locks.taken)) == expected
