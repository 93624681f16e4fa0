"""Many at once on one ledger, on PostgreSQL: real threads, real locks, over HTTP.

All tests of this file work on one family, each on wallets of its own; `verify` looks at all of it after each.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from families.models import Family, Membership
from families.services import close_period
from financebot.common import clock
from financebot.common.usecase import unit_of_work
from ledger.kinds import BOOKED, Status
from ledger.models import Approval, Transaction, Wallet
from ledger.verify import verify
from tests.conftest import House, Person, at_once, record, with_seconds
from tests.http import Http
from tests.ledger.hammer import Client, Scene, found
from tests.ledger.helpers import wallet_of

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

FIFTY = 50
LONG = pytest.mark.long
rounds_of_fifty = pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=LONG)])
rounds_of_few = pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=LONG)])


@pytest.fixture
def _django_db_helper(home: House) -> None:
    """In place of pytest-django's, which would empty the tables after each test."""


@pytest.fixture(scope="module")
def home(kept_house: House) -> House:
    return with_seconds(kept_house)


@pytest.fixture
def house(home: House) -> Iterator[House]:
    """That family with the policy it was founded with; its ledger is true after each test."""
    yield home
    policy(home, approvals_required=1, closed_until=None)
    assert list(verify()) == []


def policy(house: House, **fields: Any) -> None:
    Family.objects.filter(pk=house.family.pk).update(**fields)


def said(answers: list[Any]) -> Counter[Any]:
    """How many there were of each answer: the status, and the code of a refusal."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return Counter(a.status_code if a.status_code < 400 else (a.status_code, a.json()["code"]) for a in answers)


def state(wallet: Wallet) -> tuple[Decimal, Decimal]:
    """Balance and what is held."""
    row = Wallet.objects.get(pk=wallet.pk)
    return row.balance, row.held


def spend(by: Person, amount: str, wallet: Wallet, **fields: Any) -> int:
    pk: int = record(by, amount, from_wallet=wallet.pk, **fields).transaction.pk
    return pk


def posting(house: House, by: Person, **body: Any) -> Callable[[], Any]:
    return partial(by.http.post, "/transactions", family_id=house.family.pk, **body)


def calling(by: Person, pk: int, verb: str, **body: Any) -> Callable[[], Any]:
    return partial(by.http.post, f"/transactions/{pk}/{verb}", **body)


def editing(by: Person, pk: int, **changes: Any) -> Callable[[], Any]:
    return partial(by.http.patch, f"/transactions/{pk}", **changes)


def status_of(pk: int) -> str:
    return Transaction.objects.get(pk=pk).status


# Of fifty, exactly as many as may


@rounds_of_fifty
@pytest.mark.parametrize("required", [1, 2])
def test_of_fifty_approvals_as_many_succeed_as_are_needed(house, required, rounds):
    policy(house, approvals_required=required)
    approvers = [house.owner, house.adult, house.other, house.second]
    for _ in range(rounds):
        wallet = wallet_of(house.owner, opening_balance=Decimal(1000))
        entry = spend(house.member, "600.00", wallet)
        assert state(wallet) == (1000, 600)
        answers = at_once([calling(approvers[n % 4], entry, "confirm") for n in range(FIFTY)])
        assert said(answers) == {200: required, (409, "already_decided"): FIFTY - required}
        assert sorted(a.json()["status"] for a in answers if a.status_code == 200) == sorted(
            ["executed", "pending_approval"][:required]
        )
        assert state(wallet) == (400, 0)
        approved = Approval.objects.filter(transaction=entry).values_list("approver", flat=True)
        assert len(approved) == len(set(approved)) == required


@rounds_of_fifty
def test_of_fifty_approvals_by_one_person_where_two_are_needed_one_counts(house, rounds):
    policy(house, approvals_required=2)
    for _ in range(rounds):
        wallet = wallet_of(house.owner)
        entry = spend(house.member, "600.00", wallet)
        answers = at_once([calling(house.adult, entry, "confirm") for _ in range(FIFTY)])
        assert said(answers) == {200: 1, (409, "already_decided"): FIFTY - 1}
        assert status_of(entry) == Status.PENDING_APPROVAL
        assert state(wallet) == (0, 600)


@rounds_of_fifty
@pytest.mark.parametrize(("verb", "by"), [("reverse", ["owner", "second"]), ("undo", ["adult"])])
def test_of_fifty_reversals_exactly_one_succeeds(house, verb, by, rounds):
    for _ in range(rounds):
        wallet = wallet_of(house.owner)
        entry = spend(house.adult, "10.00", wallet)
        answers = at_once([calling(house.people[by[n % len(by)]], entry, verb) for n in range(FIFTY)])
        assert said(answers) == {200: 1, (409, "already_reversed"): FIFTY - 1}
        assert state(wallet) == (0, 0)
        assert Transaction.objects.filter(reverses=entry).count() == 1


@rounds_of_fifty
@pytest.mark.parametrize("role", ["member", "child"])
def test_of_fifty_spends_as_many_execute_as_the_limit_allows_and_the_others_wait(house, role, rounds):
    someone = house.people[role]
    membership = Membership.objects.filter(pk=someone.membership.pk)
    for _ in range(rounds):
        wallet = wallet_of(house.owner, holder_id=someone.membership.pk)
        spent = Transaction.objects.spent_by(someone.membership.pk, since=clock.now() - timedelta(days=7))
        membership.update(spending_limit=spent.base_sum() + 100)
        answers = at_once([posting(house, someone, amount="3.00", from_wallet_id=wallet.pk)] * FIFTY)
        assert said(answers) == {201: FIFTY}
        assert Counter(a.json()["status"] for a in answers) == {"executed": 33, "pending_approval": 17}
        assert state(wallet) == (-99, 51)
        assert Transaction.objects.filter(from_wallet=wallet).count() == FIFTY
    membership.update(spending_limit=None)


@rounds_of_fifty
def test_of_fifty_spends_no_more_succeed_than_an_allowance_has(house, rounds):
    for _ in range(rounds):
        wallet = wallet_of(
            house.owner, type="allowance", holder_id=house.child.membership.pk, opening_balance=Decimal(100)
        )
        answers = at_once([posting(house, house.child, amount="3.00", from_wallet_id=wallet.pk)] * FIFTY)
        assert said(answers) == {201: 33, (422, "insufficient_funds"): 17}
        assert state(wallet) == (1, 0)


# Two against each other: one of them comes first, and the other sees what it did


@rounds_of_few
def test_nobody_approves_what_was_edited_since_they_looked(house, rounds):
    won: Counter[str] = Counter()
    for _ in range(3 * rounds):
        wallet = wallet_of(house.owner)
        entry = spend(house.adult, "600.00", wallet)
        approve, edit = at_once(
            [calling(house.owner, entry, "confirm", version=1), editing(house.adult, entry, amount="700.00")]
        )
        head = Transaction.objects.get(pk=entry)
        if approve.status_code == 200:
            won["approval"] += 1
            assert (head.status, head.amount) == (Status.EXECUTED, 600)
            assert (edit.status_code, edit.json()["status"]) == (200, "pending_approval")
            assert edit.json()["replaces_id"] == entry
            assert state(wallet) == (-600, 100)
            assert calling(house.adult, edit.json()["id"], "cancel")().status_code == 200
        else:
            won["edit"] += 1
            assert said([approve, edit]) == {(409, "changed"): 1, 200: 1}
            assert (head.status, head.amount, head.version) == (Status.PENDING_APPROVAL, 700, 2)
            assert state(wallet) == (0, 700)
    assert sum(won.values()) == 3 * rounds


@rounds_of_few
def test_nothing_is_booked_in_a_period_once_it_is_closed(house, rounds):
    for number in range(rounds):
        day = clock.today("UTC") - timedelta(days=400 - 10 * number)
        wallet = wallet_of(house.owner)
        pending = [spend(house.adult, "600.00", wallet, occurred_on=day) for _ in range(3)]
        booked = [spend(house.owner, "5.00", wallet, occurred_on=day) for _ in range(6)]
        new = {"from_wallet_id": wallet.pk, "amount": "1.00", "occurred_on": f"{day}"}
        works = [
            *[posting(house, house.owner, **new)] * 8,
            partial(house.owner.http.post, "/transactions/bulk", family_id=house.family.pk, transactions=[new] * 3),
            *[calling(house.owner, pk, "confirm") for pk in pending],
            *[calling(house.owner, pk, "reverse") for pk in booked[:3]],
            *[editing(house.owner, pk, amount="6.00") for pk in booked[3:]],
        ]
        inside = Transaction.objects.filter(occurred_on__lte=day, status__in=BOOKED)

        def close(day: Any = day, inside: Any = inside) -> list[int]:
            with unit_of_work():
                close_period(actor=house.owner.actor, through=day)
                return sorted(inside.values_list("pk", flat=True))

        *answers, at_closing = at_once([*works, close])
        assert at_closing == sorted(inside.values_list("pk", flat=True))
        assert said(answers).keys() <= {200, 201, (422, "period_closed")}
        assert posting(house, house.owner, **new)().json()["code"] == "period_closed"
        policy(house, closed_until=None)
        for pk in pending:
            calling(house.adult, pk, "cancel")()


SHARED, PRIVATE = "shared", "private"


def hide(wallet: Wallet, by: Person, visibility: str = PRIVATE) -> Any:
    return by.http.patch(f"/wallets/{wallet.pk}", visibility=visibility)


@rounds_of_few
def test_nobody_is_shown_a_wallet_or_its_rows_while_it_is_private(house, rounds):
    """A read is judged when the wallet stayed as it was from before it began until after it ended."""
    wallet = wallet_of(house.owner, holder_id=house.adult.membership.pk)
    entry = spend(house.adult, "5.00", wallet)
    turn = [0]  # counted up before and after each change: odd while one is under way
    looked = {name: threading.Semaphore(0) for name in ("owner", "other")}
    over = threading.Event()
    paths = {
        "/wallets": lambda a: any(row["id"] == wallet.pk for row in a.json()["wallets"]),
        "/wallets/summary": lambda a: any(row["id"] == wallet.pk for row in a.json()["wallets"]),
        f"/wallets/{wallet.pk}": lambda a: a.status_code == 200,
        f"/transactions/{entry}": lambda a: a.status_code == 200,
        f"/transactions?wallet={wallet.pk}": lambda a: a.json()["results"] != [],
        "/transactions?page_size=1": lambda a: any(row["id"] == entry for row in a.json()["results"]),
    }

    def flip() -> None:
        try:
            for number in range(2 * rounds):
                turn[0] += 1
                assert hide(wallet, house.adult, [PRIVATE, SHARED][number % 2]).status_code == 200
                turn[0] += 1
                for semaphore in looked.values():
                    assert semaphore.acquire(timeout=30)
        finally:
            over.set()

    def look(name: str) -> Counter[tuple[str, bool]]:
        seen: Counter[tuple[str, bool]] = Counter()
        someone, last = house.people[name].http, 0
        while not over.is_set():
            began = turn[0]
            for path, shows in paths.items():
                before = turn[0]
                shown = shows(someone.get(path))
                if before == turn[0] and before % 2 == 0:
                    private = before % 4 == 2
                    assert shown is not private, path
                    seen[path, private] += 1
            if began == turn[0] and began % 2 == 0 and began != last:
                last = began
                looked[name].release()
        return seen

    flipped, *seen = at_once([flip, partial(look, "owner"), partial(look, "other")])
    assert flipped is None, flipped
    for counts in seen:
        assert isinstance(counts, Counter), counts
        assert set(counts) == {(path, private) for path in paths for private in (True, False)}


@rounds_of_few
def test_nothing_ever_waits_on_a_private_wallet(house, rounds):
    for _ in range(rounds):
        wallet = wallet_of(house.owner, holder_id=house.adult.membership.pk)
        elsewhere = spend(house.other, "600.00", house.wallets["cash"])
        executed = spend(house.other, "5.00", house.wallets["cash"])
        draft = spend(house.adult, "600.00", wallet, later=True)
        new = {"from_wallet_id": wallet.pk, "amount": "600.00"}
        *others, hidden = at_once(
            [
                posting(house, house.adult, **new),
                posting(house, house.other, **new),
                calling(house.adult, draft, "submit"),
                editing(house.other, elsewhere, from_wallet_id=wallet.pk),
                editing(house.other, executed, amount="600.00", to_wallet_id=wallet.pk),
                partial(hide, wallet, house.adult),
            ]
        )
        private = Wallet.objects.get(pk=wallet.pk).visibility == PRIVATE
        assert said([hidden]) == ({200: 1} if private else {(409, "wallet_has_pending"): 1})
        assert said(others).keys() <= {200, 201, (422, "unknown_reference")}
        waiting = list(Transaction.objects.waiting().touching(wallet).values_list("pk", "author"))
        assert not (private and waiting)
        for pk, author in [*waiting, (elsewhere, house.other.membership.pk)]:
            [by] = [p for p in house.people.values() if p.membership and p.membership.pk == author]
            calling(by, pk, "cancel")()


@rounds_of_few
def test_refunds_at_once_are_never_more_than_the_original(house, rounds):
    for _ in range(rounds):
        wallet = wallet_of(house.owner)
        original = spend(house.owner, "10.00", wallet)
        refund = {"to_wallet_id": wallet.pk, "amount": "4.00", "refund_of": original}
        answers = at_once([posting(house, house.owner, **refund), posting(house, house.adult, **refund)] * 4)
        assert said(answers) == {201: 2, (422, "refund_too_large"): 6}
        assert state(wallet) == (-2, 0)


@rounds_of_few
def test_of_a_refund_and_the_reversal_of_its_original_one_succeeds(house, rounds):
    for _ in range(3 * rounds):
        wallet = wallet_of(house.owner)
        original = spend(house.owner, "10.00", wallet)
        refund = {"to_wallet_id": wallet.pk, "amount": "10.00", "refund_of": original}
        answers = at_once([calling(house.owner, original, "reverse"), posting(house, house.adult, **refund)])
        assert said(answers) in [{200: 1, (422, "not_refundable"): 1}, {201: 1, (422, "not_reversible"): 1}]
        assert state(wallet) == (0, 0)


@rounds_of_few
@pytest.mark.parametrize(("amount", "code"), [("12.00", "already_reversed"), ("700.00", "changed")])
def test_of_replacements_at_once_exactly_one_is_made(house, amount, code, rounds):
    for _ in range(rounds):
        wallet = wallet_of(house.owner)
        entry = spend(house.adult, "10.00", wallet)
        answers = at_once([editing(house.adult, entry, amount=amount)] * 8)
        assert said(answers) == {200: 1, (409, code): 7}
        assert Transaction.objects.filter(replaces=entry).count() == 1
        assert state(wallet) == ((-12, 0) if code == "already_reversed" else (-10, 690))
        if code == "changed":
            [made] = [a.json()["id"] for a in answers if a.status_code == 200]
            assert calling(house.adult, made, "cancel")().status_code == 200


@rounds_of_few
def test_of_a_reversal_and_the_approval_of_the_replacement_that_waits_one_succeeds(house, rounds):
    for _ in range(3 * rounds):
        wallet = wallet_of(house.owner)
        entry = spend(house.adult, "10.00", wallet)
        replacement = editing(house.adult, entry, amount="700.00")().json()["id"]
        reverse, approve = at_once(
            [calling(house.owner, entry, "reverse"), calling(house.second, replacement, "confirm")]
        )
        assert status_of(entry) == Status.REVERSED
        if approve.status_code == 200:
            assert said([reverse]) == {(409, "already_reversed"): 1}
            assert (status_of(replacement), *state(wallet)) == (Status.EXECUTED, -700, 0)
        else:
            assert said([reverse, approve]) == {200: 1, (409, "already_decided"): 1}
            assert (status_of(replacement), *state(wallet)) == (Status.CANCELLED, 0, 0)


# Everything at once


def sending(http: Http) -> Any:
    def send(method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        answer = http.call(method, path, body, headers)
        return answer.status_code, answer.json() if answer.content else None

    return send


@pytest.mark.parametrize("calls", [40, pytest.param(600, marks=LONG)])
def test_eight_who_do_everything_at_once_deadlock_nowhere_and_leave_a_true_ledger(house, calls):
    roles = ("owner", "adult", "member", "second", "other", "child", "owner", "adult")
    opened = {"name": "Open", "opening_balance": Decimal(1000)}
    scene = Scene(
        family=house.family.pk,
        wallets={
            "cash": wallet_of(house.owner, **opened).pk,
            "bank": wallet_of(house.owner, **opened, overdraft_limit=Decimal(500)).pk,
            "dollars": wallet_of(house.owner, currency="USD").pk,
            "annes": wallet_of(house.owner, holder_id=house.adult.membership.pk).pk,
            "members": wallet_of(house.owner, holder_id=house.member.membership.pk, **opened).pk,
            "pocket": wallet_of(house.owner, type="allowance", holder_id=house.child.membership.pk, **opened).pk,
            "spare": wallet_of(house.owner).pk,
        },
        members={name: house.people[name].membership.pk for name in set(roles)},
        categories=[house.categories["expense"].pk, house.categories["income"].pk],
    )
    limited = Membership.objects.filter(pk__in=[scene.members["member"], scene.members["child"]])
    limited.update(spending_limit=Decimal(200))
    clients = [Client(scene, role, sending(house.people[role].http), seed) for seed, role in enumerate(roles)]
    assert at_once([partial(client.work, calls) for client in clients]) == [None] * len(clients)
    limited.update(spending_limit=None)
    answers = found(clients)
    assert {status // 100 for _, status in answers} == {2, 4}
