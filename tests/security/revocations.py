"""Every way in which what somebody carries ends, and which of it ends: a table of kinds and tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts import mailed, services
from accounts.authentication import SESSION_KEY
from accounts.models import CodePurpose, LoginSession, User
from accounts.tokens import pair
from audit.trail import Actor
from financebot.common.usecase import unit_of_work
from tests.accounts.tools import NEW_PASSWORD, refresh
from tests.conftest import Person, person, session_of
from tests.factories import PASSWORD
from tests.http import API, Http
from tests.signing import new_client

Send = Callable[[str, str, bytes | None, dict[str, str]], int]
OPERATOR = Actor(channel="command")


@dataclass(frozen=True)
class Carried:
    """All that one person's programs hold, each of a session of its own: a desk they act at, a phone, a browser, a
    program that signs; and the token of that program itself."""

    someone: Person
    phone: LoginSession
    browser: LoginSession
    signed: LoginSession
    client_id: str
    service_id: int
    tokens: dict[str, str]

    @property
    def desk(self) -> Http:
        return Http(self.tokens["desk's access"])

    @property
    def page(self) -> Client:
        return Client(headers={"Cookie": self.tokens["cookie"]})

    def mailed(self, purpose: CodePurpose) -> str:
        return mailed.make(purpose, User.objects.get(pk=self.someone.user.pk))


def carried() -> Carried:
    someone = person()
    phone, browser, signed = (session_of(someone.user) for _ in range(3))
    client_id = new_client().client_id
    LoginSession.objects.filter(pk=signed.pk).update(signed_by=client_id)
    session = Client().session
    session[SESSION_KEY] = browser.pk
    session.save()
    with unit_of_work():
        service = services.issue_service_token(actor=OPERATOR, client_id=client_id)
    return Carried(
        someone, phone, browser, signed, client_id, service.id,
        {
            "desk's access": pair(someone.session).access_token,
            "access": pair(phone).access_token,
            "refresh": pair(phone).refresh_token,
            "cookie": f"session={session.session_key}",
            "signed access": pair(signed).access_token,
            "signed refresh": pair(signed).refresh_token,
            "service": service.token,
        },
    )  # fmt: skip


def status_of(name: str, token: str, send: Send) -> int:
    """What the next request with it is answered with; a refresh token that lives gives its one successor each time."""
    if "refresh" in name:
        body = b'{"refresh_token": "%s"}' % token.encode()
        return send("POST", f"{API}/auth/refresh", body, {"Content-Type": "application/json"})
    header = {"Cookie": token} if name == "cookie" else {"Authorization": f"Bearer {token}"}
    return send("GET", f"{API}/users/me", None, header)


ALIVE = {"service": 403}  # it is known, and speaks for no person
PHONE, SIGNED = {"access", "refresh"}, {"signed access", "signed refresh"}
OTHERS = {*PHONE, *SIGNED, "cookie"}
PERSONS = {*OTHERS, "desk's access"}


def log_out(found: Carried) -> Any:
    assert Http(found.tokens["access"]).post("/auth/logout").status_code == 200


def log_out_of_the_page(found: Carried) -> Any:
    assert found.page.post("/logout").status_code == 302


def log_out_everywhere(found: Carried) -> Any:
    assert found.desk.post("/auth/logout", all=True).status_code == 200


def end(session: str) -> Callable[[Carried], None]:
    def ending(found: Carried) -> None:
        assert found.desk.delete(f"/auth/sessions/{getattr(found, session).pk}").status_code == 204

    return ending


def change_the_password(found: Carried) -> Any:
    answer = found.desk.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert answer.status_code == 204


def reset_the_password(found: Carried) -> Any:
    body = {"token": found.mailed(CodePurpose.PASSWORD_RESET), "new_password": NEW_PASSWORD}
    assert Http().post("/auth/password/reset/confirm", **body).status_code == 204


def say_it_was_not_me(found: Carried) -> Any:
    assert Http().post("/auth/not-me", token=found.mailed(CodePurpose.NOT_ME)).status_code == 204


def use_a_refresh_token_again(found: Carried) -> Any:
    first = found.tokens["refresh"]
    second = refresh(first).json()["refresh_token"]
    assert [refresh(token).status_code for token in (second, first)] == [200, 401]


def deactivate(found: Carried) -> Any:
    with unit_of_work():
        services.set_active(actor=operator(), user_id=found.someone.user.pk, active=False)


def deactivate_and_reactivate(found: Carried) -> Any:
    deactivate(found)
    with unit_of_work():
        services.set_active(actor=operator(), user_id=found.someone.user.pk, active=True)


def deactivate_by_hand(found: Carried) -> Any:
    User.objects.filter(pk=found.someone.user.pk).update(is_active=False)


def end_by_an_operator(found: Carried) -> Any:
    with unit_of_work():
        services.end_log_in(actor=operator(), session_id=found.phone.pk)


def operator() -> Actor:
    return person(is_superuser=True, is_staff=True).actor


def raise_the_epoch(found: Carried) -> Any:
    User.objects.filter(pk=found.someone.user.pk).update(security_epoch=1)


def revoke_the_client(found: Carried) -> Any:
    with unit_of_work():
        services.revoke_client(actor=OPERATOR, client_id=found.client_id)


def revoke_the_service_token(found: Carried) -> Any:
    with unit_of_work():
        services.revoke_service_token(actor=OPERATOR, token_id=found.service_id)


KINDS: dict[str, tuple[Callable[[Carried], Any], set[str]]] = {
    "log out": (log_out, PHONE),
    "log out of the page": (log_out_of_the_page, {"cookie"}),
    "log out everywhere": (log_out_everywhere, PERSONS),
    "end a phone's session": (end("phone"), PHONE),
    "end a browser's session": (end("browser"), {"cookie"}),
    "end a program's session": (end("signed"), SIGNED),
    "change the password": (change_the_password, OTHERS),
    "reset the password": (reset_the_password, PERSONS),
    "this was not me": (say_it_was_not_me, PERSONS),
    "a refresh token used again": (use_a_refresh_token_again, PHONE),
    "ended by an operator": (end_by_an_operator, PHONE),
    "deactivated by an operator": (deactivate, PERSONS),
    "deactivated, and let in again": (deactivate_and_reactivate, PERSONS),
    "deactivated in the database": (deactivate_by_hand, PERSONS),
    "another epoch": (raise_the_epoch, PERSONS),
    "the client revoked": (revoke_the_client, {*SIGNED, "service"}),
    "the service token revoked": (revoke_the_service_token, {"service"}),
}
