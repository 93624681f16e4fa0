"""What depends on a hidden wallet names nothing of it: the other side of an exchange, what replaced or refunds it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from audit.relay import relay_once
from financebot.common.errors import PermissionDenied
from ledger.errors import AlreadyRecorded, NotRefundable, WalletHasPending
from ledger.models import ExchangeRate, Transaction, Wallet
from ledger.services import (
    cancel_transaction,
    create_wallet,
    edit_transaction,
    edit_wallet,
    reverse_transaction,
    submit_transaction,
)
from tests.conftest import House, Person, join
from tests.security.worlds import use

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 4)


def edit(by: Person, entry: Any, **changes: Any) -> Transaction:
    return use(edit_transaction, by, transaction_id=entry.pk, changes=changes, version=None)


def wallet(house: House, name: str, **fields: Any) -> Wallet:
    """Ann's, private where nothing else is said."""
    ann = house.adult
    given = {"name": name, "type": "savings", "holder_id": ann.membership.pk, "visibility": "private", **fields}
    house.wallets[name] = use(create_wallet, ann, fields=given)
    return house.wallets[name]


def look(someone: Person, path: str) -> Any:
    joint = "&" if "?" in path else "?"
    answer = someone.http.get(f"{path}{joint}family_id={someone.membership.family_id}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def rows(someone: Person, query: str = "") -> list[Any]:
    return look(someone, f"/transactions?{query}")["results"]


def one(someone: Person, entry: Any) -> Any:
    return someone.http.get(f"/transactions/{entry.pk}").json()


def events(someone: Person, entry: Any) -> list[Any]:
    while relay_once():
        pass
    return look(someone, f"/events?entity_type=transaction&entity_id={entry.pk}&after=0")["results"]


def everything_on(someone: Person, entry: Any) -> str:
    return str([rows(someone), one(someone, entry), events(someone, entry)])


@pytest.fixture
def dollars(house: House) -> Wallet:
    ExchangeRate.objects.create(family=house.family, base="USD", quote="EUR", day=date(2020, 1, 1), rate=Decimal("0.9"))
    return wallet(house, "dollars", currency="USD")


def test_an_exchange_into_a_hidden_wallet_shows_the_visible_side_alone(house: House, dollars: Wallet):
    entry = house.move("100", "cash", "dollars", by="adult", to_amount=Decimal("123.45")).transaction
    seen = one(house.owner, entry)
    assert (seen["amount"], seen["currency"], seen["to_amount"]) == ("100.00", "EUR", None)
    assert seen["private_of"] == {"membership_id": house.adult.membership.pk, "first_name": "Adult"}
    assert {(p["wallet_id"], p["amount"], p["currency"]) for p in seen["postings"]} == {
        (house.wallets["cash"].pk, "-100.00", "EUR"),
        (house.wallets["cash"].pk, "100.00", "EUR"),
    }
    for who in ("owner", "member", "reader"):
        said = str(events(house.people[who], entry))
        assert "123.45" not in said, who
        assert "USD" not in said, who
    assert "123.45" not in everything_on(house.owner, entry)
    assert "USD" not in everything_on(house.owner, entry)
    assert one(house.adult, entry)["to_amount"] == "123.45"


def test_an_exchange_out_of_a_hidden_wallet_is_what_entered_the_visible_one(house: House, dollars: Wallet):
    entry = house.move("123.45", "dollars", "cash", by="adult", to_amount=Decimal("100.00")).transaction
    seen = one(house.owner, entry)
    assert (seen["amount"], seen["currency"], seen["to_amount"]) == ("100.00", "EUR", None)
    assert (seen["from_wallet_id"], seen["to_wallet_id"]) == (None, house.wallets["cash"].pk)
    for word in ("123.45", "USD"):
        assert word not in everything_on(house.owner, entry)
    assert one(house.adult, entry)["amount"] == "123.45"
    created = events(house.owner, entry)[0]["changes"]
    assert created["to_amount"] == [None, "100.00"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("amount_min=99&amount_max=101", True),
        ("amount_min=120", False),
        ("amount_max=99", False),
    ],
)
def test_a_filter_by_amount_goes_by_the_side_that_is_seen(house: House, dollars: Wallet, query: str, found: bool):
    entry = house.move("123.45", "dollars", "cash", by="adult", to_amount=Decimal(100)).transaction
    assert (entry.pk in [row["id"] for row in rows(house.owner, query)]) is found


@pytest.mark.parametrize("page_size", [1, 2, 50])
@pytest.mark.parametrize("ordering", ["amount", "-amount"])
def test_the_order_by_amount_goes_by_the_side_that_is_seen(
    house: House, dollars: Wallet, ordering: str, page_size: int
):
    house.earn("500")
    for hidden, seen in (("5", "90"), ("900", "80")):
        house.move(hidden, "dollars", "cash", by="adult", to_amount=Decimal(seen))
    house.spend("85")
    found, url = [], f"/transactions?ordering={ordering}&page_size={page_size}"
    while url:
        page = house.owner.http.get(url.replace("http://testserver/api/v1", "")).json()
        found += [row["amount"] for row in page["results"]]
        url = page["next"]
    expected = ["80.00", "85.00", "90.00", "500.00"]
    assert found == (expected if ordering == "amount" else expected[::-1])


def test_an_edit_of_a_waiting_exchange_tells_nothing_of_the_hidden_side(house: House, dollars: Wallet):
    entry = house.move("600", "cash", "dollars", by="adult", to_amount=Decimal("654.32")).transaction
    assert entry.status == "pending_approval"
    edit(house.adult, entry, to_amount=Decimal("765.43"))
    edit(house.adult, entry, to_wallet=house.wallets["anns"].pk)
    for word in ("654.32", "765.43", "USD"):
        assert word not in everything_on(house.owner, entry)


def test_a_hidden_replacement_is_not_named_by_the_event_of_what_it_replaced(house: House):
    house.earn("100", "secret", by="adult")
    entry = house.move("20", "cash", "secret", by="adult").transaction
    hidden = edit(house.adult, entry, from_wallet=house.wallets["secret"].pk, to_wallet=None)
    assert house.owner.http.get(f"/transactions/{hidden.pk}").status_code == 404
    last = events(house.owner, entry)[-1]
    assert last["action"] == "transaction.replaced"
    assert "replaced_by_id" not in last["changes"]
    assert one(house.owner, entry)["replaced_by_id"] is None


def test_an_entry_that_went_into_hiding_and_came_back_is_named_by_nothing(house: House):
    first = house.spend("20", "anns", by="adult").transaction
    hidden = edit(house.adult, first, from_wallet=house.wallets["secret"].pk)
    back = edit(house.adult, hidden, from_wallet=house.wallets["anns"].pk)
    assert one(house.owner, first)["replaced_by_id"] is None
    assert one(house.owner, back)["replaces_id"] is None
    assert house.owner.http.get(f"/transactions/{hidden.pk}").status_code == 404
    assert events(house.owner, hidden) == []
    named = [row["changes"].get("replaced_by_id") for entry in (first, back) for row in events(house.owner, entry)]
    assert set(named) == {None}


def test_nothing_that_waits_is_moved_out_of_the_sight_of_those_who_judge(house: House):
    entry = house.spend("600", "anns", by="adult").transaction
    assert entry.status == "pending_approval"
    with pytest.raises(WalletHasPending):
        edit(house.adult, entry, from_wallet=house.wallets["secret"].pk)
    assert one(house.owner, entry)["status"] == "pending_approval"


@pytest.mark.parametrize("visibility", ["private", "balance_only"])
def test_an_expense_that_others_see_is_not_refunded_in_hiding(house: House, visibility: str):
    """Else a refund too large, or an expense that cannot be reversed, would tell of one that is hidden."""
    house.spend("1", "secret", by="adult")
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(visibility=visibility)
    entry = house.spend("50", by="adult").transaction
    with pytest.raises(NotRefundable):
        house.earn("40", "secret", by="adult", refund_of=entry.pk)
    house.earn("50", "cash", by="owner", refund_of=entry.pk)


def test_a_hidden_expense_is_refunded_anywhere(house: House):
    entry = house.spend("50", "secret", by="adult").transaction
    house.earn("20", "secret", by="adult", refund_of=entry.pk)
    seen = house.earn("20", "cash", by="adult", refund_of=entry.pk).transaction
    assert one(house.owner, seen)["refund_of"] is None


def test_a_draft_of_a_hidden_refund_is_refused_when_it_is_submitted(house: House):
    entry = house.spend("50", by="adult").transaction
    draft = house.earn("40", "anns", by="adult", refund_of=entry.pk, later=True).transaction
    use(edit_wallet, house.adult, wallet_id=house.wallets["anns"].pk, changes={"visibility": "private"}, version=None)
    with pytest.raises(NotRefundable):
        use(submit_transaction, house.adult, transaction_id=draft.pk)


def test_how_a_hidden_entry_writes_a_payee_or_tag_is_not_how_others_find_theirs(house: House):
    house.spend("1", "secret", by="adult", payee="dR. oNcO", tags=("hEALTH",))
    answer = house.owner.http.post(
        "/transactions", amount="1", from_wallet_id=house.wallets["cash"].pk, payee="Dr. Onco", tags=["Health"]
    ).json()
    assert (answer["payee"], answer["tags"]) == ("Dr. Onco", ["Health"])
    [row] = rows(house.owner)
    assert (row["payee"], row["tags"]) == ("Dr. Onco", ["Health"])
    edited = house.owner.http.patch(f"/transactions/{row['id']}", payee="DR. ONCO", tags=["HEALTH"]).json()
    assert (edited["payee"], edited["tags"]) == ("DR. ONCO", ["HEALTH"])


def test_a_draft_leaves_no_event_for_others(house: House):
    draft = house.spend("33", by="adult", description="Ring for Olga", later=True).transaction
    edit(house.adult, draft, amount=Decimal(44), description="Earrings for Olga")
    for who in ("owner", "member", "reader"):
        assert events(house.people[who], draft) == [], who
    assert len(events(house.adult, draft)) == 2
    edit(house.adult, draft, amount=Decimal(55), description="Groceries")
    use(submit_transaction, house.adult, transaction_id=draft.pk)
    seen = events(house.owner, draft)
    assert [row["action"] for row in seen] == ["transaction.executed"]
    said = seen[0]["changes"]
    assert (Decimal(said["amount"][1]), said["description"]) == (55, ["", "Groceries"])
    assert "Olga" not in everything_on(house.owner, draft)
    assert [row["action"] for row in one(house.owner, draft)["history"]] == ["transaction.executed"]
    assert len(one(house.adult, draft)["history"]) == 4


def test_a_draft_that_was_cancelled_is_still_its_authors_alone(house: House):
    draft = house.spend("33", by="adult", description="Ring", later=True).transaction
    use(cancel_transaction, house.adult, transaction_id=draft.pk)
    assert rows(house.owner) == []
    assert house.owner.http.get(f"/transactions/{draft.pk}").status_code == 404
    assert events(house.owner, draft) == []
    assert [row["status"] for row in rows(house.adult)] == ["cancelled"]
    waiting = house.spend("600", by="adult").transaction
    use(cancel_transaction, house.adult, transaction_id=waiting.pk)
    assert [row["id"] for row in rows(house.owner)] == [waiting.pk]


def test_a_draft_of_somebody_else_takes_no_source_ref(house: House):
    draft = house.spend("33", by="adult", source_ref="S1", later=True).transaction
    cancelled = house.spend("33", by="adult", source_ref="S2", later=True).transaction
    use(cancel_transaction, house.adult, transaction_id=cancelled.pk)
    for ref in ("S1", "S2"):
        house.spend("33", source_ref=ref)
    with pytest.raises(AlreadyRecorded):
        use(submit_transaction, house.adult, transaction_id=draft.pk)


def test_a_source_ref_conflicts_with_nothing_that_is_hidden(house: House):
    secret = house.wallets["secret"]
    house.spend("5", "secret", by="adult", source_ref="S1")
    house.earn("5", "secret", by="adult", source_ref="S2")
    house.earn("5", "cash", source_ref="S3")
    house.move("5", "secret", "cash", by="adult", source_ref="S3")
    Wallet.objects.filter(pk=secret.pk).update(visibility="balance_only")
    house.move("5", "cash", "secret", source_ref="S1")
    house.move("5", "cash", "secret", source_ref="S2")
    for ref, source, by in (("S1", "cash", "owner"), ("S3", "cash", "owner"), ("S1", "secret", "adult")):
        with pytest.raises(AlreadyRecorded):
            house.spend("5", source, by=by, source_ref=ref)


def test_no_list_by_wallet_is_a_statement_of_one_whose_balance_alone_is_shown(house: House):
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(visibility="balance_only")
    entry = house.move("5", "cash", "secret", by="adult").transaction
    assert rows(house.owner, f"wallet={house.wallets['secret'].pk}") == []
    seen = one(house.owner, entry)
    assert (seen["to_wallet_id"], seen["private_of"]["first_name"]) == (None, "Adult")
    assert house.wallets["secret"].pk not in [p["wallet_id"] for p in seen["postings"]]
    assert "to_wallet_id" not in events(house.owner, entry)[0]["changes"]
    assert one(house.adult, entry)["to_wallet_id"] == house.wallets["secret"].pk


def test_whether_a_hidden_wallet_is_archived_is_no_answer_to_a_reversal(house: House):
    entry = house.move("5", "secret", "cash", by="adult").transaction
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(archived_at=entry.created_at)
    with pytest.raises(PermissionDenied):
        use(reverse_transaction, house.owner, transaction_id=entry.pk, reason="")
    with pytest.raises(PermissionDenied):
        edit(house.owner, entry, from_wallet=house.wallets["anns"].pk)


def test_an_approver_learns_nothing_of_the_hidden_wallet(house: House, dollars: Wallet):
    entry = house.move("600", "cash", "dollars", by="adult", to_amount=Decimal("654.32")).transaction
    answer = house.owner.http.post(f"/transactions/{entry.pk}/confirm", confirmation_token=None)
    assert answer.status_code == 200
    assert "654.32" not in answer.content.decode()
    assert "654.32" not in everything_on(house.owner, entry)


@pytest.mark.parametrize("visibility", ["private", "balance_only"])
@pytest.mark.parametrize("amount", ["5", "600"])
def test_who_does_not_see_both_sides_changes_the_words_alone(house: House, amount: str, visibility: str):
    secret = house.wallets["secret"]
    Wallet.objects.filter(pk=secret.pk).update(visibility=visibility)
    for entry in (
        house.move(amount, "cash", "secret", by="adult").transaction,
        house.move(amount, "secret", "cash", by="adult").transaction,
    ):
        side = "to_wallet" if entry.to_wallet_id == secret.pk else "from_wallet"
        for change in ({"amount": Decimal(4)}, {side: secret.pk}, {side: None}, {side: house.wallets["anns"].pk}):
            with pytest.raises(PermissionDenied):
                edit(house.owner, entry, **change)
        edit(house.owner, entry, notes="seen")
        edit(house.adult, entry, amount=Decimal(4))


def test_who_sent_money_to_a_hidden_wallet_may_say_how_much_while_it_waits(house: House):
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(visibility="balance_only")
    house.people["second"] = join(house.owner, "adult")
    entry = house.move("600", "cash", "secret", by="second").transaction
    edit(house.second, entry, amount=Decimal(610))
    with pytest.raises(PermissionDenied):
        edit(house.owner, entry, amount=Decimal(620))
