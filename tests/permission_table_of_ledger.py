"""The ledger's rows of the permission table."""

from decimal import Decimal
from functools import partial
from typing import Any

from families.roles import P
from financebot.common import clock
from ledger import services as ledger
from ledger.models import Category
from ledger.rules import Draft
from tests.ledger.helpers import ONE, want_approval
from tests.permission_rows import (
    OUT,
    Row,
    archived_wallet,
    at_wallet,
    category,
    drafted,
    earned,
    listed,
    member,
    on_entry,
    recorded,
    waiting,
    wallet_id,
)

WALLET = {"name": "Purse", "type": "cash"}
CATEGORY = {"name": "Cats", "kind": "expense"}


def edit_wallet(name: str, statuses: str, method: str = "PATCH") -> Row:
    return Row(
        f"{method} wallets/<id:pk>",
        statuses + OUT,
        at_wallet(name, name="Tin"),
        lambda house, who, actor: partial(
            ledger.edit_wallet, actor=actor, wallet_id=house.wallets[name].pk, changes={"name": "Tin"}, version=None
        ),
        about=name,
    )


def see_wallet(name: str, statuses: str) -> Row:
    return Row("GET wallets/<id:pk>", statuses + OUT, at_wallet(name), telegram=True, about=name)


def hide_wallet(name: str, statuses: str) -> Row:
    return Row(
        "PATCH wallets/<id:pk>",
        statuses + OUT,
        at_wallet(name, visibility="balance_only"),
        lambda house, who, actor: partial(
            ledger.edit_wallet,
            actor=actor,
            wallet_id=house.wallets[name].pk,
            changes={"visibility": "balance_only"},
            version=None,
        ),
        about=f"{name}, hidden",
    )


def reconcile(name: str, statuses: str, about: str = "", **policy: Any) -> Row:
    def in_family(house: Any) -> int:
        want_approval(house, above=None, **policy)
        return int(house.wallets[name].pk)

    return Row(
        "POST wallets/<id:pk>/reconcile",
        statuses + OUT,
        lambda house, who: (f"/wallets/{in_family(house)}/reconcile", {"statement_balance": "50.00"}),
        lambda house, who, actor: partial(
            ledger.reconcile_wallet,
            actor=actor,
            wallet_id=in_family(house),
            statement_balance=Decimal(50),
            day=None,
        ),
        about=f"{name}{about}",
    )


def private_wallet(whose: str, statuses: str) -> Row:
    def fields(house: Any) -> dict[str, Any]:
        return {**WALLET, "holder_id": member(house, whose), "visibility": "private"}

    return Row(
        "POST wallets",
        statuses + OUT,
        lambda house, who: ("/wallets", {**fields(house), "family_id": house.family.pk}),
        lambda house, who, actor: partial(ledger.create_wallet, actor=actor, fields=fields(house)),
        about=f"private of the {whose}",
    )


def rows_on(house: Any, wallet: str) -> dict[str, Any]:
    rows = [{"amount": "1.00", "to_wallet_id": wallet_id(house, wallet)}] * 2
    return {"family_id": house.family.pk, "transactions": rows}


WALLETS = [
    Row("GET wallets", "200 200 200 200 403" + OUT, listed("/wallets"), telegram=True),
    Row(
        "POST wallets",
        "201 201 403 403 403" + OUT,
        lambda house, who: ("/wallets", {**WALLET, "family_id": house.family.pk}),
        lambda house, who, actor: partial(ledger.create_wallet, actor=actor, fields=WALLET),
    ),
    see_wallet("cash", "200 200 200 404 404"),
    see_wallet("anns", "200 200 404 404 404"),
    see_wallet("pocket", "200 200 404 200 404"),
    Row("GET wallets/<id:pk>", "404 200 404 404 404" + OUT, at_wallet("secret"), about="secret"),
    edit_wallet("cash", "200 200 403 404 404"),
    edit_wallet("cash", "200 200 403 404 404", method="PUT"),
    edit_wallet("pocket", "200 403 404 403 404"),
    edit_wallet("secret", "404 200 404 404 404"),
    Row(
        "POST wallets/<id:pk>/archive",
        "200 403 403 404 404" + OUT,
        at_wallet("cash", "/archive"),
        lambda house, who, actor: partial(ledger.archive_wallet, actor=actor, wallet_id=house.wallets["cash"].pk),
    ),
    Row(
        "POST wallets/<id:pk>/restore",
        "200 403 403 404 404" + OUT,
        lambda house, who: (f"/wallets/{archived_wallet(house, 'cash')}/restore", {}),
        lambda house, who, actor: partial(ledger.restore_wallet, actor=actor, wallet_id=archived_wallet(house, "cash")),
    ),
    Row(
        "POST wallets/<id:pk>/archive",
        "404 200 404 404 404" + OUT,
        at_wallet("secret", "/archive"),
        lambda house, who, actor: partial(ledger.archive_wallet, actor=actor, wallet_id=house.wallets["secret"].pk),
        about="secret",
    ),
    Row("GET wallets/summary", "200 200 200 200 403" + OUT, listed("/wallets/summary"), telegram=True),
    private_wallet("owner", "201 403 403 403 403"),
    private_wallet("adult", "403 201 403 403 403"),
    hide_wallet("cash", "403 403 403 404 404"),
    hide_wallet("anns", "403 200 404 404 404"),
    hide_wallet("members", "403 403 200 404 404"),
    hide_wallet("pocket", "403 403 404 403 404"),
    reconcile("cash", "200 200 403 404 404"),
    reconcile("cash", "200 403 403 404 404", about=" beyond the limit", adult_approval_limit=Decimal(49)),
    reconcile("anns", "200 200 404 404 404"),
    reconcile("pocket", "200 200 404 403 404"),
    reconcile("secret", "404 200 404 404 404"),
]

RECORDING = [
    Row("GET transactions", "200 200 200 200 403" + OUT, listed("/transactions"), telegram=True),
    recorded("201 201 201 422 403" + OUT, "cash", None),
    recorded("201 201 422 201 403" + OUT, "pocket", None),
    recorded("201 201 422 422 403" + OUT, "anns", None),
    recorded("201 201 201 422 403" + OUT, None, "members"),
    recorded("201 201 403 403 403" + OUT, "cash", "members"),
    recorded("422 422 422 422 403" + OUT, None, "foreign"),
    recorded("422 201 422 422 403" + OUT, None, "secret"),
    *(
        Row(
            "POST transactions/bulk",
            statuses + OUT,
            lambda house, who, wallet=wallet: ("/transactions/bulk", rows_on(house, wallet)),
            lambda house, who, actor, wallet=wallet: partial(
                ledger.create_transactions,
                actor=actor,
                drafts=[Draft(amount=ONE, to_wallet=wallet_id(house, wallet))] * 2,
            ),
            about=wallet,
        )
        for wallet, statuses in (
            ("cash", "201 201 403 403 403"),
            ("pocket", "201 201 403 403 403"),
            ("secret", "422 201 403 403 403"),
            ("foreign", "422 422 403 403 403"),
        )
    ),
]


MEMBERS, ADULTS, OWNERS = ("member", "cash"), ("adult", "cash"), ("owner", "cash")
CHILDS, SECRET = ("child", "pocket"), ("adult", "secret")
NOTES, AMOUNT = {"notes": "x"}, {"amount": Decimal("4.00")}

SEEING = [
    on_entry("GET transactions/<id:pk>", made, statuses, about=about, telegram=owner_sees)
    for about, made, statuses, owner_sees in (
        ("the owner's", earned(*OWNERS), "200 200 200 404 404", True),
        ("the child's", earned(*CHILDS), "200 200 404 200 404", True),
        ("the adult's, hidden", earned(*SECRET), "404 200 404 404 404", False),
        ("the owner's for the member", earned("owner", "members"), "200 200 200 404 404", True),
        ("the owner's draft", drafted(*OWNERS), "200 404 404 404 404", True),
        ("the member's draft", drafted(*MEMBERS), "404 404 200 404 404", False),
        ("the member's that waits", waiting(*MEMBERS), "200 200 200 404 404", True),
    )
]

editing = partial(on_entry, "PATCH transactions/<id:pk>", use_case=ledger.edit_transaction, version=None)
removing = partial(on_entry, "DELETE transactions/<id:pk>", use_case=ledger.remove_transaction, reason="")
reversing = partial(on_entry, "POST transactions/<id:pk>/reverse", use_case=ledger.reverse_transaction, reason="")
undoing = partial(on_entry, "POST transactions/<id:pk>/undo", use_case=ledger.undo_transaction, reason="")


def correcting(changes: dict[str, Any], about: str) -> list[Row]:
    """Editing, by what it changes: words alone, or the money."""
    edit = partial(editing, body={name: str(value) for name, value in changes.items()}, changes=changes)
    return [
        edit(earned(*OWNERS), "200 403 403 404 404", about=f"the owner's {about}", telegram=True),
        edit(earned(*MEMBERS), "200 403 200 404 404", about=f"the member's {about}"),
        edit(earned(*CHILDS), "200 403 404 403 404", about=f"the child's {about}"),
        edit(earned(*SECRET), "404 200 404 404 404", about=f"the adult's hidden {about}"),
        edit(drafted(*MEMBERS), "404 404 200 404 404", about=f"the member's draft {about}"),
        edit(waiting(*MEMBERS), "200 403 200 404 404", about=f"the member's waiting {about}"),
    ]


CORRECTING = [
    *correcting(NOTES, "words"),
    *correcting(AMOUNT, "amount"),
    removing(earned(*OWNERS), "200 403 403 404 404", about="the owner's", telegram=True),
    removing(earned(*MEMBERS), "200 403 200 404 404", about="the member's"),
    removing(earned(*CHILDS), "200 403 404 403 404", about="the child's"),
    removing(earned(*SECRET), "404 200 404 404 404", about="the adult's, hidden"),
    reversing(earned(*OWNERS), "200 403 403 404 404", about="the owner's"),
    reversing(earned(*MEMBERS), "200 403 403 404 404", about="the member's"),
    reversing(earned(*SECRET), "404 403 404 404 404", about="the adult's, hidden"),
    undoing(earned(*OWNERS), "200 403 403 404 404", about="the owner's", telegram=True),
    undoing(earned(*MEMBERS), "403 403 200 404 404", about="the member's"),
    undoing(earned(*CHILDS), "403 403 404 403 404", about="the child's"),
    undoing(earned(*SECRET), "404 200 404 404 404", about="the adult's, hidden"),
]

submitting = partial(on_entry, "POST transactions/<id:pk>/submit", use_case=ledger.submit_transaction)
confirming = partial(
    on_entry,
    "POST transactions/<id:pk>/confirm",
    use_case=ledger.confirm_transaction,
    body={"confirmation_token": None},
    token=None,
    version=None,
)
rejecting = partial(on_entry, "POST transactions/<id:pk>/reject", use_case=ledger.reject_transaction, reason="")
cancelling = partial(on_entry, "POST transactions/<id:pk>/cancel", use_case=ledger.cancel_transaction)
LARGE = {"adult_approval_limit": Decimal(0)}

APPROVING = [
    submitting(drafted(*OWNERS), "200 404 404 404 404", about="the owner's", telegram=True),
    submitting(drafted(*MEMBERS), "404 404 200 404 404", about="the member's"),
    submitting(drafted(*CHILDS), "404 404 404 200 404", about="the child's"),
    confirming(waiting(*OWNERS, approvals=2), "403 200 403 404 404", about="the owner's"),
    confirming(waiting(*ADULTS), "200 403 403 404 404", about="the adult's", telegram=True),
    confirming(waiting(*MEMBERS), "200 200 403 404 404", about="the member's", telegram=True),
    confirming(waiting(*CHILDS), "200 200 404 403 404", about="the child's", telegram=True),
    confirming(
        waiting(*MEMBERS, **LARGE),
        "200 403 403 404 404",
        about="the member's, large",
        permission=P.APPROVE_LARGE_TRANSACTION,
    ),
    confirming(
        waiting(*MEMBERS, approvals=2, **LARGE),
        "200 200 403 404 404",
        about="the member's, large, by two",
        permission=P.APPROVE_LARGE_TRANSACTION,
    ),
    rejecting(waiting(*OWNERS, approvals=2), "403 200 403 404 404", about="the owner's"),
    rejecting(waiting(*ADULTS), "200 403 403 404 404", about="the adult's", telegram=True),
    rejecting(waiting(*MEMBERS, **LARGE), "200 200 403 404 404", about="the member's, large", telegram=True),
    rejecting(waiting(*CHILDS), "200 200 404 403 404", about="the child's", telegram=True),
    cancelling(waiting(*OWNERS, approvals=2), "200 403 403 404 404", about="the owner's", telegram=True),
    cancelling(waiting(*MEMBERS), "403 403 200 404 404", about="the member's"),
    cancelling(waiting(*CHILDS), "403 403 404 200 404", about="the child's"),
    cancelling(drafted(*OWNERS), "200 404 404 404 404", about="the owner's draft", telegram=True),
    cancelling(drafted(*CHILDS), "404 404 404 200 404", about="the child's draft"),
]


def at_category(path: str = "", prepare: Any = None, /, **body: Any) -> Any:
    """A call at a category of the family's own; `prepare` takes the house and it, and may give the body."""

    def call(house: Any, who: str) -> tuple[str, dict[str, Any]]:
        pk = category(house)
        given = prepare(house, pk) if prepare else None
        return f"/categories/{pk}{path}", given or body

    return call


def on_category(use_case: Any, prepare: Any = None, /, **fixed: Any) -> Any:
    def work(house: Any, who: str, actor: Any) -> Any:
        pk = category(house)
        given = prepare(house, pk) if prepare else None
        return partial(use_case, actor=actor, category_id=pk, **(given or fixed))

    return work


def archived_category(house: Any, pk: int) -> None:
    Category.objects.filter(pk=pk).update(archived_at=clock.now())


def merging(house: Any, pk: int) -> dict[str, Any]:
    return {"into": category(house, "Pets")}


CATEGORIES = [
    Row("GET categories", "200 200 200 200 403" + OUT, listed("/categories"), telegram=True),
    Row(
        "POST categories",
        "201 201 403 403 403" + OUT,
        lambda house, who: ("/categories", {**CATEGORY, "family_id": house.family.pk}),
        lambda house, who, actor: partial(ledger.create_category, actor=actor, fields=CATEGORY),
    ),
    Row("GET categories/<id:pk>", "200 200 200 200 404" + OUT, at_category(), telegram=True),
    Row(
        "PATCH categories/<id:pk>",
        "200 200 403 403 404" + OUT,
        at_category(name="Cat"),
        on_category(ledger.edit_category, changes={"name": "Cat"}, version=None),
    ),
    Row(
        "POST categories/<id:pk>/archive",
        "200 200 403 403 404" + OUT,
        at_category("/archive"),
        on_category(ledger.archive_category),
    ),
    Row(
        "POST categories/<id:pk>/restore",
        "200 200 403 403 404" + OUT,
        at_category("/restore", archived_category),
        on_category(ledger.restore_category, archived_category),
    ),
    Row(
        "POST categories/<id:pk>/merge",
        "200 200 403 403 404" + OUT,
        at_category("/merge", merging),
        on_category(ledger.merge_category, merging),
    ),
]

RATE = {"base": "USD", "quote": "EUR", "rate": Decimal("0.92")}
RATE_BODY = {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.92"}

RATES = [
    Row("GET exchange-rates", "200 200 200 200 200" + OUT, listed("/exchange-rates"), telegram=True),
    Row(
        "POST exchange-rates",
        "201 201 403 403 403" + OUT,
        lambda house, who: ("/exchange-rates", {**RATE_BODY, "family_id": house.family.pk}),
        lambda house, who, actor: partial(ledger.set_rate, actor=actor, fields=RATE),
    ),
]

LEDGER = [*WALLETS, *RECORDING, *SEEING, *CORRECTING, *APPROVING, *CATEGORIES, *RATES]
