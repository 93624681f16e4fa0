"""Requests as the document allows or forbids them, some of them aimed at what there is."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import strategies as st
from schemathesis.generation.case import Case

KINDS = {  # which rows the ids of these names belong to
    "family_pk": "families",
    "family_id": "families",
    "wallet": "wallets",
    "from_wallet_id": "wallets",
    "to_wallet_id": "wallets",
    "category": "categories",
    "category_id": "categories",
    "parent_id": "categories",
    "into": "categories",
    "refund_of": "transactions",
    "member": "members",
    "membership_id": "members",
    "holder_id": "members",
    "actor": "members",
}
PLAUSIBLE: dict[str, list[Any]] = {  # what else is refused early where it is made up
    "amount": ["1", "5.00", "20.01"],
    "to_amount": ["1", "5.00"],
    "opening_balance": ["0", "100.00", "-3"],
    "statement_balance": ["0", "12.34"],
    "date": [date(2026, 1, 31).isoformat()],
    "occurred_on": [date(2026, 1, 31).isoformat(), date(2026, 2, 1).isoformat()],
    "version": [1, 2],
}
FOUR = st.integers(0, 3)
SIDES = st.sampled_from([["from_wallet_id"], ["to_wallet_id"], ["from_wallet_id", "to_wallet_id"], []])


@dataclass(frozen=True)
class Aim:
    """Puts what there is in three of four places where it could stand."""

    draw: st.DrawFn
    chosen: dict[str, list[Any]]

    def hits(self) -> bool:
        return self.draw(FOUR) < 3  # the simplest draw does: one example alone is worth something, then

    def pick(self, name: str) -> Any:
        return self.draw(st.sampled_from(self.chosen[name]))

    def at(self, found: Any, name: str = "") -> Any:
        if isinstance(found, list):
            return [self.at(item) for item in found]
        if isinstance(found, dict):
            return {key: self.at(value, key) for key, value in found.items()}
        fits = name in self.chosen and isinstance(found, type(self.chosen[name][0]))
        return self.pick(name) if fits and self.hits() else found

    def entry(self, found: Any) -> Any:
        """An entry names a wallet or two: hardly one that is made up does."""
        if not isinstance(found, dict):
            return found
        return {**found, **{name: self.pick(name) for name in self.draw(SIDES)}}

    def body(self, path: str, found: dict[str, Any]) -> dict[str, Any]:
        aimed = self.at(found)
        if isinstance(aimed.get("transactions"), list):
            aimed["transactions"] = [self.entry(row) for row in aimed["transactions"]]
        return self.entry(aimed) if path.endswith("/transactions") else aimed


@st.composite
def aimed(draw: st.DrawFn, path: str, cases: st.SearchStrategy[Case], ids: dict[str, list[int]]) -> Case:
    """A case of the operation at this path, aimed at what there is."""
    case = draw(cases)
    kind = path.split("/{id}", maxsplit=1)[0].rsplit("/", maxsplit=1)[-1]
    known = {name: ids[of] for name, of in {**KINDS, "id": kind}.items() if ids.get(of)}
    aim = Aim(draw, known | PLAUSIBLE)
    for name in case.path_parameters or {}:
        if name in known and aim.hits():
            case.path_parameters[name] = str(aim.pick(name))
    if case.query:
        case.query = aim.at(case.query)
    if isinstance(case.body, dict):
        case.body = aim.body(path, case.body)
    return case
