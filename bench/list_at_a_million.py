"""How long a page of GET /transactions takes at a million transactions: the first, the deepest, and with each filter.

    .venv/bin/python bench/list_at_a_million.py            # on SQLite, in a file under the temporary folder
    DATABASE_URL=postgres://postgres@127.0.0.1/scratch .venv/bin/python bench/list_at_a_million.py [part of a name]

`million.py` builds the database if need be, which takes some minutes. Each page is asked for over the API, in this
process; milliseconds are medians of 21 rounds, first and deepest in turn. `sql`: its statements alone;
`ratio`: deepest to first by it; p95: of the slower of the two.
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

from django.core import signing
from million import OLD, RARE, build, owner

from django.db import connection  # isort: skip

from accounts.models import LoginSession
from families.models import Membership
from financebot.api.pagination import SALT
from ledger.models import Category, Wallet
from tests.conftest import Person
from tests.http import Http

ROUNDS, PAGE = 21, 50
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


def measure(name: str, http: Http, query: dict[str, Any]) -> None:
    cursor = deepest(http, query)
    pages = {"first": query} | ({"deepest": {**query, "cursor": cursor}} if cursor else {})
    clocks = {which: Clock() for which in pages}
    for _ in range(ROUNDS):
        for which, asked in pages.items():
            with clocks[which].running():
                page(http, asked)
    rows = len(page(http, list(pages.values())[-1])["results"])
    whole = [statistics.median(clock.whole) for clock in clocks.values()]
    sql = [statistics.median(clock.sql) for clock in clocks.values()]
    p95 = [
        max(statistics.quantiles(times, n=20)[-1] for times in (getattr(c, kind) for c in clocks.values()))
        for kind in ("sql", "whole")
    ]
    deep = f"{sql[-1]:8.1f} {sql[-1] / sql[0]:6.2f}" if cursor else f"{'-':>8} {'-':>6}"
    print(
        f"{name:34} {rows:4} {sql[0]:8.1f} {deep} {p95[0]:8.1f} | {whole[0]:8.1f} {whole[-1]:8.1f} {p95[1]:8.1f}",
        flush=True,
    )


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
    print(f"{connection.vendor}, ms\n{'':34} rows sql 1st  deepest  ratio  sql p95 |  api 1st  deepest  api p95")
    for name, role, query in scenarios():
        if wanted in name:
            measure(name, person(role), {"family_id": owner().family_id, "page_size": PAGE, **query})


if __name__ == "__main__":
    main()
