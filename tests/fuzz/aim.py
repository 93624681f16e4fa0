"""Requests as the document allows or forbids them, some of them aimed at what there is."""

from datetime import date
from typing import Any

from hypothesis import strategies as st
from schemathesis import GenerationMode
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
IN_FOUR = st.integers(0, 3)


@st.composite
def requests(draw: st.DrawFn, operation: Any, mode: GenerationMode, ids: dict[str, list[int]]) -> Case:
    """A case of the operation; three of four values that could name a row or make sense do."""
    case = draw(operation.as_strategy(generation_mode=mode))
    kind = operation.path.split("/{id}")[0].split("/")[-1]
    chosen = {name: ids[of] for name, of in {**KINDS, "id": kind}.items() if ids.get(of)} | PLAUSIBLE

    def aimed(found: Any) -> Any:
        if isinstance(found, list):
            return [aimed(item) for item in found]
        if isinstance(found, dict):
            return {name: one(name, value) for name, value in found.items()}
        return found

    def one(name: str, value: Any) -> Any:
        likely = chosen.get(name)
        if likely and isinstance(value, type(likely[0])) and draw(IN_FOUR) < 3:
            return draw(st.sampled_from(likely))
        return aimed(value)

    def from_somewhere(entry: Any) -> Any:
        """An entry names a wallet or two: hardly one that is made up does."""
        wallets = draw(st.sampled_from([["from_wallet_id"], ["to_wallet_id"], ["from_wallet_id", "to_wallet_id"], []]))
        named = {name: draw(st.sampled_from(ids["wallets"])) for name in wallets}
        return {**entry, **named} if isinstance(entry, dict) else entry

    for name in case.path_parameters or {}:
        if chosen.get(name) and draw(IN_FOUR) < 3:
            case.path_parameters[name] = str(draw(st.sampled_from(chosen[name])))
    if case.query:
        case.query = aimed(case.query)
    if isinstance(case.body, dict):
        body = aimed(case.body)
        if case.path == "/api/v1/transactions":
            body = from_somewhere(body)
        if isinstance(body.get("transactions"), list):
            body["transactions"] = [from_somewhere(entry) for entry in body["transactions"]]
        case.body = body
    return case
