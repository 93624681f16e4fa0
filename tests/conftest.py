"""What every test may ask for: a clean ledger and the cast, one family with all its roles and those outside it."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as own
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection, transaction
from hypothesis import settings

from accounts.models import LoginSession, User
from accounts.tokens import pair
from audit.trail import Actor
from families.models import Family, Membership
from families.services import (
    accept_invitation,
    create_family,
    create_invitation,
    remove_member,
    suspend_member,
)
from financebot.common import clock, guards
from financebot.common.usecase import unit_of_work
from financebot.middleware import concurrency
from ledger.models import Category, Wallet
from ledger.rules import Draft
from ledger.services import create_transaction, create_wallet
from tests.factories import UserFactory
from tests.http import Http
from tests.installation import installation, migrated  # noqa: F401 - fixtures

settings.register_profile("same", derandomize=True)  # `make test`: the same examples in every run
settings.register_profile("long", max_examples=1000, stateful_step_count=50, print_blob=True)  # `make test-long`
settings.load_profile("same")

ROLES = ("owner", "adult", "member", "child", "reader")
ROLE_NAMES = {"reader": "read_only"}


@pytest.fixture(autouse=True, scope="session")
def _flush_gets_past_the_guards() -> Iterator[None]:
    """The test framework empties tables between transactional tests; append-only guards stand in its way.

    They are dropped first; `post_migrate`, which flush emits, makes them again.
    """
    handle = flush.Command.handle

    def unguarded(self: flush.Command, **options: Any) -> Any:
        guards.remove(guards.all_guards())
        return handle(self, **options)

    flush.Command.handle = unguarded
    yield
    flush.Command.handle = handle


@pytest.fixture(autouse=True, scope="session")
def _fifty_at_once_may_wait() -> None:
    """On a busy machine they queue for longer than a client should have to."""
    concurrency.WAIT_SECONDS = 60.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" not in config.option.markexpr:  # only who asks for them waits for them
        left = {"long", "once"} if connection.vendor == "postgresql" else {"long"}
        slow = [item for item in items if any(item.get_closest_marker(name) for name in left)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    if connection.vendor != "postgresql":
        reason = "needs PostgreSQL: SQLite has one writer and no row locks"
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Person:
    """Somebody of the cast: rows to look at, an `actor` for use cases, an `http` client of their own."""

    user: User
    session: LoginSession
    membership: Membership | None = None

    @property
    def actor(self) -> Actor:
        family = self.membership.family_id if self.membership else None
        return Actor(
            user=self.user.pk,
            family=family,
            membership=self.membership.pk if self.membership else None,
            session=self.session.pk,
            proof_age=timedelta(0),
            request_id="test",
        )

    @property
    def http(self) -> Http:
        return Http(pair(self.session).access_token)


@dataclass(frozen=True)
class House:
    """A family with everybody in it; `people` also holds those who have been put out and a stranger with a family.

    Wallets: `cash` of the family, `anns` held by the adult, `pocket` of the child, `secret` private to the adult,
    `members` held by the member.
    """

    family: Family
    people: dict[str, Person]
    wallets: dict[str, Wallet]
    categories: dict[str, Category]

    def __getattr__(self, name: str) -> Person:
        if name == "people" or name not in self.people:
            raise AttributeError(name)
        return self.people[name]

    def spend(self, amount: str, wallet: str = "cash", by: str = "owner", **fields: Any) -> Any:
        return record(self.people[by], amount, from_wallet=self.wallets[wallet].pk, **fields)

    def earn(self, amount: str, wallet: str = "cash", by: str = "owner", **fields: Any) -> Any:
        return record(self.people[by], amount, to_wallet=self.wallets[wallet].pk, **fields)

    def move(self, amount: str, source: str, target: str, by: str = "owner", **fields: Any) -> Any:
        wallets = {"from_wallet": self.wallets[source].pk, "to_wallet": self.wallets[target].pk}
        return record(self.people[by], amount, **wallets, **fields)


def record(person: Person, amount: str, **fields: Any) -> Any:
    """A transaction by a use case; the entry, with its postings."""
    with unit_of_work():
        return create_transaction(actor=person.actor, draft=Draft(amount=Decimal(amount), **fields))


def session_of(user: User) -> LoginSession:
    """A log-in of this moment."""
    now = clock.now()
    return LoginSession.objects.create(
        user=user,
        address="127.0.0.1",
        epoch=user.security_epoch,
        rotated_at=now,
        proof_at=now,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(days=30),
    )


def person(**fields: Any) -> Person:
    user = UserFactory(**fields)
    return Person(user, session_of(user))


def founder_of(name: str = "Home", base_currency: str = "EUR", timezone: str = "UTC", **fields: Any) -> Person:
    """Somebody new with a new family."""
    found = person(**fields)
    with unit_of_work():
        family = create_family(actor=found.actor, name=name, base_currency=base_currency, timezone=timezone)
    return replace(found, membership=Membership.objects.get(family=family, user=found.user))


def join(owner: Person, role: str, **fields: Any) -> Person:
    """Somebody new who accepts an invitation to the owner's family."""
    found = person(**fields)
    with unit_of_work():
        invited = create_invitation(actor=owner.actor, role=role, email=None)
    with unit_of_work():
        member = accept_invitation(actor=found.actor, token=invited.token)
    return replace(found, membership=member)


def with_seconds(house: House) -> House:
    """The family with a `second` owner, and an `other` adult."""
    house.people["second"] = join(house.owner, "owner", first_name="Second")
    house.people["other"] = join(house.owner, "adult", first_name="Other")
    return house


def build_house() -> House:
    owner = founder_of(first_name="Olga")
    assert owner.membership
    people = {"owner": owner}
    for name in ROLES[1:]:
        people[name] = join(owner, ROLE_NAMES.get(name, name), first_name=name.title())
    for name, leave in (("suspended", suspend_member), ("removed", remove_member)):
        people[name] = join(owner, "adult", first_name=name.title())
        with unit_of_work():
            leave(actor=owner.actor, membership_id=people[name].membership.pk)
    people["stranger"] = founder_of("Next door", first_name="Stan")
    holders = {"cash": None, "anns": "adult", "pocket": "child", "secret": "adult", "members": "member"}
    wallets = {}
    for name, holder in holders.items():
        fields = {"name": name, "type": "allowance" if name == "pocket" else "cash"}
        if holder:
            fields["holder_id"] = people[holder].membership.pk
        with unit_of_work():
            wallets[name] = create_wallet(actor=owner.actor, fields=fields)
    Wallet.objects.filter(pk=wallets["secret"].pk).update(visibility="private")
    wallets["secret"].refresh_from_db()
    categories = Category.objects.filter(family=owner.membership.family_id, fallback=True)
    return House(
        family=Family.objects.get(pk=owner.membership.family_id),
        people=people,
        wallets=wallets,
        categories={category.kind: category for category in categories},
    )


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that leaves nothing behind; use cases, whose own are durable, may run in it."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def built_house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """The cast, built once a file in a transaction around those of its tests: it takes longer than a test."""
    with django_db_blocker.unblock(), undone():
        yield build_house()


@pytest.fixture
def house(built_house: House, db: None) -> House:
    """The cast as it was built, with rows of the test's own to change."""
    return deepcopy(built_house)


@pytest.fixture(scope="module")
def kept_house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """The cast in committed rows that all tests of a file share; emptying the tables takes longer than a test."""
    with django_db_blocker.unblock():
        yield build_house()
        connection.close()
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No session's use is noted, which is once a minute: that is a statement more, however slow the machine is."""
    monkeypatch.setattr("accounts.authentication.NOTE_USE_EVERY", timedelta(days=1))


@pytest.fixture
def threads(transactional_db: None) -> Callable[[list[Callable[[], Any]]], list[Any]]:
    """`at_once` on tables that are emptied after the test."""
    return at_once


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """Run callables at once, each on its own connection; what each returned, or the exception it raised."""
    barrier = threading.Barrier(len(works))
    outcomes: list[Any] = [None] * len(works)

    def one(index: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            outcomes[index] = work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcomes[index] = error
        finally:
            connection.close()

    started = [threading.Thread(target=one, args=(i, work)) for i, work in enumerate(works)]
    with (own.DATA / "at_once.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two workers' fifties would be more connections than PostgreSQL gives
        for thread in started:
            thread.start()
        for thread in started:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in started), "a thread still waits"
    return outcomes
