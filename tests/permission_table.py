"""The rows of the permission table, by app; the ledger's stand in `permission_table_of_ledger`."""

from datetime import date
from functools import partial
from typing import Any

from accounts import mailed, passwords, services, totp
from accounts.lockout import Reservation
from accounts.models import CodePurpose, Provider, TotpDevice, User
from accounts.services import Factor, Shown
from accounts.tokens import pair
from delivery import services as delivery
from families import services as families
from families.models import Family
from families.roles import Role
from tests.accounts.app import App, protect
from tests.conftest import join
from tests.factories import PASSWORD
from tests.permission_rows import (
    ME,
    OUT,
    Row,
    archived_family,
    at_member,
    fixed,
    invitation,
    listed,
    member,
    of_family,
    own_or_owners,
    user_of,
)
from tests.permission_table_of_ledger import LEDGER
from tests.permission_table_of_telegram import TELEGRAM

TOKEN_CALLS = {
    "POST auth/register",
    "POST auth/login",
    "POST auth/login/2fa",
    "POST auth/2fa/backup-code",
    "POST auth/refresh",
    "POST auth/password/reset",
    "POST auth/password/reset/confirm",
    "POST auth/email/verify",
    "POST auth/email/verify/resend",
    "POST auth/not-me",
    *(f"GET auth/oauth/{name}/{step}" for name in Provider for step in ("start", "callback")),
}
STRONG = "another horse entirely"


def of_account(use_case: Any) -> Any:
    """A use case that needs a proof of the person's own password."""

    def work(house: Any, who: str, actor: Any) -> Any:
        user = User.objects.get(pk=user_of(house, who).user.pk)
        return use_case(actor, passwords.prove(user, PASSWORD))

    return work


def another_owner(house: Any) -> None:
    join(house.owner, "owner")


erasing = of_account(lambda actor, proof: partial(services.erase_account, actor=actor, proof=proof))


def app_of(house: Any, who: str) -> App:
    """The app of somebody who has one from now on; for nobody the owner's."""
    return protect(user_of(house, who).user)


def begun(house: Any, who: str) -> App:
    """The same before its first code."""
    app = app_of(house, who)
    TotpDevice.objects.filter(user=app.user).update(confirmed_at=None)
    return app


def at_challenge(path: str, field: str) -> Any:
    """The second step of somebody's log-in, by whoever makes it."""

    def call(house: Any, who: str) -> tuple[str, dict[str, Any]]:
        app = app_of(house, "owner")
        code = app.code() if field == "code" else app.backup_codes[0]
        return path, {"challenge": app.challenge(), field: code}

    return call


def with_app(path: str) -> Any:
    return lambda house, who: (path, {"password": PASSWORD, "code": app_of(house, who).code()})


def by_app(use_case: Any) -> Any:
    """A use case that takes the password and a code."""

    def work(house: Any, who: str, actor: Any) -> Any:
        app = app_of(house, who)
        proof = passwords.prove(User.objects.get(pk=app.user.pk), PASSWORD)
        return partial(use_case, actor=actor, proof=proof, code=app.code())

    return work


def by_letter(path: str, purpose: CodePurpose, **body: str) -> Any:
    """A call with a code that was mailed to the owner, whoever makes it."""
    return lambda house, who: (path, {"token": mailed.make(purpose, house.owner.user), **body})


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
    Row("POST auth/login/2fa", "200 " * 9, at_challenge("/auth/login/2fa", "code")),
    Row("POST auth/2fa/backup-code", "200 " * 9, at_challenge("/auth/2fa/backup-code", "backup_code")),
    Row(
        "POST auth/2fa/enable",
        ME,
        fixed("/auth/2fa/enable"),
        lambda house, who, actor: partial(services.enable_two_factor, actor=actor, key=totp.new_key()),
    ),
    Row(
        "POST auth/2fa/verify",
        ME,
        lambda house, who: ("/auth/2fa/verify", {"code": begun(house, who).code()}),
        lambda house, who, actor: partial(
            services.verify_two_factor,
            actor=actor,
            shown=Shown(begun(house, who).code(), Factor.APP, Reservation({})),
        ),
    ),
    Row(
        "POST auth/2fa/disable",
        "204 " * 8 + "401",
        with_app("/auth/2fa/disable"),
        by_app(services.disable_two_factor),
    ),
    Row("POST auth/2fa/backup-codes", ME, with_app("/auth/2fa/backup-codes"), by_app(services.renew_backup_codes)),
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
    Row("POST auth/password/reset", "204 " * 9, fixed("/auth/password/reset", email="somebody@example.org")),
    Row("POST auth/email/verify/resend", "204 " * 9, fixed("/auth/email/verify/resend", email="somebody@example.org")),
    Row(
        "POST auth/password/reset/confirm",
        "204 " * 9,
        by_letter("/auth/password/reset/confirm", CodePurpose.PASSWORD_RESET, new_password=STRONG),
    ),
    Row(
        "POST auth/email/change",
        "204 " * 8 + "401",
        fixed("/auth/email/change", email="new@example.org"),
        lambda house, who, actor: partial(services.ask_email_change, actor=actor, email="new@example.org"),
    ),
    Row("POST auth/email/verify", "204 " * 9, by_letter("/auth/email/verify", CodePurpose.EMAIL_VERIFICATION)),
    Row("POST auth/not-me", "204 " * 9, by_letter("/auth/not-me", CodePurpose.NOT_ME)),
    *(Row(f"GET auth/oauth/{name}/start", "200 " * 9, fixed(f"/auth/oauth/{name}/start")) for name in Provider),
    *(
        Row(f"GET auth/oauth/{name}/callback", "400 " * 9, fixed(f"/auth/oauth/{name}/callback?state=x&code=y"))
        for name in Provider
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
        "DELETE users/me",
        "204 204 204 204 204 409 204 204 401",
        lambda house, who: (another_owner(house), fixed("/users/me", password=PASSWORD)(house, who))[1],
        lambda house, who, actor: (another_owner(house), erasing(house, who, actor))[1],
        about="where there is another owner",
    ),
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

DELIVERY = [
    Row("GET events", "200 200 200 403 200" + OUT, listed("/events")),
    Row("GET families/<id:family_pk>/audit/verify", "200 403 403 403 200" + OUT, of_family("/audit/verify")),
    Row(
        "POST users/me/export",
        ME,
        fixed("/users/me/export"),
        lambda house, who, actor: partial(services.note_export, actor=actor),
    ),
    Row(
        "POST events/ticket",
        "201 201 201 201 201" + OUT,
        lambda house, who: ("/events/ticket", {"family_id": house.family.pk}),
        lambda house, who, actor: partial(delivery.issue_ticket, actor=actor),
        telegram=True,
    ),
    Row(
        "GET events/stream/<id:family_pk>",
        "426 426 426 426 426" + OUT,
        lambda house, who: (f"/events/stream/{house.family.pk}", {}),
        telegram=True,
    ),
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


ROWS = [*ACCOUNTS, *FAMILIES, *PERIODS, *DELIVERY, *LEDGER, *TELEGRAM]
