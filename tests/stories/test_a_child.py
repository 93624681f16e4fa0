"""A child with 50 euros in seven days and 30 of pocket money, who tries everything to spend more."""

from decimal import Decimal

import pytest

from tests.stories.household import said
from tests.stories.spender import LIMIT, Kim, spent

TRIES = """
try                              | says                   |  Purse | Pocket | spent | Cash
what there is                    |                        | 200.00 |  30.00 |
sweets                           | executed               | -20.00 |        | 20.00
a cent too much                  | pending_approval       |
another cent while that waits    | pending_approval       |
cancelled and tried again        | pending_approval       |
a first part                     | executed               | -10.00 |        | 10.00
a second one, of the pocket      | executed               |        | -10.00 | 10.00
a third one, for two things      | executed               | -10.00 |        | 10.00
a fourth one                     | pending_approval       |
a fourth one, of the pocket      | pending_approval       |
long ago                         | pending_approval       |
tomorrow                         | pending_approval       |
for Olga alone                   | pending_approval       |
less than nothing                | 422 amount_not_positive |
from one wallet to the other     | 403 permission_denied  |
out of the family's wallet       | 422 unknown_reference  |
into the family's wallet         | 403 permission_denied  |
many at once                     | 403 permission_denied  |
sweets given back                | executed               |  20.00 |
and given back again             | 422 refund_too_large   |
after they were given back       | pending_approval       |
a present from nobody            | executed               | 100.00 |
out of the present               | pending_approval       |
from a bank                      | pending_approval       |
from a bank again                | 409 already_recorded   |
cancelled, and from a bank again | 409 already_recorded   |
more than the pocket has         | 422 insufficient_funds |
as much as the pocket has        | pending_approval       |
a cent besides                   | 422 insufficient_funds |
a book                           | pending_approval       |
a book, by oneself               | 403 permission_denied  |
a book, by Olga                  | executed               | -15.00 |
a dearer book                    | 403 permission_denied  |
another cent                     | pending_approval       |
=                                |                        | 265.00 |  20.00 | 50.00 | 0.00
"""
FORBIDDEN = [
    ("patch", "{family}/members/{me}", {"spending_limit": None}),
    ("patch", "{family}/members/{me}", {"role": "adult"}),
    ("patch", "{family}", {"approval_threshold": None}),
    ("post", "{family}/reopen", {"through": None}),
    ("post", "{family}/invitations", {"role": "child"}),
    ("post", "/wallets", {"name": "Hoard", "type": "cash"}),
    ("patch", "/wallets/{pocket}", {"overdraft_limit": None}),
    ("patch", "/wallets/{pocket}", {"type": "cash"}),
    ("patch", "/wallets/{purse}", {"visibility": "private"}),
    ("patch", "/wallets/{purse}", {"holder_id": None}),
    ("post", "/wallets/{pocket}/reconcile", {"statement_balance": "500.00"}),
    ("post", "/wallets/{pocket}/archive", {}),
    ("post", "/exchange-rates", {"base_currency": "USD", "quote_currency": "EUR", "rate": "0.0001"}),
    ("post", "/categories", {"name": "Sweets", "kind": "expense"}),
    ("post", "/transactions/{entry}/reverse", {}),
    ("post", "/transactions/{entry}/undo", {}),
    ("delete", "/transactions/{entry}", {}),
    ("patch", "/transactions/{entry}", {"amount": "0.01"}),
    ("patch", "/transactions/{entry}", {"description": "Bread"}),
    ("post", "/transactions/{entry}/reject", {}),
]
NEEDS_FAMILY = ("/wallets", "/exchange-rates", "/categories")


def test_a_child_spends_what_it_may_and_not_a_cent_more(home):
    home.wallet("Cash", "cash")
    kim = Kim(home, TRIES)
    sweets = kim.records("sweets", "20.00", "Purse", category="Groceries")
    split_up(kim)
    send_around(kim)
    earn(kim, sweets)
    repeat(kim)
    ask(kim)
    kim.books.add_up()
    assert spent(home) == LIMIT


def split_up(kim: Kim) -> None:
    much = kim.records("a cent too much", "30.01", "Purse")
    cent = kim.records("another cent while that waits", "0.01", "Purse")
    kim.cancels(much, cent)
    kim.cancels(kim.records("cancelled and tried again", "30.01", "Purse"))
    kim.records("a first part", "10.00", "Purse")
    kim.records("a second one, of the pocket", "10.00", "Pocket")
    parts = {"Groceries": "5.00", "Leisure": "5.00"}
    kim.records("a third one, for two things", "10.00", "Purse", splits=parts)
    waiting = [
        kim.records("a fourth one", "0.01", "Purse"),
        kim.records("a fourth one, of the pocket", "0.01", "Pocket"),
        kim.records("long ago", "0.01", "Purse", occurred_on="2026-01-31"),
        kim.records("tomorrow", "0.01", "Purse", occurred_on="2026-05-05"),
        kim.records("for Olga alone", "0.01", "Purse", for_whom={"Olga": "1"}),
    ]
    kim.records("less than nothing", "-5.00", "Purse")
    kim.cancels(*waiting)


def send_around(kim: Kim) -> None:
    kim.records("from one wallet to the other", "10.00", "Purse", "Pocket")
    kim.records("out of the family's wallet", "0.01", "Cash")
    kim.records("into the family's wallet", "0.01", "Purse", "Cash")
    rows = [kim.home.entry("0.01", "Purse")] * 2
    kim.tries("many at once", "post", "/transactions/bulk", family_id=kim.home.pk, transactions=rows)


def earn(kim: Kim, sweets: int) -> None:
    kim.records("sweets given back", "20.00", None, "Purse", refund_of=sweets)
    kim.records("and given back again", "0.01", None, "Purse", refund_of=sweets)
    kim.cancels(kim.records("after they were given back", "0.01", "Purse"))
    kim.records("a present from nobody", "100.00", None, "Purse", category="Gifts received (in)")
    kim.cancels(kim.records("out of the present", "100.00", "Purse"))


def repeat(kim: Kim) -> None:
    waiting = kim.records("from a bank", "5.00", "Purse", source_ref="R1")
    kim.records("from a bank again", "5.00", "Purse", source_ref="R1")
    kim.cancels(waiting)
    kim.records("cancelled, and from a bank again", "5.00", "Purse", source_ref="R1")
    kim.records("more than the pocket has", "20.01", "Pocket")
    waiting = kim.records("as much as the pocket has", "20.00", "Pocket")
    kim.records("a cent besides", "0.01", "Pocket")
    kim.cancels(waiting)


def ask(kim: Kim) -> None:
    book = kim.records("a book", "15.00", "Purse")
    kim.tries("a book, by oneself", "post", f"/transactions/{book}/confirm")
    kim.books.after("a book, by Olga", said(kim.home.tries("Olga", "post", f"/transactions/{book}/confirm")))
    kim.tries("a dearer book", "patch", f"/transactions/{book}", amount="100.00")
    kim.cancels(kim.records("another cent", "0.01", "Purse"))


def test_drafts_in_quantity_are_worth_no_more_than_the_limit(home):
    drafts = [home.records("Kim", "10.00", "Purse", draft=True) for _ in range(8)]
    assert {draft["status"] for draft in drafts} == {"draft"}
    answers = [home.refuses("Kim", "post", f"/transactions/{draft['id']}/submit") for draft in drafts]
    assert answers == ["executed"] * 5 + ["pending_approval"] * 3
    assert home.refuses("Kim", "post", f"/transactions/{drafts[0]['id']}/submit") == "409 already_decided"
    assert (spent(home), home.seen_by("Olga")["Purse"]) == (LIMIT, Decimal("150.00"))


def test_one_request_sent_twice_is_spent_once(home):
    body = {"family_id": home.pk, **home.entry("30.00", "Purse")}
    first, again = (home.tries("Kim", "post", "/transactions", headers={"Idempotency-Key": "K"}, **body) for _ in "12")
    assert first.content == again.content
    assert spent(home) == 30


def test_what_would_help_is_not_for_a_child(home):
    entry = home.records("Kim", "50.00", "Purse")["id"]
    ids = {"family": home.path, "me": home.members["Kim"], "entry": entry}
    ids |= {"purse": home.wallets["Purse"], "pocket": home.wallets["Pocket"]}
    for method, path, body in FORBIDDEN:
        given = body | ({"family_id": home.pk} if path in NEEDS_FAMILY else {})
        assert home.refuses("Kim", method, path.format(**ids), **given) == "403 permission_denied", (path, body)
    assert home.cannot_record("Kim", "0.01", "Purse") == "pending_approval"


@pytest.mark.parametrize("role", ["child", "member"])
def test_what_a_currency_is_worth_is_not_for_who_has_a_limit_to_say(home, role):
    home.does("Olga", "patch", f"{home.path}/members/{home.members['Kim']}", role=role)
    home.does("Olga", "post", "/exchange-rates", base_currency="USD", quote_currency="EUR", rate="0.9")
    home.wallet("Dollars", "cash", holder="Kim", currency="USD", opening_balance="100.00")
    assert home.cannot_record("Kim", "100.00", "Dollars", rate="0.0001") == "403 permission_denied"
    assert home.cannot_record("Kim", "100.00", "Dollars", rate="0.0001", draft=True) == "403 permission_denied"
    much = home.records("Kim", "55.57", "Dollars")  # 50.013
    assert much["status"] == "pending_approval"
    row = f"/transactions/{much['id']}"
    assert home.refuses("Kim", "patch", row, rate="0.0001") == "403 permission_denied"
    home.does("Kim", "post", f"{row}/cancel")
    assert home.cannot_record("Kim", "55.56", "Dollars") == "executed"  # 50.004, to the cent
    assert home.cannot_record("Kim", "0.02", "Dollars") == "pending_approval"
