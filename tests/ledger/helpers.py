"""What several tests of the ledger need: all its rows, entries below the use cases, guards put aside."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from audit.models import EventLog, EventSubject
from families.models import Family
from financebot.common import clock, guards
from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work
from ledger import booking
from ledger.booking import Entry
from ledger.models import Approval, Transaction, Wallet
from ledger.rules import Line, Share
from ledger.services import create_wallet
from tests.conftest import House, Person

ONE = Decimal(1)
TEN = Decimal(10)


def ledger_models() -> list[type[Model]]:
    return list(apps.get_app_config("ledger").get_models(include_auto_created=True))


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the ledger and its events: two of these are equal when nothing was written between them."""
    models = [*ledger_models(), EventLog, EventSubject]
    return {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in models}


@contextmanager
def refused(kind: type[DomainError], field: str | None = None) -> Iterator[None]:
    """Refused for this reason, naming this field; nothing is written."""
    before = everything()
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.field == field
    assert everything() == before


def events_of(entity_type: str, entity_id: int) -> list[str]:
    found = EventLog.objects.filter(entity_type=entity_type, entity_id=entity_id)
    return list(found.order_by("pk").values_list("name", flat=True))


def close_until(house: House, day: date | None) -> None:
    Family.objects.filter(pk=house.family.pk).update(closed_until=day)


def balance(wallet: Wallet) -> Decimal:
    return Wallet.objects.get(pk=wallet.pk).balance


def wallet_of(owner: Person, **fields: Any) -> Wallet:
    with unit_of_work():
        return create_wallet(actor=owner.actor, fields={"name": "Purse", "type": "cash", **fields})


def unsaved(person: Person, **fields: Any) -> Transaction:
    """An expense of 10 in the person's family, not in the database; `fields` say what is otherwise."""
    assert person.membership
    return Transaction(
        **{
            "family_id": person.membership.family_id,
            "type": "expense",
            "status": "draft",
            "amount": TEN,
            "currency": "EUR",
            "base_amount": TEN,
            "rate": ONE,
            "occurred_on": date(2026, 5, 1),
            "author_id": person.membership.pk,
            "channel": "api",
            **fields,
        }
    )


def line(
    wallet: int,
    amount: Decimal,
    *,
    category: int | None = None,
    currency: str = "EUR",
    base: Decimal | None = None,
    shares: dict[int, Decimal] | None = None,
) -> Line:
    rate = 1 if base is None else base / amount
    shared = tuple(Share(member, ONE, part, part * rate) for member, part in (shares or {}).items())
    return Line(wallet, category, amount, currency, amount if base is None else base, shares=shared)


def drafted(house: House, *lines: Line, **fields: Any) -> Entry:
    """An entry with its postings in the database, as a draft; by default 10 spent from the family's cash."""
    cash, author = house.wallets["cash"].pk, house.owner.membership.pk
    usual = (
        line(cash, -TEN),
        line(cash, TEN, category=house.categories["expense"].pk, shares={author: TEN}),
    )
    fields = fields or {"from_wallet_id": cash}
    [entry] = booking.insert((unsaved(house.owner, **fields), lines or usual))
    return entry


def move_balances(entry: Entry) -> None:
    """The wallets follow the entry's postings, each named as the witness of its wallet's balance."""
    for posting in entry.wallet_postings:
        before = Wallet.objects.get(pk=posting.wallet_id).balance
        Wallet.objects.filter(pk=posting.wallet_id).update(
            balance=before + posting.amount,
            last_posting=posting,
        )


def flip(entry: Entry, status: str = "executed") -> None:
    """Take a status by a bare UPDATE."""
    times = {"executed": "executed_at", "pending_approval": "pending_since"}
    fields = {times[status]: clock.now()} if status in times else {}
    Transaction.objects.filter(pk=entry.transaction.pk).update(status=status, **fields)


def say(entry: Entry, by: Person, decision: str = "approved", **fields: Any) -> Approval:
    """What somebody says of an entry, as a bare row."""
    head = Transaction.objects.get(pk=entry.transaction.pk)
    given = {"family_id": head.family_id, "version": head.version, "approver": by.membership, "decision": decision}
    return Approval.objects.create(transaction=head, **{**given, **fields})


def want_approval(house: House, *, above: int | str | None = 0, approvals: int = 1, **fields: Any) -> None:
    """From now on what takes more than `above` waits, unless an owner alone decides."""
    threshold = None if above is None else Decimal(above)
    policy = {"approval_threshold": threshold, "approvals_required": approvals, **fields}
    Family.objects.filter(pk=house.family.pk).update(**policy)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Without these guards for a while."""
    put_aside = [guard for guard in guards.all_guards() if guard.name in names]
    settle()
    guards.remove(put_aside)
    yield
    settle()
    guards.install(put_aside)


@contextmanager
def unguarded() -> Iterator[None]:
    """Without any guard for a while: the place to do damage."""
    with without(*(guard.name for guard in guards.all_guards())):
        yield


def settle() -> None:
    """PostgreSQL drops no trigger of a table while deferred foreign keys wait to be checked."""
    if connection.vendor == "postgresql":
        connection.check_constraints()
