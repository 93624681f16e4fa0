"""Others are told the same, byte for byte, whether somebody's hidden wallets and all that moved on them exist or not.

Every reading operation is asked with every parameter that it takes; one that is new fails here until it is listed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest
import time_machine

from accounts.models import Provider
from accounts.tokens import pair
from audit.names import EventName
from financebot.common import clock
from ledger.kinds import Channel, Status, TransactionType, Visibility
from tests.conftest import House, Person, join
from tests.http import Http
from tests.routes import operations
from tests.security.worlds import World, balances_in, sides_of, world

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.once]

OTHERS = ("owner", "second", "member", "child", "reader")
PATIENCE = 200  # pages; a list that has more goes round in circles
READS = {
    route.removeprefix("api/v1/"): view.calls[action] for method, route, view, action in operations() if method == "GET"
}
ALIKE = {  # what is the same for all of a family's members, or about the caller alone
    "auth/sessions": ["/auth/sessions"],
    "users/me": ["/users/me"],
    "families": ["/families"],
    "families/<id:family_pk>": ["/families/{family}"],
    "families/<id:family_pk>/audit/verify": ["/families/{family}/audit/verify?after=0"],
    "families/<id:family_pk>/invitations": ["/families/{family}/invitations"],
    "families/<id:family_pk>/members": ["/families/{family}/members"],
    "families/<id:family_pk>/permissions": ["/families/{family}/permissions"],
    "events/stream/<id:family_pk>": ["/events/stream/{family}"],
}
ALIKE |= {f"auth/oauth/{name}/callback": [f"/auth/oauth/{name}/callback?state=x"] for name in Provider}
ALIKE |= {f"auth/oauth/{name}/start": [] for name in Provider}  # made up anew for each caller, of nothing that is kept
ROWS = {"wallets/<id:pk>": "wallets", "transactions/<id:pk>": "entries", "categories/<id:pk>": "categories"}
LISTS = {"wallets", "wallets/summary", "transactions", "categories", "exchange-rates", "events", "access-log"}
FEW = 3
FRAME = {"family_id", "page_size", "cursor"}
SHOWN = {"wallets", "wallets/summary", "transactions", "events", "wallets/<id:pk>", "transactions/<id:pk>"}


@dataclass(frozen=True)
class Known:
    """Ids that a guesser may try: the same numbers in both worlds, be there something or not."""

    family: int
    wallets: list[int]
    entries: list[int]
    categories: list[int]
    members: list[int]
    users: list[int]
    part: int | None = None  # the one of three that is asked where there is much to ask

    def some(self, first: int) -> "Known":
        """Some of the guesses: each of five people tries others."""
        return replace(self, wallets=self.wallets[first::5], entries=self.entries[first::10], part=first % 3)

    def values(self, name: str) -> list[Any]:
        """What to ask for by a parameter of this name."""
        words = [f"{before}-private" for before in Visibility]
        found: dict[str, list[Any]] = {
            "wallet": self.wallets,
            "category": self.categories,
            "member": self.members,
            "status": list(Status),
            "type": list(TransactionType),
            "channel": [Channel.API, Channel.IMPORT],
            "amount_min": ["5.00", "31.00", "98.77", "600.00"],
            "amount_max": ["4.99", "30.99", "98.76", "123.44"],
            "date_from": [clock.today("UTC")],
            "date_to": [clock.today("UTC")],
            "tag": ["health", *words],
            "payee": [f"Dr. {words[-1]}", f"{words[-1]} boss"],
            "search": ["lives", "abroad", *words],
            "include": ["reversed"],
            "ordering": [f"{sign}{name}" for name in ("occurred_on", "amount", "created_at") for sign in ("", "-")],
            "archived": ["false", "true", "all"],
            "kind": ["income", "expense"],
            "base_currency": ["USD"],
            "quote_currency": ["EUR"],
            "action": [name for name in EventName.values if name.startswith(("transaction", "wallet"))],
            "actor": self.users,
            "after": [0, 40, 400],
            "entity_type": ["transaction", "wallet", "category"],
            "entity_id": [*self.wallets, *self.entries[::9]],
        }
        return found[name] if self.part is None or len(found[name]) < FEW else found[name][self.part :: 3]


class Told:
    """Everything that somebody is told in a world: answers by path, as bytes."""

    def __init__(self, someone: Person, known: Known) -> None:
        self.http = Http(pair(someone.session).access_token, **{"X-Request-Id": "somebody-asks"})
        self.known, self.answers = known, dict[str, dict[str, bytes]]()

    def everything(self) -> dict[str, dict[str, bytes]]:
        for route, call in READS.items():
            found = self.answers[route] = dict[str, bytes]()
            for path in self.paths(route, call):
                self.ask(path, found)
                if route in LISTS and found[path].startswith(b"403"):
                    break
        return self.answers

    def ask(self, path: str, found: dict[str, bytes]) -> None:
        """An answer, and the pages that follow it there and back."""
        for _ in range(PATIENCE):
            answer = self.http.get(path)
            found[path] = b"%d %s %s" % (answer.status_code, answer.headers.get("ETag", "").encode(), answer.content)
            links = [answer.json().get(name) for name in ("next", "previous")] if "page_size=7" in path else []
            ahead = [link.removeprefix("http://testserver/api/v1") for link in links if link]
            path = next((link for link in ahead if link not in found), "")
            if not path:
                return
        raise AssertionError(path)

    def paths(self, route: str, call: Any) -> Iterator[str]:
        if route in ALIKE:
            yield from (path.format(family=self.known.family) for path in ALIKE[route])
        elif route in ROWS:
            yield from (re.sub("<id:pk>", str(pk), f"/{route}") for pk in getattr(self.known, ROWS[route]))
        elif route in LISTS:
            asked = f"/{route}?family_id={self.known.family}"
            names = call.query().fields.keys() - FRAME
            pages = "page_size" in call.query().fields
            yield asked
            yield from [f"{asked}&page_size=7"] * pages
            for name in names:
                yield from (f"{asked}&{name}={value}{'&page_size=1000' * pages}" for value in self.known.values(name))
        else:
            raise AssertionError(f"GET {route} is not listed here")


def known_in(found: World, house: House) -> Known:
    return Known(
        house.family.pk,
        list(found.wallets.values()),
        found.entries,
        [found.here.category("Health"), found.here.category("Salary"), found.there.category("Health")],
        [house.people[name].membership.pk for name in ("owner", "adult", "member")],
        [house.people[name].user.pk for name in ("owner", "adult")],
    )


def told(house: House) -> dict[str, Any]:
    """By world and person: what they are told."""
    house.people["second"] = join(house.owner, "adult", first_name="Second")
    sides, answers, balances = sides_of(house), dict[str, Any](), None
    for name in ("full", "bare"):
        with world(*sides, balances) as found:
            known, balances = known_in(found, house), balances_in(found)
            answers[name] = {"owner": Told(house.owner, known).everything(), "known": known}
            for number, who in enumerate(("second", "member", "child", "reader", "adult")):
                answers[name][who] = Told(house.people[who], known.some(number)).everything()
    return answers


def test_others_are_told_the_same_in_both_worlds(house):
    """One test, since the worlds take longer to build than all answers to compare."""
    with time_machine.travel(clock.now(), tick=False):
        found = told(house)
    full, bare = found["full"], found["bare"]
    assert full["known"] == bare["known"]
    for who, route in product(OTHERS, READS):
        assert list(full[who][route]) == list(bare[who][route])
        for path, answer in full[who][route].items():
            assert answer.decode() == bare[who][route][path].decode(), (who, path)
    # Whose they are is told of them everywhere: there is something to hide, and these questions would show it.
    assert {route for route in READS if full["adult"][route] != bare["adult"][route]} == SHOWN
