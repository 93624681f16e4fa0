"""Somebody with 50 euros in seven days, and what of it they have spent."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from financebot.common import clock
from ledger.models import Approval
from tests.stories.household import Books, Household, said

LIMIT = Decimal(50)


def spent(home: Household) -> Decimal:
    """What Kim has spent in seven days without anybody's approval."""
    found, approved = Decimal(0), set(Approval.objects.values_list("transaction_id", flat=True))
    query = f"family_id={home.pk}&member={home.members['Kim']}&type=expense&status=executed&page_size=1000"
    for row in home.does("Olga", "get", f"/transactions?{query}")["results"]:
        is_new = clock.now() - datetime.fromisoformat(row["created_at"]) < timedelta(days=7)
        is_reversal = row["reverses_id"] is not None
        found += Decimal(row["amount"]) if is_new and not is_reversal and row["id"] not in approved else 0
    assert found <= LIMIT
    return found


class Kim:
    """What the child tries, written down in the books; `last`: the answer."""

    def __init__(self, home: Household, table: str) -> None:
        self.home = home
        self.books = Books(home, table, spent=lambda: spent(home))
        self.books.after("what there is")

    def tries(self, step: str, method: str, path: str, **body: Any) -> Any:
        self.last = self.home.tries("Kim", method, path, **body)
        self.books.after(step, said(self.last))
        return self.last.json().get("id")

    def records(self, step: str, *args: Any, **more: Any) -> Any:
        return self.tries(step, "post", "/transactions", family_id=self.home.pk, **self.home.entry(*args, **more))

    def edits(self, step: str, entry: int, **body: Any) -> Any:
        return self.tries(step, "patch", f"/transactions/{entry}", **body)

    def cancels(self, *entries: int) -> None:
        for entry in entries:
            assert self.home.does("Kim", "post", f"/transactions/{entry}/cancel")["status"] == "cancelled"
