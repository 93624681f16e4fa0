"""What wallets, categories and rates are refused."""

from collections.abc import Callable
from typing import Any

from financebot.common import clock
from ledger.models import Category
from tests.conftest import House
from tests.ledger.helpers import close_until
from tests.ledger.refusals import TOO_LARGE, a_category, dollars
from tests.permission_rows import archived_wallet, category
from tests.refusals import EARLY, MISSING, Body, Given, Refusal, in_days

WALLET, CATEGORY = "wallets/<id:pk>", "categories/<id:pk>"


def new(then: Callable[[House], Any] | None = None, **fields: Any) -> Given:
    def call(house: House) -> tuple[None, Body]:
        if then:
            then(house)
        return None, {"name": "Tin", "type": "cash", **fields}

    return call


def on(name: str, then: Callable[[House], Any] | None = None, **body: Any) -> Given:
    def call(house: House) -> tuple[int, Body]:
        if then:
            then(house)
        return int(house.wallets[name].pk), body

    return call


def closed_today(house: House) -> None:
    close_until(house, clock.today("UTC"))


def indebted(house: House) -> None:
    house.spend("10.00")


def put_away(house: House) -> None:
    archived_wallet(house, "anns")


def awaited(house: House) -> None:
    """A transfer onto an empty wallet waits."""
    house.move("600.00", "cash", "anns", by="adult")


LIMITS = [
    ("amount_not_positive", "-1"),
    ("amount_too_fine", "0.001"),
    ("amount_too_large", TOO_LARGE),
]

WALLETS = [
    Refusal("POST wallets", "unknown_reference", "holder_id", new(holder_id=MISSING)),
    *(Refusal("POST wallets", code, "overdraft_limit", new(overdraft_limit=limit)) for code, limit in LIMITS),
    Refusal("POST wallets", "amount_too_fine", "opening_balance", new(opening_balance="-0.001")),
    Refusal("POST wallets", "amount_too_large", "opening_balance", new(opening_balance=TOO_LARGE)),
    Refusal("POST wallets", "period_closed", "", new(closed_today, opening_balance="5.00")),
    Refusal("POST wallets", "exchange_rate_missing", "", new(currency="USD", opening_balance="5.00")),
    Refusal("POST wallets", "insufficient_funds", "opening_balance", new(type="allowance", opening_balance="-5.00")),
    *(
        row
        for method in ("PUT", "PATCH")
        for row in (
            Refusal(f"{method} {WALLET}", "unknown_reference", "holder_id", on("cash", holder_id=MISSING)),
            *(
                Refusal(f"{method} {WALLET}", code, "overdraft_limit", on("cash", overdraft_limit=limit))
                for code, limit in LIMITS
            ),
            Refusal(
                f"{method} {WALLET}", "insufficient_funds", "overdraft_limit", on("cash", indebted, overdraft_limit="9")
            ),
            Refusal(
                f"{method} {WALLET}", "wallet_archived", "", on("anns", put_away, visibility="private"), by="adult"
            ),
            Refusal(
                f"{method} {WALLET}", "wallet_has_pending", "", on("anns", awaited, visibility="private"), by="adult"
            ),
        )
    ),
    Refusal(f"POST {WALLET}/archive", "wallet_not_empty", "", on("cash", indebted)),
    Refusal(f"POST {WALLET}/archive", "wallet_has_pending", "", on("anns", awaited)),
    Refusal(f"POST {WALLET}/archive", "changed", "", on("anns", put_away)),
    Refusal(f"POST {WALLET}/restore", "changed", "", on("anns")),
]


def stated(balance: str, name: str = "cash", then: Callable[[House], Any] | None = None, **body: Any) -> Given:
    return on(name, then, statement_balance=balance, **body)


RECONCILING = [
    ("amount_too_fine", "statement_balance", stated("0.001")),
    ("amount_too_fine", "statement_balance", stated("-5.001")),
    ("amount_too_large", "statement_balance", stated(TOO_LARGE)),
    ("amount_too_large", "statement_balance", stated(f"-{TOO_LARGE}")),
    ("date_in_future", "date", stated("5.00", date=in_days(3))),
    ("date_too_early", "date", stated("5.00", date=EARLY)),
    ("period_closed", "date", stated("5.00", then=closed_today)),
    ("exchange_rate_missing", "", lambda house: (dollars(house).pk, {"statement_balance": "5.00"})),
    ("insufficient_funds", "statement_balance", stated("-5.00", "pocket")),
    ("wallet_archived", "", stated("5.00", "anns", put_away)),
]


def chain(house: House, levels: int) -> list[int]:
    """Categories each below the one before."""
    found: list[int] = []
    for level in range(levels):
        parent = found[-1] if found else None
        found.append(category(house, f"Level {level}"))
        Category.objects.filter(pk=found[-1]).update(parent=parent)
    return found


def tidied(house: House, **fields: Any) -> int:
    """One that is archived, or merged into another."""
    pk = category(house, "Gone")
    Category.objects.filter(pk=pk).update(archived_at=clock.now(), **fields)
    return pk


def merged(house: House) -> int:
    return tidied(house, merged_into=category(house, "Target"))


def fallback(house: House) -> int:
    return int(house.categories["expense"].pk)


def below(parent: Callable[[House], int]) -> Given:
    return lambda house: (None, {"name": "Cats", "kind": "expense", "parent_id": parent(house)})


def hung(parent: Callable[[House], int], made: Callable[[House], int] = category) -> Given:
    return lambda house: (made(house), {"parent_id": parent(house)})


def into(target: Callable[[House], int], made: Callable[[House], int] = category) -> Given:
    return lambda house: (made(house), {"into": target(house)})


def named(made: Callable[[House], int], **body: Any) -> Given:
    return lambda house: (made(house), body)


def missing(house: House) -> int:
    return MISSING


def system(house: House) -> int:
    return a_category(house, "exchange")


def income(house: House) -> int:
    return a_category(house, "income")


def lowest(house: House) -> int:
    return chain(house, 3)[-1]


def under_itself(house: House) -> tuple[int, Body]:
    top, *_, last = chain(house, 2)
    return top, {"parent_id": last}


def into_its_child(house: House) -> tuple[int, Body]:
    top, *_, last = chain(house, 2)
    return top, {"into": last}


def into_the_depth(house: House) -> tuple[int, Body]:
    """One with a child, into one at the lowest level."""
    source, child = category(house, "Source"), category(house, "Child")
    Category.objects.filter(pk=child).update(parent=source)
    return source, {"into": lowest(house)}


TREE = [
    ("POST categories", "unknown_reference", "parent_id", below(missing)),
    ("POST categories", "unknown_reference", "parent_id", below(tidied)),
    ("POST categories", "wrong_category_kind", "parent_id", below(income)),
    ("POST categories", "category_too_deep", "parent_id", below(lowest)),
    (f"PATCH {CATEGORY}", "unknown_reference", "parent_id", hung(missing)),
    (f"PATCH {CATEGORY}", "wrong_category_kind", "parent_id", hung(income)),
    (f"PATCH {CATEGORY}", "wrong_category_kind", "", named(system, name="Mine")),
    (f"PATCH {CATEGORY}", "category_too_deep", "parent_id", hung(lowest)),
    (f"PATCH {CATEGORY}", "category_loop", "parent_id", under_itself),
    (f"PATCH {CATEGORY}", "changed", "", named(merged, name="Mine")),
    (f"POST {CATEGORY}/archive", "wrong_category_kind", "", named(system)),
    (f"POST {CATEGORY}/archive", "fallback_category", "", named(fallback)),
    (f"POST {CATEGORY}/archive", "changed", "", named(tidied)),
    (f"POST {CATEGORY}/restore", "wrong_category_kind", "", named(system)),
    (f"POST {CATEGORY}/restore", "changed", "", named(category)),
    (f"POST {CATEGORY}/restore", "changed", "", named(merged)),
    (f"POST {CATEGORY}/merge", "unknown_reference", "into", into(missing)),
    (f"POST {CATEGORY}/merge", "wrong_category_kind", "into", into(income)),
    (f"POST {CATEGORY}/merge", "wrong_category_kind", "", into(fallback, system)),
    (f"POST {CATEGORY}/merge", "category_too_deep", "into", into_the_depth),
    (f"POST {CATEGORY}/merge", "category_loop", "into", into_its_child),
    (f"POST {CATEGORY}/merge", "fallback_category", "", into(category, fallback)),
    (f"POST {CATEGORY}/merge", "changed", "", into(fallback, merged)),
]


def rate(**fields: Any) -> Given:
    return lambda house: (None, {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.92", **fields})


THINGS = [
    *WALLETS,
    *(Refusal(f"POST {WALLET}/reconcile", code, field, call) for code, field, call in RECONCILING),
    *(Refusal(operation, code, field, call) for operation, code, field, call in TREE),
    Refusal("POST exchange-rates", "date_in_future", "date", rate(date=in_days(3))),
    Refusal("POST exchange-rates", "date_too_early", "date", rate(date=EARLY)),
]
