"""A household as its people use it: over HTTP, by the names of things, a day at a time; and its books kept by hand."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from audit.relay import relay_once
from ledger.models import MonthTotal
from ledger.verify import verify
from tests.factories import PASSWORD
from tests.http import Http, registered


class Household:
    """Olga's family. People, wallets and categories are called by their names; `clock` is time itself."""

    def __init__(self, clock: Any, day: str, **policy: Any) -> None:
        self.clock, self.people = clock, {}
        self.members: dict[str, int] = {}
        self.wallets: dict[str, int] = {}
        self.on(day)
        self.people["Olga"] = registered("olga@example.org", first_name="Olga")
        self.pk = self.does("Olga", "post", "/families", name="Home", base_currency="EUR")["id"]
        self.path = f"/families/{self.pk}"
        if policy:
            self.does("Olga", "patch", self.path, **policy)
        self._meet()
        found = self.does("Olga", "get", f"/categories?family_id={self.pk}&page_size=1000")["results"]
        self.categories = {f"{c['name']}{' (in)' * (c['kind'] == 'income')}": c["id"] for c in found}

    def on(self, moment: str) -> None:
        """It is then; everybody logs in anew."""
        self.clock.move_to(f"{moment}:00Z" if "T" in moment else f"{moment}T09:00:00Z", tick=False)
        for name in self.people:
            answer = Http().post("/auth/login", email=f"{name.lower()}@example.org", password=PASSWORD)
            self.people[name] = Http(answer.json()["access_token"])

    def joined(self, name: str, role: str, **edits: Any) -> None:
        self.people[name] = registered(f"{name.lower()}@example.org", first_name=name)
        token = self.does("Olga", "post", f"{self.path}/invitations", role=role)["token"]
        self.does(name, "post", "/invitations/accept", token=token)
        self._meet()
        if edits:
            self.does("Olga", "patch", f"{self.path}/members/{self.members[name]}", **edits)

    def wallet(self, name: str, kind: str, *, holder: str | None = None, **fields: Any) -> None:
        fields |= {"holder_id": self.members[holder]} if holder else {}
        made = self.does("Olga", "post", "/wallets", family_id=self.pk, name=name, type=kind, **fields)
        self.wallets[name] = made["id"]

    # What somebody does; what comes of it

    def tries(self, who: str, method: str, path: str, /, **body: Any) -> Any:
        return getattr(self.people[who], method)(path, **body)

    def does(self, who: str, method: str, path: str, /, **body: Any) -> Any:
        answer = self.tries(who, method, path, **body)
        assert answer.status_code < 300, answer.json()
        return answer.json() if answer.content else None

    def refuses(self, who: str, method: str, path: str, /, **body: Any) -> str:
        return said(self.tries(who, method, path, **body))

    def entry(self, amount: str, source: str | None = None, target: str | None = None, **more: Any) -> dict[str, Any]:
        """A body: `category`, `splits` and `for_whom` by names."""
        for side, wallet in (("from_wallet_id", source), ("to_wallet_id", target)):
            more |= {side: self.wallets[wallet]} if wallet else {}
        if "category" in more:
            more["category_id"] = self.categories[more.pop("category")]
        if "splits" in more:
            more["splits"] = [{"category_id": self.categories[c], "amount": a} for c, a in more["splits"].items()]
        if "for_whom" in more:
            shares = more.pop("for_whom").items()
            more["for_members"] = [{"membership_id": self.members[m], "share": s} for m, s in shares]
        return {"amount": amount, **more}

    def records(self, name: str, *args: Any, **more: Any) -> Any:
        return self.does(name, "post", "/transactions", family_id=self.pk, **self.entry(*args, **more))

    def cannot_record(self, name: str, *args: Any, **more: Any) -> str:
        return self.refuses(name, "post", "/transactions", family_id=self.pk, **self.entry(*args, **more))

    # What it looks like

    def seen_by(self, name: str, field: str = "balance") -> dict[str, Decimal]:
        found = self.does(name, "get", f"/wallets?family_id={self.pk}")["wallets"]
        return {wallet["name"]: Decimal(wallet[field]) for wallet in found}

    def summary(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.does(name, "get", f"/wallets/summary?family_id={self.pk}")
        return {key: value for key, value in found.items() if key != "wallets"}

    def totals(self, *keys: str, base: bool = False, **where: Any) -> dict[Any, Decimal]:
        """The maintained month totals by `category__name`, `member__user__first_name`, `currency`, `month`."""
        found: Counter[Any] = Counter()
        for row in MonthTotal.objects.filter(family=self.pk, **where).values(*keys, "amount", "base_amount"):
            key = tuple(row[name] for name in keys)
            found[key if len(keys) > 1 else key[0]] += row["base_amount" if base else "amount"]
        return dict(found)

    def events(self, name: str) -> list[tuple[str, str]]:
        """Who did what, oldest first, as somebody may see it."""
        while relay_once():
            pass
        actors = {m["user_id"]: m["first_name"] for m in self._members()}
        found = self.does(name, "get", f"/events?family_id={self.pk}&after=0&page_size=1000")["results"]
        return [(actors[row["actor_id"]], row["action"]) for row in found]

    def _members(self) -> list[Any]:
        found: list[Any] = self.does("Olga", "get", f"{self.path}/members")["results"]
        return found

    def _meet(self) -> None:
        self.members = {m["first_name"]: m["id"] for m in self._members()}


def said(answer: Any) -> str:
    """What became of an entry, or why not: `executed`, `pending_approval`, `422 insufficient_funds`; else `done`."""
    found = answer.json()
    return found.get("status", "done") if answer.status_code < 300 else f"{answer.status_code} {found['code']}"


class Books:
    """A table kept by hand: a column for each wallet, a row for each step, and a last row `=` with the sums.

    What the API says is compared with the sums after every step, and none may be left out. `says`: a column with the
    answer to each step. `more`: further columns, and what they are compared with.
    """

    def __init__(self, home: Household, table: str, **more: Callable[[], Decimal]) -> None:
        (_, *head), *rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
        self.home, self.head, self.more = home, head, more
        self.sums = {column: Decimal(0) for column in head if column != "says"}
        *self.rows, last = rows
        assert last[0] == "="
        self.last = self.cells(last)

    def cells(self, row: list[str]) -> dict[str, str]:
        return dict(zip(self.head, row[1:], strict=False))

    def after(self, step: str, says: str = "") -> None:
        row, *self.rows = self.rows
        cells = self.cells(row)
        assert (row[0], cells.get("says", "")) == (step, says)
        for column in self.sums:
            self.sums[column] += Decimal(cells.get(column) or 0)
        assert self.home.seen_by("Olga") | {name: found() for name, found in self.more.items()} == self.sums, step

    def add_up(self) -> None:
        assert self.rows == []
        assert self.sums == {column: Decimal(self.last[column]) for column in self.sums}
        assert list(verify()) == []
