"""What happened, as each member may see it."""

import pytest

from audit.models import EventLog
from audit.relay import relay_once
from families.services import create_invitation, revoke_invitation
from financebot.common.usecase import unit_of_work
from ledger.models import Wallet
from ledger.services import (
    archive_wallet,
    create_category,
    create_wallet,
    edit_transaction,
    edit_wallet,
    reverse_transaction,
)
from tests.conftest import founder_of, join, record
from tests.families.helpers import edit
from tests.http import Http

pytestmark = pytest.mark.django_db

VIEWERS = ["owner", "adult", "member", "reader"]


def number_all():
    while relay_once():
        pass


def events(someone, **filters):
    """All events that somebody is shown, newest first."""
    family = filters.pop("family_id", someone.membership.family_id)
    query = "&".join(f"{name}={value}" for name, value in {"family_id": family, "page_size": 1000, **filters}.items())
    answer = someone.http.get(f"/events?{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()["results"]


def of(someone, entity_type, entity_id, action=None):
    number_all()
    found = events(someone, entity_type=entity_type, entity_id=entity_id)
    return [row for row in found if action in (None, row["action"])]


def use(use_case, by, **given):
    with unit_of_work():
        return use_case(actor=by.actor, **given)


def test_an_event_has_the_shape_of_the_design(house):
    entry = house.spend("5.00", description="Bread").transaction
    row = of(house.owner, "transaction", entry.pk)[-1]
    stored = EventLog.objects.get(name="transaction.created", entity_id=entry.pk)
    assert row == {
        "id": stored.position,
        "family_id": house.family.pk,
        "action": "transaction.created",
        "actor_id": house.owner.user.pk,
        "entity_type": "transaction",
        "entity_id": entry.pk,
        "changes": row["changes"],
        "request_id": "test",
        "client_id": "",
        "ip": row["ip"],
        "created_at": row["created_at"],
    }
    assert row["changes"]["amount"] == [None, "5.00"]
    assert row["changes"]["from_wallet_id"] == [None, house.wallets["cash"].pk]
    assert row["changes"]["description"] == ["", "Bread"]
    assert row["created_at"].endswith("Z")


def test_a_child_is_refused_by_name(house):
    answer = house.child.http.get(f"/events?family_id={house.family.pk}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert "view_audit_log" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["stranger", "suspended", "removed"])
def test_outsiders_find_no_family(house, who):
    assert house.people[who].http.get(f"/events?family_id={house.family.pk}").status_code == 404


def test_nobody_sees_events_without_logging_in(house):
    assert Http().get(f"/events?family_id={house.family.pk}").status_code == 401


def test_what_happened_elsewhere_is_not_shown(house):
    number_all()
    assert {row["family_id"] for row in events(house.owner)} == {house.family.pk}
    assert {row["family_id"] for row in events(house.stranger)} == {house.stranger.membership.family_id}
    assert events(house.owner, entity_type="family", entity_id=house.stranger.membership.family_id) == []


@pytest.mark.parametrize(
    ("wallet", "by", "shown"),
    [
        ("cash", "owner", {"owner", "adult", "member"}),
        ("anns", "adult", {"owner", "adult"}),
        ("members", "member", {"owner", "adult", "member"}),
        ("anns", "owner", {"owner", "adult"}),
    ],
)
@pytest.mark.parametrize("who", VIEWERS)
def test_changes_of_an_entry_are_shown_as_far_as_the_scope_reaches(house, who, wallet, by, shown):
    entry = house.spend("5.00", wallet, by=by, description="Bread").transaction
    found = of(house.people[who], "transaction", entry.pk)
    assert [row["action"] for row in found] == ["transaction.executed", "transaction.created"]
    assert [row["changes"] is not None for row in found] == [who in shown] * 2


@pytest.mark.parametrize("who", VIEWERS)
def test_changes_of_an_entry_of_ones_own_are_shown_whatever_wallet_it_moved(house, who):
    entry = house.spend("5.00", "members", by="member").transaction
    edit(house.owner, house.member, role="adult")
    Wallet.objects.filter(pk=house.wallets["members"].pk).update(holder=house.adult.membership)
    edit(house.owner, house.member, role="member")
    changes = [row["changes"] is not None for row in of(house.people[who], "transaction", entry.pk)]
    assert changes == [who != "reader"] * 2


@pytest.mark.parametrize(
    ("entity", "shown"),
    [
        ("cash", {"owner", "adult", "member"}),
        ("anns", {"owner", "adult"}),
        ("members", {"owner", "adult", "member"}),
    ],
)
@pytest.mark.parametrize("who", VIEWERS)
def test_changes_of_a_wallet_are_shown_as_far_as_the_scope_reaches(house, who, entity, shown):
    [row] = of(house.people[who], "wallet", house.wallets[entity].pk)
    assert row["action"] == "wallet.created"
    assert (row["changes"] is not None) is (who in shown)
    assert row["changes"] is None or row["changes"]["name"] == ["", entity]


@pytest.mark.parametrize("who", VIEWERS)
def test_changes_of_a_category_are_not_for_readers(house, who):
    category = use(create_category, house.owner, fields={"name": "Pets", "kind": "expense"})
    [row] = of(house.people[who], "category", category.pk)
    if who == "reader":
        assert row["changes"] is None
    else:
        assert (row["changes"]["kind"], row["changes"]["name"]) == ([None, "expense"], ["", "Pets"])


@pytest.mark.parametrize("who", VIEWERS)
def test_a_reader_learns_of_members_what_the_list_of_members_tells_them(house, who):
    edit(house.owner, house.child, role="member", grant=["create_wallet"])
    edit(house.owner, house.child, spending_limit=house.family.approval_threshold)
    seen = {row["action"]: row["changes"] for row in of(house.people[who], "membership", house.child.membership.pk)}
    brief = who == "reader"
    assert seen["role.changed"] == {"role": ["child", "member"]}
    assert seen["permission.granted"] == ({} if brief else {"permission": [None, "create_wallet"]})
    assert set(seen["member.edited"]) == (set() if brief else {"spending_limit"})
    assert seen["member.joined"] == {"role": [None, "child"]}


@pytest.mark.parametrize(("role", "shown"), [("child", {"owner", "adult"}), ("adult", {"owner"}), ("owner", {"owner"})])
@pytest.mark.parametrize("who", VIEWERS)
def test_whom_somebody_invited_is_told_to_who_sees_the_invitation(house, who, role, shown):
    invited = use(create_invitation, house.owner, role=role, email="guest@example.org")
    [row] = of(house.people[who], "invitation", invited.invitation.pk)
    assert row["changes"] == ({"role": [None, role], "email": [None, "guest@example.org"]} if who in shown else None)


def test_the_token_of_an_invitation_stands_in_no_event(house):
    invited = use(create_invitation, house.owner, role="child", email=None)
    use(revoke_invitation, house.owner, invitation_id=invited.invitation.pk)
    number_all()
    assert invited.token not in str(events(house.owner))


def test_an_address_is_shown_to_owners_and_to_the_one_who_acted(house):
    house.adult.http.post("/categories", family_id=house.family.pk, name="Pets", kind="expense")
    number_all()
    shown = {who: events(house.people[who], action="category.created")[0]["ip"] for who in VIEWERS}
    assert shown == {"owner": "127.0.0.1", "adult": "127.0.0.1", "member": None, "reader": None}


def test_an_erased_event_keeps_what_is_nobodys(house):
    entry = house.spend("5.00", description="Bread").transaction
    number_all()
    EventLog.objects.filter(entity_type="transaction", entity_id=entry.pk).update(private=None)
    row = of(house.owner, "transaction", entry.pk, "transaction.created")[0]
    assert (row["ip"], row["changes"].get("description")) == (None, None)
    assert row["changes"]["amount"] == [None, "5.00"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"action": "wallet.created"}, 4),
        ({"entity_type": "wallet"}, 4),
        ({"action": "transaction.created"}, 1),
        ({"entity_type": "transaction"}, 2),
        ({"action": "transaction.reversed"}, 0),
        ({"entity_type": "dragon"}, 0),
        ({"actor": "adult"}, 3),
        ({"entity_type": "transaction", "action": "transaction.executed"}, 1),
        ({"actor": "stranger"}, 0),
    ],
)
def test_filters_narrow_what_is_shown(house, filters, count):
    house.spend("5.00", by="adult")
    number_all()
    query = {name: house.people[value].user.pk if name == "actor" else value for name, value in filters.items()}
    assert len(events(house.owner, **query)) == count


@pytest.mark.parametrize(
    "query",
    ["action=wallet.stolen", "after=-1", "after=x", "actor=0", "entity_id=x", "colour=red", "page_size=1001"],
)
def test_a_parameter_of_the_wrong_shape_is_refused(house, query):
    answer = house.owner.http.get(f"/events?family_id={house.family.pk}&{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {query.partition("=")[0]}


def test_events_descend_and_with_after_ascend_from_there(house):
    number_all()
    down = [row["id"] for row in events(house.owner)]
    assert down == sorted(down, reverse=True)
    middle = down[len(down) // 2]
    assert [row["id"] for row in events(house.owner, after=middle)] == [n for n in down[::-1] if n > middle]
    assert [row["id"] for row in events(house.owner, after=0)] == down[::-1]
    assert events(house.owner, after=down[0]) == []


@pytest.mark.parametrize("start", ["", "&after=0"])
def test_pages_hold_each_event_once(house, start):
    number_all()
    expected = [row["id"] for row in events(house.owner)]
    found, url = [], f"/events?family_id={house.family.pk}&page_size=3{start}"
    while url:
        page = house.owner.http.get(url.replace("http://testserver/api/v1", "")).json()
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    assert found == (expected[::-1] if start else expected)


def test_what_has_no_number_yet_is_not_listed(house):
    number_all()
    before = events(house.owner)
    house.spend("5.00")
    assert events(house.owner) == before
    number_all()
    assert len(events(house.owner)) == len(before) + 2


def test_a_list_costs_the_same_however_long_it_is(house, django_assert_num_queries):
    number_all()
    client, path = house.owner.http, f"/events?family_id={house.family.pk}&page_size="
    for size in (1, 50):
        with django_assert_num_queries(4):
            client.get(f"{path}{size}")


def build(*, private):
    """A family of four whose adult has a life of their own in a private wallet, or has not."""
    owner = founder_of("Home")
    people = {"owner": owner} | {name: join(owner, name) for name in ("adult", "member", "read_only")}
    adult = people["adult"]
    shared = use(create_wallet, owner, fields={"name": "Cash", "type": "cash"})
    record(owner, "100.00", to_wallet=shared.pk, description="Wages")
    if private:
        mine = {"name": "Secret", "type": "savings", "holder_id": adult.membership.pk}
        secret = use(create_wallet, adult, fields=mine)
        Wallet.objects.filter(pk=secret.pk).update(visibility="private")
        use(edit_wallet, adult, wallet_id=secret.pk, changes={"name": "More secret"}, version=None)
        gift = record(adult, "9.99", to_wallet=secret.pk, description="Gift for Olga").transaction
        record(adult, "9.99", from_wallet=secret.pk, description="Ring")
        use(edit_transaction, adult, transaction_id=gift.pk, changes={"notes": "surprise"}, version=None)
    entry = record(adult, "20.00", from_wallet=shared.pk, description="Food").transaction
    use(reverse_transaction, owner, transaction_id=entry.pk, reason="twice")
    return people


def without_ids(rows):
    """The same rows for two families that differ in nothing but ids and moments."""
    kept = []
    for row in rows:
        changes = row["changes"] and {name: "id" if name.endswith("_id") else v for name, v in row["changes"].items()}
        kept.append((row["action"], row["entity_type"], changes, row["ip"]))
    return kept


@pytest.mark.parametrize("who", ["owner", "member", "read_only"])
@pytest.mark.parametrize("query", ["", "&after=0", "&entity_type=transaction", "&action=wallet.created"])
def test_others_see_the_same_events_and_pages_as_if_a_private_wallet_were_not_there(db, who, query):
    lists = []
    for private in (True, False):
        someone = build(private=private)[who]
        number_all()
        url, pages = f"/events?family_id={someone.membership.family_id}&page_size=2{query}", []
        while url:
            page = someone.http.get(url.replace("http://testserver/api/v1", "")).json()
            pages.append((without_ids(page["results"]), bool(page["next"]), bool(page["previous"])))
            url = page["next"]
        lists.append(pages)
    assert lists[0] == lists[1]
    assert lists[1][0][0]


def test_its_holder_sees_what_happened_on_a_private_wallet(db):
    people = build(private=True)
    number_all()
    seen = str(events(people["adult"]))
    for word in ("More secret", "Gift for Olga", "Ring", "surprise"):
        assert word in seen
        assert all(word not in str(events(people[who])) for who in ("owner", "member", "read_only"))


@pytest.mark.parametrize("who", ["owner", "member", "reader"])
def test_a_private_wallet_is_not_to_be_asked_for_by_its_id(house, who):
    secret = house.wallets["secret"].pk
    entry = house.earn("5.00", "secret", by="adult").transaction
    assert of(house.people[who], "wallet", secret) == []
    assert of(house.people[who], "transaction", entry.pk) == []


@pytest.mark.parametrize("who", ["owner", "adult", "member"])
def test_a_transfer_to_a_private_wallet_is_shown_without_the_wallet(house, who):
    entry = house.move("5.00", "cash", "secret", by="adult").transaction
    changes = of(house.people[who], "transaction", entry.pk, "transaction.created")[0]["changes"]
    assert changes["from_wallet_id"] == [None, house.wallets["cash"].pk]
    assert changes["amount"] == [None, "5.00"]
    assert ("to_wallet_id" in changes) is (who == "adult")


def test_a_transfer_names_no_wallet_that_is_out_of_the_viewers_reach(house):
    entry = house.move("5.00", "cash", "anns").transaction
    changes = of(house.member, "transaction", entry.pk, "transaction.created")[0]["changes"]
    assert "to_wallet_id" not in changes
    assert changes["from_wallet_id"] == [None, house.wallets["cash"].pk]


def test_what_a_wallet_once_was_is_hidden_with_it(house):
    entry = house.spend("5.00", "anns", by="adult").transaction
    assert of(house.owner, "transaction", entry.pk)
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(visibility="private")
    assert of(house.owner, "transaction", entry.pk) == of(house.owner, "wallet", house.wallets["anns"].pk) == []
    assert len(of(house.adult, "transaction", entry.pk)) == 2


def test_of_a_wallet_whose_balance_alone_is_shown_others_see_no_entries(house):
    entry = house.spend("5.00", "anns", by="adult").transaction
    Wallet.objects.filter(pk=house.wallets["anns"].pk).update(visibility="balance_only")
    assert of(house.owner, "transaction", entry.pk) == []
    assert [row["action"] for row in of(house.owner, "wallet", house.wallets["anns"].pk)] == ["wallet.created"]
    assert len(of(house.adult, "transaction", entry.pk)) == 2


def test_events_of_an_archived_wallet_stay(house):
    use(archive_wallet, house.owner, wallet_id=house.wallets["cash"].pk)
    rows = of(house.member, "wallet", house.wallets["cash"].pk)
    assert [row["action"] for row in rows] == ["wallet.archived", "wallet.created"]
