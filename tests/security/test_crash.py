"""The database may fail at any statement: what was under way leaves nothing behind, and can be done again."""

import importlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection

from accounts.passwords import Proof, prove
from accounts.tokens import RefreshClaims
from audit.trail import Actor
from families import services as families
from financebot.common.usecase import Refused, unit_of_work
from ledger import services as ledger
from ledger.rules import Draft
from tests.conftest import House, person
from tests.factories import PASSWORD
from tests.ledger.helpers import TEN, drafted, line
from tests.security.scene import OURS, contents

pytestmark = pytest.mark.django_db

STATEMENTS_MAX = 200


class Crash(OperationalError):
    """The connection is gone; `locked` in its words makes it a passing failure on SQLite too."""

    def __init__(self) -> None:
        super().__init__("the database is locked, or gone")


@contextmanager
def crash_at(number: int) -> Iterator[None]:
    """The database fails once, at its `number`-th statement from here."""
    count = 0

    def fail(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            raise Crash
        return execute(*args)

    with connection.execute_wrapper(fail):
        yield


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every function marked as a use case in the `services` of our apps."""
    found = {}
    for app in apps.get_app_configs():
        if app.label in OURS and importlib.util.find_spec(f"{app.name}.services"):
            module = importlib.import_module(f"{app.name}.services")
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if getattr(function, "is_use_case", False):
                    found[f"{app.label}.{name}"] = function
    return found


def proof_of(house: House, password: str = PASSWORD) -> Proof:
    return prove(house.owner.user, password)


def draft(house: House, **wallets: str) -> Draft:
    ids = {side: house.wallets[name].pk for side, name in wallets.items()}
    return Draft(amount=Decimal("5.00"), payee="Bakery", tags=("bread", "milk"), description="Bread", **ids)


def invited(house: House) -> dict[str, Any]:
    """Somebody new with the token of an invitation."""
    with unit_of_work():
        found = families.create_invitation(actor=house.owner.actor, role="member", email=None)
    return {"actor": person().actor, "token": found.token}


def open_invitation(house: House) -> int:
    with unit_of_work():
        return families.create_invitation(actor=house.owner.actor, role="member", email=None).invitation.pk


def archived(house: House) -> dict[str, Any]:
    with unit_of_work():
        families.archive_family(actor=house.owner.actor)
    return {}


def closed(house: House) -> dict[str, Any]:
    with unit_of_work():
        families.close_period(actor=house.owner.actor, through=date(2025, 12, 31))
    return {"through": None}


def archived_wallet(house: House) -> dict[str, Any]:
    with unit_of_work():
        ledger.archive_wallet(actor=house.owner.actor, wallet_id=house.wallets["cash"].pk)
    return {"wallet_id": house.wallets["cash"].pk}


def category(house: House, **fields: Any) -> int:
    with unit_of_work():
        fields = {"name": "Pets", "kind": "expense", **fields}
        return ledger.create_category(actor=house.owner.actor, fields=fields).pk


def archived_category(house: House) -> dict[str, Any]:
    found = {"category_id": category(house)}
    with unit_of_work():
        ledger.archive_category(actor=house.owner.actor, **found)
    return found


def merging(house: House) -> dict[str, Any]:
    """A category with a child, one merged into it, and a draft."""
    source, earlier = category(house), category(house)
    category(house, parent_id=source)
    with unit_of_work():
        ledger.merge_category(actor=house.owner.actor, category_id=earlier, into=source)
    cash, author = house.wallets["cash"].pk, house.owner.membership.pk
    drafted(house, line(cash, -TEN), line(cash, TEN, category=source, shares={author: TEN}), from_wallet_id=cash)
    return {"category_id": source, "into": category(house)}


RATE = {"base": "USD", "quote": "EUR", "rate": Decimal("0.92")}


def rated(house: House) -> dict[str, Any]:
    with unit_of_work():
        ledger.set_rate(actor=house.owner.actor, fields=RATE)
    return {"fields": {**RATE, "rate": Decimal("0.93")}}


def session_of(house: House) -> int:
    return house.owner.session.pk


def member(house: House, name: str = "member") -> dict[str, Any]:
    return {"membership_id": house.people[name].membership.pk}


def spent(house: House) -> dict[str, Any]:
    entry = house.spend("10.00", payee="Baker", tags=("bread",))
    return {"transaction_id": entry.transaction.pk}


# What each use case is given; the actor is the owner unless named. A word in brackets tells two runs apart.
RUNS: dict[str, Callable[[House], dict[str, Any]]] = {
    "accounts.register": lambda h: {
        "actor": Actor(),
        "email": "new@example.org",
        "password_hash": "x",
        "first_name": "",
        "last_name": "",
    },
    "accounts.log_in": lambda h: {"actor": Actor(), "proof": proof_of(h)},
    "accounts.log_in (refused)": lambda h: {"actor": Actor(), "proof": proof_of(h, "wrong")},
    "accounts.refresh": lambda h: {"actor": Actor(), "claims": RefreshClaims(session_of(h), 0)},
    "accounts.refresh (reuse)": lambda h: {"actor": Actor(), "claims": RefreshClaims(session_of(h), 7)},
    "accounts.log_out": lambda h: {"everywhere": True},
    "accounts.revoke_session": lambda h: {"session_id": session_of(h)},
    "accounts.step_up": lambda h: {"proof": proof_of(h)},
    "accounts.step_up (refused)": lambda h: {"proof": proof_of(h, "wrong")},
    "accounts.change_password": lambda h: {"proof": proof_of(h), "password_hash": "x"},
    "accounts.edit_profile": lambda h: {"changes": {"first_name": "New"}, "version": None},
    "families.create_family": lambda h: {"name": "Second", "base_currency": "JPY", "timezone": "UTC"},
    "families.edit_family": lambda h: {"changes": {"name": "New"}, "version": None},
    "families.archive_family": lambda h: {},
    "families.restore_family": archived,
    "families.transfer_ownership": lambda h: member(h, "adult"),
    "families.close_period": lambda h: {"through": date(2025, 12, 31)},
    "families.reopen_period": closed,
    "families.create_invitation": lambda h: {"role": "adult", "email": "x@example.org"},
    "families.revoke_invitation": lambda h: {"invitation_id": open_invitation(h)},
    "families.accept_invitation": invited,
    "families.edit_member": lambda h: {
        **member(h),
        "changes": {
            "role": "adult",
            "spending_limit": Decimal(5),
            "grant": ["edit_family"],
            "withdraw": ["view_wallets"],
        },
        "version": None,
    },
    "families.suspend_member": member,
    "families.resume_member": lambda h: member(h, "suspended"),
    "families.remove_member": lambda h: member(h, "adult"),
    "ledger.create_transaction": lambda h: {"draft": draft(h, from_wallet="cash")},
    "ledger.create_transaction (income)": lambda h: {"draft": draft(h, to_wallet="cash")},
    "ledger.create_transaction (transfer)": lambda h: {"draft": draft(h, from_wallet="cash", to_wallet="anns")},
    "ledger.edit_transaction": lambda h: {
        **spent(h),
        "changes": {"payee": "Butcher", "tags": ["meat"], "notes": "!"},
        "version": None,
    },
    "ledger.reverse_transaction": lambda h: {**spent(h), "reason": "wrong"},
    "ledger.undo_transaction": lambda h: {**spent(h), "reason": ""},
    "ledger.remove_transaction": lambda h: {**spent(h), "reason": ""},
    "ledger.create_wallet": lambda h: {"fields": {"name": "New", "type": "cash"}},
    "ledger.edit_wallet": lambda h: {
        "wallet_id": h.wallets["cash"].pk,
        "changes": {"name": "New", "overdraft_limit": Decimal(5)},
        "version": None,
    },
    "ledger.archive_wallet": lambda h: {"wallet_id": h.wallets["cash"].pk},
    "ledger.restore_wallet": archived_wallet,
    "ledger.create_category": lambda h: {"fields": {"name": "New", "kind": "expense"}},
    "ledger.edit_category": lambda h: {
        "category_id": category(h),
        "changes": {"name": "New", "parent_id": category(h)},
        "version": None,
    },
    "ledger.archive_category": lambda h: {"category_id": category(h)},
    "ledger.restore_category": archived_category,
    "ledger.merge_category": merging,
    "ledger.set_rate": lambda h: {"fields": RATE},
    "ledger.set_rate (anew)": rated,
}


def use_case_of(run: str) -> str:
    return run.split(" (", maxsplit=1)[0]


def test_every_use_case_is_crashed():
    assert {use_case_of(run) for run in RUNS} == set(use_cases())


@pytest.mark.parametrize("run", RUNS)
def test_a_use_case_that_crashes_at_any_statement_leaves_nothing(run: str, house: House):
    given = {"actor": house.owner.actor, **RUNS[run](house)}
    work = partial(use_cases()[use_case_of(run)], **given)
    before, after_crash = contents(), []
    for number in range(1, STATEMENTS_MAX):
        try:
            with crash_at(number), unit_of_work():
                outcome = work()
        except Crash:
            if contents() != before:
                after_crash.append(number)
            continue
        break
    assert after_crash == []
    assert number > 3, "it wrote nothing"
    assert contents() != before
    assert isinstance(outcome, Refused) == (" (refused)" in run or " (reuse)" in run)


def reversal(house: House) -> tuple[str, str, dict[str, Any]]:
    return "post", f"/transactions/{spent(house)['transaction_id']}/reverse", {"reason": "wrong"}


def words(house: House) -> tuple[str, str, dict[str, Any]]:
    return "patch", f"/transactions/{spent(house)['transaction_id']}", {"notes": "new", "tags": ["new"]}


def removal(house: House) -> tuple[str, str, dict[str, Any]]:
    return "delete", f"/families/{house.family.pk}/members/{house.member.membership.pk}", {}


def revocation(house: House) -> tuple[str, str, dict[str, Any]]:
    return "delete", f"/families/{house.family.pk}/invitations/{open_invitation(house)}", {}


CALLS: dict[str, Callable[[House], tuple[str, str, dict[str, Any]]]] = {
    "an expense": lambda h: ("post", "/transactions", {"from_wallet_id": h.wallets["cash"].pk, "amount": "5.00"}),
    "a reversal": reversal,
    "an edit of words": words,
    "a family": lambda h: ("post", "/families", {"name": "Second", "base_currency": "EUR"}),
    "a wallet's new name": lambda h: ("patch", f"/wallets/{h.wallets['cash'].pk}", {"name": "New"}),
    "a removal": removal,
    "a revocation": revocation,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_key_outlives_a_crash_at_any_statement_and_has_one_effect(call: str, house: House):
    method, path, body = CALLS[call](house)
    send = partial(house.owner.http.call, method, path, body, {"Idempotency-Key": "once"})
    before, wrong = contents(), []
    for number in range(1, STATEMENTS_MAX):
        with crash_at(number):
            answer = send()
        if answer.status_code < 400:
            break
        if answer.status_code != 503 or answer.json()["code"] != "busy" or contents() != before:
            wrong.append((number, answer.status_code))
    assert wrong == []
    assert "Idempotent-Replay" not in answer.headers
    done = contents()
    assert done != before
    again = send()
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
    assert again.headers["Idempotent-Replay"] == "true"
    assert contents() == done
