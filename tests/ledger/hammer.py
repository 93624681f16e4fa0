"""Clients who do anything at random on one ledger: what is right, what is wrong, and what others do just now.

They know HTTP alone, so that the same ones work on Django's test client and on a server elsewhere.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Body = dict[str, Any] | None
Send = Callable[[str, str, Body, dict[str, str]], tuple[int, Any]]


@dataclass
class Scene:
    """What the clients share: whose ids there are, and the entries that some of them made lately."""

    family: int
    wallets: dict[str, int]  # by name; `dollars` is in another currency, `annes` held by the adult, `pocket` a child's
    members: dict[str, int]
    categories: list[int]
    entries: deque[int] = field(default_factory=lambda: deque(maxlen=30))

    def wallet(self, rng: random.Random) -> int:
        return rng.choice(list(self.wallets.values()))

    def entry(self, rng: random.Random) -> int:
        recent = list(self.entries)
        return rng.choice(recent) if recent else 1


class Client:
    """One person at work, a call at a time; `answers` counts what came back, by operation and status."""

    def __init__(self, scene: Scene, role: str, send: Send, seed: int) -> None:
        self.scene, self.role, self.send, self.rng = scene, role, send, random.Random(seed)
        self.answers: Counter[tuple[str, int]] = Counter()
        self.codes: Counter[str] = Counter()
        self.faults: list[str] = []

    def work(self, calls: int) -> None:
        names, weights = zip(*OPERATIONS.items(), strict=True)
        for name in self.rng.choices(names, weights, k=calls):
            self.do(name)

    def do(self, name: str) -> None:
        method, path, body = getattr(self, name)()
        headers = {}
        if method != "get" and self.rng.random() < 0.3:
            headers["Idempotency-Key"] = f"{self.role}-{self.rng.randrange(2000)}"
        if method == "patch" and self.rng.random() < 0.3:
            headers["If-Match"] = f'"v{self.rng.choice([1, 1, 2, 3])}"'
        status, answer = self.send(method, path, body, headers)
        self.answers[name, status] += 1
        if status >= 400:
            self.codes[answer.get("code", "") if isinstance(answer, dict) else ""] += 1
        if status >= 500 or (status >= 400 and (not isinstance(answer, dict) or "code" not in answer)):
            self.faults.append(f"{status} {method} {path} {body} {headers}: {answer}")
        if status < 300 and isinstance(answer, dict):
            made = [answer] if "confirmation_required" in answer else answer.get("transactions", [])
            self.scene.entries.extend(row["id"] for row in made)

    # What they may do, rightly or wrongly: (method, path, body)

    def spend(self) -> Any:
        return self.record(from_wallet_id=self.scene.wallet(self.rng), **self.words())

    def spend_much(self) -> Any:
        return self.record(from_wallet_id=self.scene.wallet(self.rng), amount=f"{self.rng.randint(501, 900)}.00")

    def earn(self) -> Any:
        return self.record(to_wallet_id=self.scene.wallet(self.rng), amount=f"{self.rng.randint(1, 200)}.00")

    def move(self) -> Any:
        source, target = self.scene.wallet(self.rng), self.scene.wallet(self.rng)
        more = {"to_amount": self.amount()} if self.rng.random() < 0.3 else {}
        return self.record(from_wallet_id=source, to_wallet_id=target, **more)

    def draft(self) -> Any:
        return self.record(from_wallet_id=self.scene.wallet(self.rng), draft=True)

    def refund(self) -> Any:
        return self.record(to_wallet_id=self.scene.wallet(self.rng), refund_of=self.scene.entry(self.rng))

    def split(self) -> Any:
        parts = [{"category_id": self.rng.choice(self.scene.categories), "amount": "2.50"} for _ in range(2)]
        whom = [{"membership_id": m, "share": "1"} for m in self.rng.sample(list(self.scene.members.values()), 2)]
        return self.record(from_wallet_id=self.scene.wallet(self.rng), amount="5.00", splits=parts, for_members=whom)

    def bulk(self) -> Any:
        rows = [
            {"from_wallet_id": self.scene.wallet(self.rng), "amount": self.amount(), **self.words()}
            for _ in range(self.rng.randint(1, 8))
        ]
        return "post", "/transactions/bulk", {"family_id": self.scene.family, "transactions": rows}

    def confirm(self) -> Any:
        version = {"version": self.rng.choice([1, 1, 2])} if self.rng.random() < 0.5 else {}
        return self.on_entry("/confirm", version)

    def reject(self) -> Any:
        return self.on_entry("/reject", {"reason": "no"})

    def cancel(self) -> Any:
        return self.on_entry("/cancel", None)

    def submit(self) -> Any:
        return self.on_entry("/submit", None)

    def reverse(self) -> Any:
        return self.on_entry("/reverse", {})

    def undo(self) -> Any:
        return self.on_entry("/undo", {})

    def remove(self) -> Any:
        return "delete", f"/transactions/{self.scene.entry(self.rng)}", {}

    def edit_words(self) -> Any:
        return "patch", f"/transactions/{self.scene.entry(self.rng)}", self.words()

    def edit_facts(self) -> Any:
        change = self.rng.choice(
            [
                {"amount": self.amount()},
                {"amount": f"{self.rng.randint(501, 900)}.00"},
                {"from_wallet_id": self.scene.wallet(self.rng)},
                {"category_id": self.rng.choice(self.scene.categories)},
                {"occurred_on": self.day(), **self.words()},
            ]
        )
        return "patch", f"/transactions/{self.scene.entry(self.rng)}", change

    def edit_for_whom(self) -> Any:
        whom = self.rng.sample(list(self.scene.members.values()), self.rng.randint(1, 3))
        rows = [{"membership_id": member, "share": str(self.rng.randint(1, 3))} for member in whom]
        return "patch", f"/transactions/{self.scene.entry(self.rng)}", {"for_members": rows}

    def reconcile(self) -> Any:
        body = {"statement_balance": f"{self.rng.randint(-50, 400)}.00"}
        return "post", f"/wallets/{self.scene.wallet(self.rng)}/reconcile", body

    def hide_or_show(self) -> Any:
        visibility = self.rng.choice(["shared", "shared", "private", "balance_only"])
        return "patch", f"/wallets/{self.scene.wallets['annes']}", {"visibility": visibility}

    def rename(self) -> Any:
        return "patch", f"/wallets/{self.scene.wallet(self.rng)}", {"name": f"Wallet {self.rng.randint(1, 99)}"}

    def archive(self) -> Any:
        verb = self.rng.choice(["archive", "restore"])
        return "post", f"/wallets/{self.scene.wallets['spare']}/{verb}", None

    def open_wallet(self) -> Any:
        body = {"name": "New", "type": "cash", "opening_balance": f"{self.rng.randint(-9, 9)}.00"}
        return "post", "/wallets", {"family_id": self.scene.family, **body}

    def wrong(self) -> Any:
        """What nobody may do, or nobody can read."""
        source = self.scene.wallet(self.rng)
        return self.rng.choice(
            [
                self.record(from_wallet_id=source, amount="0"),
                self.record(from_wallet_id=source, amount="-5.00"),
                self.record(from_wallet_id=source, amount="0.001"),
                self.record(from_wallet_id=source, amount="1e5"),
                self.record(from_wallet_id=source, amount="99999999999999.99"),
                self.record(from_wallet_id=source, amount=[]),
                self.record(from_wallet_id=10**12),
                self.record(from_wallet_id=source, to_wallet_id=source),
                self.record(from_wallet_id=source, category_id=10**9),
                self.record(from_wallet_id=source, occurred_on="2150-01-01"),
                self.record(from_wallet_id=source, occurred_on="yesterday"),
                self.record(from_wallet_id=source, colour="red"),
                self.record(),
                ("post", "/transactions", {"family_id": 10**9, "amount": "1.00", "from_wallet_id": source}),
                ("get", "/transactions/999999999", None),
                ("get", f"/transactions?family_id={self.scene.family}&cursor=rubbish", None),
                ("put", f"/transactions/{self.scene.entry(self.rng)}", {}),
                ("post", "/transactions/999999999/confirm", {}),
                ("post", f"/transactions/{self.scene.entry(self.rng)}/confirm", {"confirmation_token": "rubbish"}),
            ]
        )

    def list_entries(self) -> Any:
        more = self.rng.choice(
            [
                "",
                "&include=reversed",
                "&status=pending_approval",
                f"&wallet={self.scene.wallet(self.rng)}",
                "&ordering=amount&page_size=5",
                "&search=shop",
                "&date_from=2026-01-01&amount_min=5",
            ]
        )
        return "get", f"/transactions?family_id={self.scene.family}{more}", None

    def look_at_entry(self) -> Any:
        return "get", f"/transactions/{self.scene.entry(self.rng)}", None

    def list_wallets(self) -> Any:
        return "get", f"/wallets{self.rng.choice(['', '/summary'])}?family_id={self.scene.family}", None

    # Their words

    def record(self, **body: Any) -> Any:
        more = {"occurred_on": self.day()} if self.rng.random() < 0.3 else {}
        return "post", "/transactions", {"family_id": self.scene.family, "amount": self.amount(), **more, **body}

    def on_entry(self, verb: str, body: Body) -> Any:
        return "post", f"/transactions/{self.scene.entry(self.rng)}{verb}", body

    def amount(self) -> str:
        return f"{self.rng.randint(1, 40)}.{self.rng.choice(['00', '50', '99'])}"

    def day(self) -> str:
        return f"{datetime.now(UTC).date() - timedelta(days=self.rng.randint(0, 60)):%Y-%m-%d}"

    def words(self) -> dict[str, Any]:
        """Names that others use too, in any order: they are made once."""
        names = ["shop", "Straße", "market", "кафе", f"new {self.rng.randrange(50)}"]
        return {"payee": self.rng.choice(names), "tags": self.rng.sample(names, 3), "description": "things"}


OPERATIONS = {
    "spend": 12,
    "spend_much": 6,
    "earn": 8,
    "move": 8,
    "draft": 3,
    "refund": 4,
    "split": 3,
    "bulk": 3,
    "confirm": 10,
    "reject": 2,
    "cancel": 2,
    "submit": 3,
    "reverse": 4,
    "undo": 3,
    "remove": 2,
    "edit_words": 4,
    "edit_facts": 8,
    "edit_for_whom": 3,
    "reconcile": 2,
    "hide_or_show": 2,
    "rename": 1,
    "archive": 1,
    "open_wallet": 1,
    "wrong": 6,
    "list_entries": 6,
    "look_at_entry": 5,
    "list_wallets": 4,
}


def found(clients: list[Client]) -> Counter[tuple[str, int]]:
    """All answers together. Fails where one was a fault of ours."""
    faults = [fault for client in clients for fault in client.faults]
    assert not faults, "\n".join(faults[:20])
    return sum((client.answers for client in clients), Counter())
