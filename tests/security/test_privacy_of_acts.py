"""What others do, and what it brings about, tells them nothing of what is hidden either: two worlds, one answer."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from accounts.tokens import pair
from audit.relay import relay_once
from financebot.common import clock
from ledger.models import Transaction
from tests.conftest import House, Person, join, undone
from tests.http import Http
from tests.security.worlds import World, balances_in, sides_of, world

pytestmark = [pytest.mark.django_db, pytest.mark.once]

OTHERS = ("second", "member", "child")
LOOKS = ("/transactions?include=reversed&page_size=20", "/wallets?archived=all", "/events?page_size=20")
OPAQUE = ("shared-private", "private-balance_only")
Act = tuple[str, str, dict[str, Any]]


def ids_of(description: str) -> list[int]:
    """Entries that say so."""
    return list(Transaction.objects.filter(description=description).order_by("pk").values_list("pk", flat=True))


def on_wallets(found: World) -> Iterator[Act]:
    """With the ids of wallets that are hidden, or of which only the balance is shown."""
    cash = found.here.cash
    for label in OPAQUE:
        pk = found.wallets[label]
        for side, other in (("from_wallet_id", "to_wallet_id"), ("to_wallet_id", "from_wallet_id")):
            yield "post", "/transactions", {"amount": "1.00", side: pk}
            yield "post", "/transactions", {"amount": "1.00", side: pk, other: cash}
        rows = [{"amount": "1.00", "from_wallet_id": cash}, {"amount": "1.00", "from_wallet_id": pk}]
        yield "post", "/transactions/bulk", {"transactions": rows}
        yield "patch", f"/wallets/{pk}", {"name": "Found you"}
        yield "patch", f"/wallets/{pk}", {"overdraft_limit": "0.00"}
        yield "patch", f"/wallets/{pk}", {"visibility": "shared"}
        yield "patch", f"/wallets/{pk}", {"holder_id": None}
        yield "post", f"/wallets/{pk}/reconcile", {"statement_balance": "1.00"}
        yield "post", f"/wallets/{pk}/archive", {}
        yield "post", f"/wallets/{pk}/restore", {}


def on_entries(found: World) -> Iterator[Act]:
    """On entries that are hidden, and on those with one side that is."""
    cash = found.here.cash
    for label in OPAQUE:
        for said in ("begins", "lives", "moves"):
            for pk in ids_of(f"{label} {said}")[-1:]:
                yield "post", "/transactions", {"amount": "1.00", "to_wallet_id": cash, "refund_of": pk}
                yield from changing(pk)
        words = {"payee": f"dR. {label}", "tags": [label.upper()], "source_ref": label}
        yield "post", "/transactions", {"amount": "1.00", "from_wallet_id": cash, **words}
        yield "post", "/transactions", {"amount": "1.00", "to_wallet_id": cash, **words}
    for said in ("something abroad", "something back"):
        for pk in ids_of(said):
            yield from changing(pk)


def changing(pk: int) -> Iterator[Act]:
    for verb in ("confirm", "reject", "cancel", "submit", "undo", "reverse"):
        yield "post", f"/transactions/{pk}/{verb}", {}
    for change in ({"amount": "2.00"}, {"notes": "mine"}, {"to_wallet_id": None}, {"category_id": None}):
        yield "patch", f"/transactions/{pk}", change
    yield "delete", f"/transactions/{pk}", {}


def on_the_family(found: World) -> Iterator[Act]:
    family, ann = f"/families/{found.here.owner.membership.family_id}", found.here.holder.membership.pk
    health, salary = found.here.category("Health"), found.here.category("Salary")
    yield "post", f"/categories/{health}/merge", {"into": found.here.category("Leisure")}
    yield "post", f"/categories/{health}/archive", {}
    yield "patch", f"/categories/{salary}", {"name": "Wages"}
    yield "post", f"{family}/close", {"through": f"{clock.today('UTC')}"}
    yield "post", f"{family}/close", {"through": f"{clock.today('UTC') - timedelta(days=1)}"}
    yield "patch", family, {"base_currency": "USD"}
    yield "patch", family, {"approval_threshold": "1.00"}
    for role in ("owner", "member", "child", "read_only"):
        yield "patch", f"{family}/members/{ann}", {"role": role}
    yield "patch", f"{family}/members/{ann}", {"spending_limit": "1.00"}
    yield "post", f"{family}/members/{ann}/suspend", {}
    yield "delete", f"{family}/members/{ann}", {}
    yield "post", f"{family}/transfer-ownership", {"membership_id": ann}
    yield "delete", family, {}


def acts(found: World) -> list[Act]:
    return [*on_wallets(found), *on_entries(found), *on_the_family(found)]


def answers(someone: Person, act: Act) -> list[str]:
    """What an act is answered with, and what can be seen afterwards if it had an effect; it is then undone."""
    http = Http(pair(someone.session).access_token, **{"X-Request-Id": "somebody-acts"})
    family = f"family_id={someone.membership.family_id}"
    method, path, body = act
    if path in {"/transactions", "/transactions/bulk"}:
        body = body | {"family_id": someone.membership.family_id}
    with undone():
        answer = getattr(http, method)(path, **body)
        found = [f"{answer.status_code} {answer.content.decode()}"]
        if answer.status_code < 300:
            while relay_once():
                pass
            found += [seen(http.get(f"{look}&{family}")) for look in LOOKS]
    return found


def seen(answer: Any) -> str:
    """A list without the positions of events: how many are hidden between two of them differs."""
    found = answer.json()
    for row in found.get("results", []):
        row.pop("id", None)
    return json.dumps(found)


def people_for(house: House, number: int) -> tuple[Person, Person]:
    """The owner, and in turn somebody else."""
    return house.owner, house.people[OTHERS[number % len(OTHERS)]]


def test_whatever_others_do_they_are_told_the_same_in_both_worlds(house):
    house.people["second"] = join(house.owner, "adult", first_name="Second")
    said, planned, balances = dict[str, Any](), list[Act](), None
    with time_machine.travel(clock.now(), tick=False):
        sides = sides_of(house)
        for name in ("full", "bare"):
            with world(*sides, balances) as found:
                planned, balances = planned or acts(found), balances_in(found)
                said[name] = [
                    (act, answers(someone, act))
                    for number, act in enumerate(planned)
                    for someone in people_for(house, number)
                ]
    for full, bare in zip(said["full"], said["bare"], strict=True):
        assert full == bare
    assert len([answer for _, answer in said["full"] if answer[0].startswith("2")]) > 30
