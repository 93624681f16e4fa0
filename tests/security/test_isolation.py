"""What is not yours to see is as if it did not exist: byte for byte, whatever is asked and whoever asks."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import LoginSession
from accounts.tokens import pair
from audit.access_log import writer
from audit.relay import relay_once
from families.models import Invitation, Membership
from families.services import create_invitation, revoke_invitation
from financebot.api.serializers import IdField
from financebot.common.usecase import unit_of_work
from ledger.models import Category, Transaction, Wallet
from ledger.services import cancel_transaction, create_category, create_wallet
from tests.conftest import ROLES, House, Person, founder_of, join
from tests.ledger.helpers import wallet_of
from tests.permission_table import TOKEN_CALLS
from tests.security.scene import OPERATIONS, Operation, Path, Scene, contents, fields_of, has, named, with_text

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover, pytest.mark.once]

MISSING = 999_999_999
OPEN = {call.replace(" ", " /api/v1/") for call in TOKEN_CALLS}
HIDDEN_WALLETS = {  # from each role: private ones of others, and those that its scope does not reach
    "owner": ["secret"],
    "adult": ["vault"],
    "member": ["secret", "vault", "anns", "pocket", "tin"],
    "child": ["secret", "vault", "cash", "anns", "members", "tin"],
    "reader": ["secret", "vault", "cash", "anns", "pocket", "members", "tin"],
}
CLOSED_WALLETS = {**HIDDEN_WALLETS, "owner": ["secret", "tin"]}  # of which a role sees no entries
OWN = {"owner": "cash", "adult": "anns", "member": "members", "child": "pocket", "reader": "cash"}
WITH_IDS = [operation for operation in OPERATIONS if "<id:" in operation.route]
READS = [operation for operation in OPERATIONS if operation.method == "GET"]


@dataclass(frozen=True)
class Next:
    """The family next door, with one of everything."""

    person: Person
    ids: dict[Any, int]


class Walls(Scene):
    """The house with two private wallets and one that shows its balance, an entry on each wallet, drafts, and a
    neighbour who has one of everything."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        for name, holder in (("vault", house.owner), ("tin", house.adult)):
            house.wallets[name] = wallet_of(house.owner, name=name, holder_id=holder.membership.pk)
        self.entries = {
            name: house.earn("7.77", name, by=by, description=f"Canary {name}").transaction
            for name, by in (
                *((name, "owner") for name in HIDDEN_WALLETS["reader"] if name != "secret"),
                ("secret", "adult"),
            )
        }
        self.own = {
            role: house.spend("1.00", name, by="owner" if role == "reader" else role).transaction
            for role, name in OWN.items()
        }
        self.drafts = {
            role: house.earn("8.88", OWN[role], by=role, later=True, description=f"Canary draft of {role}").transaction
            for role in ("owner", "adult", "member", "child")
        }
        with unit_of_work():
            cancel_transaction(actor=house.child.actor, transaction_id=self.drafts["child"].pk)
        Wallet.objects.filter(pk=house.wallets["vault"].pk).update(visibility="private")
        Wallet.objects.filter(pk=house.wallets["tin"].pk).update(visibility="balance_only")
        Wallet.objects.filter(pk=house.wallets["secret"].pk).update(name="Canary secret")
        Wallet.objects.filter(pk=house.wallets["vault"].pk).update(name="Canary vault")
        with unit_of_work():
            self.revoked = create_invitation(actor=house.owner.actor, role="member", email=None).invitation
        with unit_of_work():
            revoke_invitation(actor=house.owner.actor, invitation_id=self.revoked.pk)
        self.next = self._next_door()
        relay_once()

    def _next_door(self) -> Next:
        stan = self.house.stranger
        guest = join(stan, "member")
        with unit_of_work():
            wallet = create_wallet(actor=stan.actor, fields={"name": "Theirs", "type": "cash"})
        with unit_of_work():
            category = create_category(actor=stan.actor, fields={"name": "Theirs", "kind": "expense"})
        with unit_of_work():
            invited = create_invitation(actor=stan.actor, role="member", email=None)
        theirs = replace(self.house, wallets={"cash": wallet}, people={"owner": stan})
        return Next(
            stan,
            {
                "family": stan.membership.family_id,
                Wallet: wallet.pk,
                Category: category.pk,
                Membership: guest.membership.pk,
                Invitation: invited.invitation.pk,
                Transaction: theirs.spend("1.00").transaction.pk,
                LoginSession: stan.session.pk,
            },
        )

    def hidden(self, model: Any, role: str) -> list[int]:
        """Rows of the house's own that this role sees nothing of."""
        if model is Wallet:
            return [self.house.wallets[name].pk for name in HIDDEN_WALLETS[role]]
        if model is Transaction:
            drafts = [draft for author, draft in self.drafts.items() if author != role]
            return [entry.pk for entry in (*(self.entries[name] for name in CLOSED_WALLETS[role]), *drafts)]
        if model is Membership:
            return [self.house.removed.membership.pk]
        return [self.revoked.pk] if model is Invitation else []

    def ask(self, operation: Operation, role: str, raw: bytes | None = None, **more: Any) -> Any:
        bearer = f"Bearer {pair(self.house.people[role].session).access_token}"
        mark = transaction.savepoint()
        try:
            return self.send(operation, raw, **{"HTTP_AUTHORIZATION": bearer, **more})
        finally:
            transaction.set_rollback(False)
            transaction.savepoint_rollback(mark)


def model_of(operation: Operation) -> Any:
    """What the `pk` in its path is."""
    return getattr(operation.view, "model", LoginSession) if "<id:pk>" in operation.route else None


@pytest.fixture(scope="module")
def walls(built_house: House) -> Walls:
    return Walls(built_house)


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that an answer says, but for the id of the request."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    return answer.status_code, answer.content.replace(answer.headers["X-Request-Id"].encode(), b""), headers


WAYS: dict[str, tuple[bytes | None, dict[str, str]]] = {
    "as it should be": (None, {}),
    "with a broken body": (b'{"', {}),
    "with an unknown field": (b'{"zzz": 1}', {}),
    "with a key and an old version": (None, {"HTTP_IDEMPOTENCY_KEY": "key", "HTTP_IF_MATCH": '"v99"'}),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", WITH_IDS, ids=str)
def test_an_id_in_a_path_that_is_not_yours_is_as_if_nothing_were_there(operation: Operation, role: str, walls: Walls):
    model = getattr(operation.view, "model", LoginSession)
    own = {"family_pk": walls.house.family.pk}
    paths = {"missing": {**own, "pk": MISSING}}
    if "<id:pk>" in operation.route:
        paths["next door"] = {**own, "pk": walls.next.ids[model]}
        paths |= {f"hidden {pk}": {**own, "pk": pk} for pk in walls.hidden(model, role)}
    else:
        paths = {"missing": {"family_pk": MISSING}, "next door": {"family_pk": walls.next.ids["family"]}}
    if "family_pk" in operation.route and "<id:pk>" in operation.route:
        paths["their family, their row"] = {"family_pk": walls.next.ids["family"], "pk": walls.next.ids[model]}
        paths["their family, our row"] = {"family_pk": walls.next.ids["family"], "pk": walls.target(operation)}
        paths["no family, our row"] = {"family_pk": MISSING, "pk": walls.target(operation)}
    for way, (raw, headers) in WAYS.items():
        answers = {
            name: told(walls.ask(operation, role, raw, path=operation.path(ids), **headers))
            for name, ids in paths.items()
        }
        assert answers["missing"][0] in ({404} if raw is None else {404, 400}), way
        differing = [name for name, answer in answers.items() if answer != answers["missing"]]
        assert differing == [], way


REFERENCES = [
    (operation, path)
    for operation in OPERATIONS
    if operation.call.body
    for path, field in fields_of(operation.call.body())
    if isinstance(field, IdField)
]
MODELS = {
    "family_id": "family",
    "holder_id": Membership,
    "membership_id": Membership,
    "from_wallet_id": Wallet,
    "to_wallet_id": Wallet,
    "category_id": Category,
    "parent_id": Category,
    "into": Category,
    "refund_of": Transaction,
}


def of_their_own(role: str, body: dict[str, Any], walls: Walls) -> dict[str, Any]:
    """The body for somebody who has another wallet than the one of the whole family."""
    cash, mine = (walls.house.wallets[name].pk for name in ("cash", OWN[role]))
    found: dict[str, Any] = json.loads(re.sub(rf'_wallet_id": {cash}\b', f'_wallet_id": {mine}', json.dumps(body)))
    return found


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("operation", "path"), REFERENCES, ids=[f"{op} {path}" for op, path in REFERENCES])
def test_an_id_in_a_body_that_is_not_yours_is_as_if_nothing_were_there(
    operation: Operation, path: Path, role: str, walls: Walls
):
    model = MODELS[path[-1]]
    ids = {"missing": MISSING, "next door": walls.next.ids[model]}
    ids |= {f"hidden {pk}": pk for pk in walls.hidden(model, role)}
    own = {"path": operation.path({"pk": walls.own[role].pk})} if model_of(operation) is Transaction else {}
    for body in [of_their_own(role, body, walls) for body in walls.bodies(operation) if has(body, path)]:
        answers = {
            name: told(walls.ask(operation, role, with_text(body, path, str(pk)).encode(), **own))
            for name, pk in ids.items()
        }
        status, content, _headers = answers["missing"]
        code = json.loads(content)["code"]
        if role == "owner":
            assert (status, code) == ((404, "not_found") if model == "family" else (422, "unknown_reference"))
        assert status in {403, 404, 422}, content
        assert [name for name, answer in answers.items() if answer != answers["missing"]] == []


FILTERS = {"wallet": Wallet, "category": Category, "member": Membership, "actor": "user", "entity_id": Wallet}
FILTERED = [
    (operation, name)
    for operation in READS
    for name, field in operation.call.query().fields.items()
    if isinstance(field, IdField) and name != "family_id"
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("operation", "name"), FILTERED, ids=[f"{op} {name}" for op, name in FILTERED])
def test_a_filter_by_what_is_not_yours_finds_nothing(operation: Operation, name: str, role: str, walls: Walls):
    model = FILTERS[name]
    theirs = walls.next.person.user.pk if model == "user" else walls.next.ids[model]
    hidden = [walls.house.wallets[wallet].pk for wallet in CLOSED_WALLETS[role]] if name == "wallet" else []
    kind = ""
    if (
        name == "entity_id"
    ):  # of a wallet that is out of reach, but not private, it may be known that something happened
        kind = "&entity_type=wallet"
        hidden = [walls.house.wallets[wallet].pk for wallet in HIDDEN_WALLETS[role] if wallet in {"secret", "vault"}]
    answers = {
        pk: told(walls.ask(operation, role, b"", path=f"{operation.route}?{name}={pk}{kind}"))
        for pk in (MISSING, theirs, *hidden)
    }
    assert {status for status, _, _ in answers.values()} <= {200, 403}
    assert [pk for pk, answer in answers.items() if answer != answers[MISSING]] == []
    if answers[MISSING][0] == 200:
        assert json.loads(answers[MISSING][1]) == {"results": [], "next": None, "previous": None}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", [op for op in READS if "family_id" in op.call.query().fields], ids=str)
def test_the_family_next_door_is_as_if_nothing_were_there(operation: Operation, role: str, walls: Walls):
    here, missing = (
        told(walls.ask(operation, role, b"", path=f"{operation.route}?family_id={pk}"))
        for pk in (walls.next.ids["family"], MISSING)
    )
    assert missing[0] == 404
    assert here == missing


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", READS, ids=str)
def test_no_list_or_detail_names_what_is_hidden(operation: Operation, role: str, walls: Walls):
    names = HIDDEN_WALLETS[role]
    drafts = [f"Canary draft of {author}" for author in walls.drafts if author != role]
    words = [f"Canary {name}" for name in CLOSED_WALLETS[role]] + [*drafts, "Theirs", "Next door"]
    ids = {f'"{key}":{walls.house.wallets[name].pk}' for name in names for key in ("wallet_id", "from_wallet_id")}
    path = operation.path({**walls.ids(operation), "pk": walls.house.wallets["members"].pk})
    for query in ("", "?page_size=1000", "?archived=all", "?include=reversed"):
        answer = walls.ask(operation, role, b"", path=path + query)
        text = answer.content.decode()
        assert [word for word in {*words, *ids} if word in text] == [], query


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if str(op) not in OPEN], ids=str)
def test_who_has_not_logged_in_learns_nothing_but_that(operation: Operation, walls: Walls):
    ours, missing = walls.ids(operation), {"family_pk": MISSING, "pk": MISSING}
    before = contents()
    answers = [
        walls.client.generic(operation.method, operation.path(ids), raw, "application/json")
        for ids in (ours, missing)
        for raw in (b"{}", b'{"')
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"not_authenticated"}
    assert len({told(answer)[1] for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert contents() == before


@pytest.mark.parametrize("who", ["suspended", "removed", "stranger"])
@pytest.mark.parametrize("operation", [op for op in WITH_IDS if hasattr(op.view, "seen")], ids=str)
def test_who_is_outside_the_family_finds_nothing_there(operation: Operation, who: str, walls: Walls):
    missing = operation.path({"family_pk": MISSING, "pk": MISSING})
    answers = [told(walls.ask(operation, who, path=path)) for path in (operation.path(walls.ids(operation)), missing)]
    assert answers[0][0] == 404
    assert answers[0] == answers[1]


@pytest.mark.parametrize("role", ["adult", "member"])
@pytest.mark.parametrize("model", [Wallet, Transaction])
def test_the_access_log_does_not_tell_a_hidden_thing_from_a_missing_one(model: type, role: str, walls: Walls):
    route = "/wallets/<id:pk>" if model is Wallet else "/transactions/<id:pk>"
    for pk, name in ((walls.hidden(model, role)[0], "hidden"), (MISSING, "missing")):
        walls.ask(
            named(f"GET {route}"),
            role,
            b"",
            path=f"/api/v1{route}".replace("<id:pk>", str(pk)),
            HTTP_X_REQUEST_ID=f"probe-{name}-{role}",
        )
    writer.flush()
    rows = json.loads(walls.ask(named("GET /access-log"), role, b"").content)["results"]
    seen = {row["request_id"] for row in rows} & {f"probe-hidden-{role}", f"probe-missing-{role}"}
    assert len(seen) in {0, 2}, seen


def test_a_cursor_of_one_family_opens_no_list_of_another(walls: Walls):
    listing = named("GET /categories")
    mine = json.loads(walls.ask(listing, "owner", b"", path=f"{listing.route}?page_size=1").content)
    found = re.search(r"cursor=([^&]+)", mine["next"])
    theirs = walls.ask(listing, "stranger", b"", path=f"{listing.route}?page_size=1000&cursor={found[1]}")
    ours = set(Category.objects.filter(family=walls.house.family).values_list("pk", flat=True))
    assert theirs.status_code in {200, 400}
    assert not ours & {row["id"] for row in json.loads(theirs.content).get("results", [])}


def test_a_family_in_the_query_does_not_stand_in_for_the_one_in_the_body(walls: Walls):
    create = named("POST /wallets")
    theirs, body = walls.next.ids["family"], {"name": "Mine", "type": "cash"}
    for in_body, in_query in ((walls.house.family.pk, theirs), (theirs, walls.house.family.pk)):
        raw = json.dumps({**body, "family_id": in_body}).encode()
        answer = walls.ask(create, "owner", raw, path=f"{create.route}?family_id={in_query}")
        assert answer.status_code in {400, 404}


def test_somebody_in_two_families_acts_only_in_the_one_that_is_named(walls: Walls):
    both = founder_of("Second home")
    mark = transaction.savepoint()
    Membership.objects.create(family=walls.house.family, user=both.user, role="read_only")
    answer = both.http.post("/wallets", family_id=walls.house.family.pk, name="x", type="cash")
    unnamed = both.http.post("/wallets", name="x", type="cash")
    transaction.savepoint_rollback(mark)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert (unnamed.status_code, unnamed.json()["code"]) == (400, "invalid")


def test_a_token_that_speaks_for_a_chat_ends_no_other_session(house: House):
    LoginSession.objects.filter(pk=house.owner.session.pk).update(scope="telegram")
    other = LoginSession.objects.get(pk=house.owner.session.pk)
    other.pk, other.scope = None, ""
    other.save()
    answer = house.owner.http.post("/auth/logout", all=True)
    other.refresh_from_db()
    assert answer.status_code == 403
    assert other.revoked_at is None


def test_a_method_override_is_not_heard(house: House):
    client = Client(headers={"Authorization": f"Bearer {pair(house.owner.session).access_token}"})
    path = f"/api/v1/wallets/{house.wallets['cash'].pk}"
    answer = client.get(path, headers={"X-HTTP-Method-Override": "PATCH", "X-Method-Override": "PATCH"})
    assert (answer.status_code, answer.json()["name"]) == (200, "cash")
    assert client.post(path, b"{}", "application/json", headers={"X-HTTP-Method-Override": "GET"}).status_code == 405
