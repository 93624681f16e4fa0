"""The rows of the permission table, by app."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from accounts import passwords, services
from accounts.models import User
from accounts.tokens import pair
from families import services as families
from families.models import Family
from families.roles import Role
from financebot.common import clock
from ledger import services as ledger
from ledger.models import Category
from tests.factories import PASSWORD
from tests.permission_rows import (
    ME,
    OUT,
    Row,
    archived_family,
    archived_wallet,
    at_entry,
    at_member,
    at_wallet,
    category,
    entry,
    fixed,
    invitation,
    listed,
    member,
    of_family,
    own_or_owners,
    recorded,
    user_of,
)

TOKEN_CALLS = {"POST auth/register", "POST auth/login", "POST auth/refresh"}
STRONG = "another horse entirely"


def of_account(use_case: Any) -> Any:
    """A use case that needs a proof of the person's own password."""

    def work(house: Any, who: str, actor: Any) -> Any:
        user = User.objects.get(pk=user_of(house, who).user.pk)
        return use_case(actor, passwords.prove(user, PASSWORD))

    return work


ACCOUNTS = [
    Row(
        "POST auth/register",
        "201 " * 9,
        lambda house, who: ("/auth/register", {"email": f"new-{who}@example.org", "password": PASSWORD}),
    ),
    Row(
        "POST auth/login",
        "200 " * 9,
        lambda house, who: ("/auth/login", {"email": house.owner.user.email, "password": PASSWORD}),
    ),
    Row(
        "POST auth/refresh",
        "200 " * 9,
        lambda house, who: ("/auth/refresh", {"refresh_token": pair(house.owner.session).refresh_token}),
    ),
    Row(
        "POST auth/logout",
        ME,
        fixed("/auth/logout"),
        lambda house, who, actor: partial(services.log_out, actor=actor, everywhere=False),
        telegram=True,
    ),
    Row(
        "POST auth/step-up",
        ME,
        fixed("/auth/step-up", password=PASSWORD),
        of_account(lambda actor, proof: partial(services.step_up, actor=actor, proof=proof)),
    ),
    Row(
        "POST auth/password/change",
        "204 " * 8 + "401",
        fixed("/auth/password/change", current_password=PASSWORD, new_password=STRONG),
        of_account(lambda actor, proof: partial(services.change_password, actor=actor, proof=proof, password_hash="!")),
    ),
    Row("GET auth/sessions", ME, fixed("/auth/sessions")),
    Row(
        "DELETE auth/sessions/<id:pk>",
        "204 " * 8 + "401",
        lambda house, who: (f"/auth/sessions/{user_of(house, who).session.pk}", {}),
        lambda house, who, actor: partial(
            services.revoke_session, actor=actor, session_id=user_of(house, who).session.pk
        ),
    ),
    Row(
        "DELETE auth/sessions/<id:pk>",
        "204 " + "404 " * 7 + "401",
        lambda house, who: (f"/auth/sessions/{house.owner.session.pk}", {}),
        lambda house, who, actor: partial(services.revoke_session, actor=actor, session_id=house.owner.session.pk),
        about="the owner's",
    ),
    Row("GET users/me", ME, fixed("/users/me"), telegram=True),
    Row(
        "PATCH users/me",
        ME,
        fixed("/users/me", first_name="Robin"),
        lambda house, who, actor: partial(
            services.edit_profile, actor=actor, changes={"first_name": "Robin"}, version=None
        ),
    ),
]

FAMILIES = [
    Row("GET families", ME, fixed("/families"), telegram=True),
    Row(
        "POST families",
        "201 " * 8 + "401",
        fixed("/families", name="Second home", base_currency="EUR"),
        lambda house, who, actor: partial(
            families.create_family, actor=actor, name="Second home", base_currency="EUR", timezone="UTC"
        ),
        telegram=True,
    ),
    Row(
        "POST invitations/accept",
        "409 409 409 409 409 200 409 200 401",
        lambda house, who: ("/invitations/accept", {"token": invitation(house, "owner").token}),
        telegram=True,
    ),
    Row("GET families/<id:family_pk>", "200 200 200 200 200" + OUT, of_family(""), telegram=True),
    Row(
        "PATCH families/<id:family_pk>",
        "200 403 403 403 403" + OUT,
        of_family("", name="Castle"),
        lambda house, who, actor: partial(families.edit_family, actor=actor, changes={"name": "Castle"}, version=None),
    ),
    Row(
        "DELETE families/<id:family_pk>",
        "204 403 403 403 403" + OUT,
        of_family(""),
        lambda house, who, actor: partial(families.archive_family, actor=actor),
    ),
    Row(
        "POST families/<id:family_pk>/restore",
        "200 403 403 403 403" + OUT,
        lambda house, who: (archived_family(house), of_family("/restore")(house, who))[1],
        lambda house, who, actor: (archived_family(house), partial(families.restore_family, actor=actor))[1],
    ),
    Row(
        "POST families/<id:family_pk>/transfer-ownership",
        "200 403 403 403 403" + OUT,
        lambda house, who: of_family("/transfer-ownership", membership_id=member(house, "adult"))(house, who),
        lambda house, who, actor: partial(
            families.transfer_ownership, actor=actor, membership_id=member(house, "adult")
        ),
    ),
    Row(
        "GET families/<id:family_pk>/permissions",
        "200 200 200 200 200" + OUT,
        of_family("/permissions"),
        telegram=True,
    ),
    Row(
        "GET families/<id:family_pk>/members",
        "200 200 200 200 200" + OUT,
        of_family("/members"),
        telegram=True,
    ),
    Row(
        "PATCH families/<id:family_pk>/members/<id:pk>",
        "200 403 403 403 403" + OUT,
        at_member("member", role="adult"),
        lambda house, who, actor: partial(
            families.edit_member,
            actor=actor,
            membership_id=member(house, "member"),
            changes={"role": "adult"},
            version=None,
        ),
    ),
    Row(
        "POST families/<id:family_pk>/members/<id:pk>/suspend",
        "200 403 403 403 403" + OUT,
        at_member("child", "/suspend"),
        lambda house, who, actor: partial(families.suspend_member, actor=actor, membership_id=member(house, "child")),
    ),
    Row(
        "POST families/<id:family_pk>/members/<id:pk>/resume",
        "200 403 403 403 403" + OUT,
        at_member("suspended", "/resume"),
        lambda house, who, actor: partial(
            families.resume_member, actor=actor, membership_id=member(house, "suspended")
        ),
    ),
    Row(
        "DELETE families/<id:family_pk>/members/<id:pk>",
        "204 403 403 403 403" + OUT,
        at_member("child"),
        lambda house, who, actor: partial(families.remove_member, actor=actor, membership_id=member(house, "child")),
        about="the child",
    ),
    Row(
        "DELETE families/<id:family_pk>/members/<id:pk>",
        "409 204 204 403 204" + OUT,
        lambda house, who: (f"/families/{house.family.pk}/members/{own_or_owners(house, who)}", {}),
        lambda house, who, actor: partial(families.remove_member, actor=actor, membership_id=own_or_owners(house, who)),
        about="oneself",
    ),
    Row(
        "POST families/<id:family_pk>/invitations",
        "201 201 403 403 403" + OUT,
        of_family("/invitations", role="child"),
        lambda house, who, actor: partial(families.create_invitation, actor=actor, role=Role.CHILD, email=None),
        about="as child",
    ),
    Row(
        "POST families/<id:family_pk>/invitations",
        "201 403 403 403 403" + OUT,
        of_family("/invitations", role="adult"),
        lambda house, who, actor: partial(families.create_invitation, actor=actor, role=Role.ADULT, email=None),
        about="as adult",
    ),
    Row("GET families/<id:family_pk>/invitations", "200 200 403 403 403" + OUT, of_family("/invitations")),
    *(
        Row(
            "DELETE families/<id:family_pk>/invitations/<id:pk>",
            statuses + OUT,
            lambda house, who, by=by: of_family(f"/invitations/{invitation(house, by).invitation.pk}")(house, who),
            about=f"of the {by}",
        )
        for by, statuses in (("owner", "204 403 404 404 404"), ("adult", "204 204 404 404 404"))
    ),
]

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


LEDGER = [
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
    Row("GET categories", "200 200 200 200 403" + OUT, listed("/categories"), telegram=True),
    Row(
        "POST categories",
        "201 201 403 403 403" + OUT,
        lambda house, who: ("/categories", {**CATEGORY, "family_id": house.family.pk}),
        lambda house, who, actor: partial(ledger.create_category, actor=actor, fields=CATEGORY),
    ),
    Row("GET transactions", "200 200 200 200 403" + OUT, listed("/transactions"), telegram=True),
    recorded("201 201 201 422 403" + OUT, "cash", None),
    recorded("201 201 422 201 403" + OUT, "pocket", None),
    recorded("201 201 422 422 403" + OUT, "anns", None),
    recorded("201 201 201 422 403" + OUT, None, "members"),
    recorded("201 201 403 403 403" + OUT, "cash", "members"),
    recorded("422 422 422 422 403" + OUT, None, "foreign"),
]


def at_own(operation: str, path: str, statuses: str, work: Any, **flags: Any) -> Row:
    """An operation on an entry that the member recorded on the family's wallet."""
    return Row(
        operation,
        statuses + OUT,
        at_entry("member", "cash", path),
        lambda house, who, actor: work(actor, entry(house, "member", "cash")),
        about="the member's",
        **flags,
    )


ENTRIES = [
    *(
        Row(
            "GET transactions/<id:pk>",
            statuses + OUT,
            at_entry(by, wallet),
            telegram=who_sees,
            about=f"{by} on {wallet}",
        )
        for by, wallet, statuses, who_sees in (
            ("owner", "cash", "200 200 200 404 404", True),
            ("child", "pocket", "200 200 404 200 404", True),
            ("adult", "secret", "404 200 404 404 404", False),
            ("owner", "members", "200 200 200 404 404", True),
        )
    ),
    at_own(
        "PATCH transactions/<id:pk>",
        "",
        "200 403 200 404 404",
        lambda actor, pk: partial(
            ledger.edit_transaction, actor=actor, transaction_id=pk, changes={"notes": "x"}, version=None
        ),
    ),
    at_own(
        "DELETE transactions/<id:pk>",
        "",
        "200 403 200 404 404",
        lambda actor, pk: partial(ledger.remove_transaction, actor=actor, transaction_id=pk, reason=""),
    ),
    at_own(
        "POST transactions/<id:pk>/reverse",
        "/reverse",
        "200 403 403 404 404",
        lambda actor, pk: partial(ledger.reverse_transaction, actor=actor, transaction_id=pk, reason=""),
    ),
    at_own(
        "POST transactions/<id:pk>/undo",
        "/undo",
        "403 403 200 404 404",
        lambda actor, pk: partial(ledger.undo_transaction, actor=actor, transaction_id=pk, reason=""),
    ),
]

DELIVERY = [
    Row("GET events", "200 200 200 403 200" + OUT, listed("/events")),
    Row("GET access-log", "200 200 200 403 403" + OUT, listed("/access-log")),
]

CLOSED, EARLIER = date(2025, 12, 31), date(2025, 6, 30)


def closed_family(house: Any) -> None:
    Family.objects.filter(pk=house.family.pk).update(closed_until=CLOSED)


PERIODS = [
    Row(
        "POST families/<id:family_pk>/close",
        "200 403 403 403 403" + OUT,
        of_family("/close", through=CLOSED.isoformat()),
        lambda house, who, actor: partial(families.close_period, actor=actor, through=CLOSED),
    ),
    Row(
        "POST families/<id:family_pk>/reopen",
        "200 403 403 403 403" + OUT,
        lambda house, who: (closed_family(house), of_family("/reopen", through=EARLIER.isoformat())(house, who))[1],
        lambda house, who, actor: (
            closed_family(house),
            partial(families.reopen_period, actor=actor, through=EARLIER),
        )[1],
    ),
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

ROWS = [*ACCOUNTS, *FAMILIES, *LEDGER, *ENTRIES, *DELIVERY, *PERIODS, *CATEGORIES, *RATES]
