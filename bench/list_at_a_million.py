"""How long a page of GET /transactions takes at a million transactions: the first, the deepest, and with each filter.

    .venv/bin/python bench/list_at_a_million.py [part of a name]

`million.py` builds the database if need be, which takes some minutes. Each page is asked for over the API, in this
process; milliseconds are medians of 21 rounds, first and deepest in turn. `sql`: its statements alone;
`ratio`: deepest to first by it; p95: of the slower of the two. What the goals say of all of them is in the table.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from common import Row, idle, percentile, say, table
from django.core import signing
from million import COUNT, OLD, RARE, build, owner

from django.db import connection  # isort: skip

from accounts.models import LoginSession
from families.models import Membership
from financebot.api.pagination import SALT
from ledger.models import Category, Wallet
from tests.conftest import Person
from tests.http import Http

ROUNDS, PAGE = 21, 50
RATIO, WHOLE_P95 = 1.2, 10.0
OPPOSITE = {"-occurred_on": "occurred_on", "amount": "-amount", "-amount": "amount", "-created_at": "created_at"}


@dataclass
class Clock:
    """Milliseconds of each round: all of the call, and its statements."""

    whole: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        statements: list[float] = []

        def wrap(execute: Callable[..., Any], *args: Any) -> Any:
            began = time.perf_counter()
            try:
                return execute(*args)
            finally:
                statements.append(time.perf_counter() - began)

        began = time.perf_counter()
        with connection.execute_wrapper(wrap):
            yield
        self.whole.append((time.perf_counter() - began) * 1000)
        self.sql.append(sum(statements) * 1000)


def person(role: str) -> Http:
    membership = Membership.objects.filter(family=owner().family, role=role, state="active").earliest("pk")
    session = LoginSession.objects.filter(user=membership.user).latest("pk")
    return Person(membership.user, session, membership).http


def page(http: Http, query: dict[str, Any]) -> Any:
    answer = http.get(f"/transactions?{urlencode(query)}")
    assert answer.status_code == HTTPStatus.OK, answer.content
    return answer.json()


def deepest(http: Http, query: dict[str, Any]) -> str | None:
    """A cursor to the last page; None where the first is all."""
    link = page(http, query)["next"]
    if link is None:
        return None
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    *_, fingerprint = signing.loads(cursor, salt=SALT)
    ordering = query.get("ordering", "-occurred_on")
    last = page(http, {**query, "ordering": OPPOSITE[ordering], "page_size": PAGE + 1})["results"][-1]
    return signing.dumps([0, last[ordering.removeprefix("-")], last["id"], fingerprint], salt=SALT)


@dataclass
class Found:
    """Medians of milliseconds: of the first page, and of the deepest where there is another; p95 of the slower."""

    name: str
    sql: list[float]
    whole: list[float]
    p95: tuple[float, float]

    @property
    def ratio(self) -> float:
        return self.sql[-1] / self.sql[0]

    @property
    def as_wished(self) -> bool:
        return self.ratio <= RATIO and self.p95[1] < WHOLE_P95


def measure(name: str, http: Http, query: dict[str, Any]) -> Found:
    cursor = deepest(http, query)
    pages = {"first": query} | ({"deepest": {**query, "cursor": cursor}} if cursor else {})
    clocks = {which: Clock() for which in pages}
    for _ in range(ROUNDS):
        for which, asked in pages.items():
            with clocks[which].running():
                page(http, asked)
    rows = len(page(http, list(pages.values())[-1])["results"])
    found = Found(
        name,
        sql=[statistics.median(clock.sql) for clock in clocks.values()],
        whole=[statistics.median(clock.whole) for clock in clocks.values()],
        p95=(
            max(percentile(clock.sql, 95) for clock in clocks.values()),
            max(percentile(clock.whole, 95) for clock in clocks.values()),
        ),
    )
    deep = f"{found.sql[-1]:8.1f} {found.ratio:6.2f}" if cursor else f"{'-':>8} {'-':>6}"
    calls = f"{found.whole[0]:8.1f} {found.whole[-1]:8.1f} {found.p95[1]:8.1f}"
    say(f"{name:34} {rows:4} {found.sql[0]:8.1f} {deep} {found.p95[0]:8.1f} | {calls}")
    return found


def rows_of(found: list[Found]) -> Iterator[Row]:
    """Each that anybody asks for often on its own, the others by their slowest."""
    goal = f"deepest / first ≤ {RATIO}, p95 < {WHOLE_P95:.0f} ms"
    for one in found:
        if one.name in {"no filter", "wallet cash", "category Groceries", "search shop"}:
            figure = (
                f"SQL {one.sql[0]:.1f} ms, deepest {one.sql[-1]:.1f} ms, ratio {one.ratio:.2f}; "
                f"call {one.whole[0]:.0f} ms, deepest {one.whole[-1]:.0f} ms, p95 {one.p95[1]:.0f} ms"
            )
            yield Row(f"page of {PAGE} at {COUNT:,}, {connection.vendor}: {one.name}", figure, goal)
    slow = max(found, key=lambda one: one.p95[0])
    figure = (
        f"{sum(one.as_wished for one in found)} of {len(found)} as wished; by statements alone "
        f"{sum(one.ratio <= RATIO and one.p95[0] < WHOLE_P95 for one in found)}; "
        f"the slowest: {slow.name}, p95 {slow.p95[0]:.0f} ms of SQL"
    )
    yield Row(f"all filters at {COUNT:,}, {connection.vendor}", figure, goal)


def scenarios() -> Iterator[tuple[str, str, dict[str, Any]]]:
    family = owner().family
    wallets = {wallet.name: wallet.pk for wallet in Wallet.objects.filter(family=family)}
    members = dict(Membership.objects.filter(family=family, state="active").values_list("role", "pk"))
    kinds = {c.name: c.pk for c in Category.objects.filter(family=family, kind="expense")}
    yield "no filter", "owner", {}
    yield "no filter, a member", "member", {}
    yield "no filter, a child", "child", {}
    for ordering in ("-amount", "amount", "-created_at"):
        yield f"ordering={ordering}", "owner", {"ordering": ordering}
    yield "include=reversed", "owner", {"include": "reversed"}
    for name in ("cash", "Wallet 9", OLD, RARE):
        yield f"wallet {name}", "owner", {"wallet": wallets[name]}
    for name in ("Groceries", "Food 7", "Transport"):
        yield f"category {name}", "owner", {"category": kinds[name]}
    for role in ("adult", "read_only"):
        yield f"member {role}", "owner", {"member": members[role]}
    yield "one year", "owner", {"date_from": "2019-01-01", "date_to": "2019-12-31"}
    yield "one day", "owner", {"date_from": "2019-05-05", "date_to": "2019-05-05"}
    for status in ("executed", "reversed", "expired", "pending_approval", "draft"):
        yield f"status {status}", "owner", {"status": status}
    for kind in ("expense", "transfer", "exchange", "opening"):
        yield f"type {kind}", "owner", {"type": kind}
    yield "channel import (none)", "owner", {"channel": "import"}
    for tag in ("tag 0", "tag 20", "tag 29", "no such tag"):
        yield f"tag {tag}", "owner", {"tag": tag}
    for payee in ("payee 0", "payee 400", "payee 499", "nobody"):
        yield f"payee {payee}", "owner", {"payee": payee}
    for words in ("shop", "holiday", "слово77", "zebra", "word7 слово5", "elephant", "жж", "payee 499"):
        yield f"search {words}", "owner", {"search": words}
    yield "amount 100 to 100.5", "owner", {"amount_min": "100", "amount_max": "100.5"}
    yield "amount over 199.99", "owner", {"amount_min": "199.99"}
    yield "amount over 250 (exchanges)", "owner", {"amount_min": "1700"}
    yield (
        "wallet, category, tag, year",
        "owner",
        {
            "wallet": wallets["cash"],
            "category": kinds["Groceries"],
            "tag": "tag 0",
            "date_from": "2019-01-01",
            "date_to": "2019-12-31",
        },
    )


def main() -> None:
    build()
    wanted = " ".join(sys.argv[1:])
    say(f"{idle():.0f} % idle\n{connection.vendor}, ms")
    say(f"{'':34} rows sql 1st  deepest  ratio  sql p95 |  api 1st  deepest  api p95")
    asked = [(name, role, query) for name, role, query in scenarios() if wanted in name]
    fixed = {"family_id": owner().family_id, "page_size": PAGE}
    table(list(rows_of([measure(name, person(role), {**fixed, **query}) for name, role, query in asked])))


if __name__ == "__main__":
    main()
