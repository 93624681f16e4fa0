"""The letter that brings an approver their token: what it says, in which language, and what it keeps to itself."""

import email
import re
from datetime import date
from decimal import Decimal
from email import policy

import pytest
from django.utils import translation
from django.utils.translation import trans_real

from accounts.models import User
from delivery.letters import one_line
from families.models import Family
from ledger.models import ExchangeRate, Wallet
from tests.conftest import join
from tests.delivery.helpers import ask, deliver, html, letter_to, recipients, token_in
from tests.families.helpers import edit
from tests.ledger.helpers import wallet_of

pytestmark = pytest.mark.django_db

HEADERS = {"Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"}
TAGS = {"html", "body", "p", "table", "tr", "th", "td", "code", "br", "pre"}


def headers_of(letter):
    return email.message_from_bytes(letter.message().as_bytes(), policy=policy.default)


def write(user, **fields):
    User.objects.filter(pk=user.pk).update(**fields)


def test_it_says_who_asks_how_much_what_for_and_how_to_approve(house, time_machine):
    time_machine.move_to("2026-05-02T10:00:00Z", tick=False)
    write(house.owner.user, timezone="Asia/Tokyo")
    entry = ask(house, description="A new bicycle", payee="Bike shop", occurred_on=date(2026, 5, 1))
    letter = letter_to(house)
    assert letter.subject == "Member asks you to approve 600.00 EUR"
    assert (
        letter.body
        == f"""Hello Olga,

Member asks you to approve 600.00 EUR.

Family: Home
Amount: 600.00 EUR
What for: A new bicycle
Payee: Bike shop
From: cash
Day: May 1, 2026
Transaction: {entry.pk}, version 1

Confirmation token: {token_in(letter)}
It is yours alone, works once and for this version, until May 3, 2026, 7 p.m. (Asia/Tokyo).

To approve, send:

POST /api/v1/transactions/{entry.pk}/confirm
{{"confirmation_token": "{token_in(letter)}", "version": 1}}

If you do not want to approve it, do nothing.
"""
    )


def test_its_two_parts_say_the_same(house):
    ask(house, description="A new bicycle")
    letter = letter_to(house)
    for word in ("Olga", "Member", "600.00 EUR", "A new bicycle", "cash", token_in(letter), "/confirm"):
        assert word in letter.body
        assert word in html(letter)


def test_each_approver_gets_a_letter_and_a_token_of_their_own(house):
    ask(house)
    letters = deliver()
    assert recipients(letters, house) == {"owner", "adult"}
    assert len({token_in(letter) for letter in letters}) == 2
    assert all(len(letter.recipients()) == 1 for letter in letters)


def test_an_amount_has_the_decimals_of_its_currency(house):
    house.wallets["yen"] = wallet_of(house.owner, currency="JPY")
    ExchangeRate.objects.create(
        family=house.family, base="JPY", quote="EUR", day=date(2026, 1, 1), rate=Decimal("0.006")
    )
    ask(house, wallet="yen", amount="100000")
    assert "100000 JPY" in letter_to(house).subject


def test_it_speaks_the_language_of_its_recipient_and_leaves_ours_alone(house):
    write(house.owner.user, language="de")
    ask(house, occurred_on=date(2026, 5, 1))
    with translation.override("uk"):
        letters = {letter.to[0]: letter for letter in deliver()}
        assert translation.get_language() == "uk"
    owners, adults = letters[house.owner.user.email], letters[house.adult.user.email]
    assert ("1. Mai 2026" in owners.body, '<html lang="de">' in html(owners)) == (True, True)
    assert ("May 1, 2026" in adults.body, '<html lang="en">' in html(adults)) == (True, True)


def test_every_sentence_of_it_goes_through_gettext(house, monkeypatch):
    monkeypatch.setattr(trans_real.DjangoTranslation, "gettext", lambda self, message: f"¤{message}")
    ask(house, by="adult", to="secret")
    letter = letter_to(house)
    lines = [line for line in letter.body.splitlines() if line and not line.startswith(("POST", "{"))]
    assert [line for line in lines if not line.startswith("¤")] == []
    assert letter.subject.startswith("¤")
    assert "¤a wallet of Adult" in letter.body


HOSTILE = [
    "Eve\r\nBcc: thief@example.org",
    "Eve\n\nConfirmation token: forged",
    "Eve\u2028Confirmation token: forged",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "%(amount)s {{ token }} {% now 'Y' %}",
    "\u202eRUE 00.1",
    "\x1b[31mEve",
    "=?utf-8?q?Eve=0ABcc:thief@example.org?=",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_or_description_makes_a_header_a_line_or_markup(house, hostile):
    Family.objects.filter(pk=house.family.pk).update(name=hostile)
    Wallet.objects.filter(pk=house.wallets["cash"].pk).update(name=hostile)
    for someone in (house.owner, house.member):
        write(someone.user, first_name=hostile)
    ask(house, description=hostile, payee=hostile)
    letter, seen = letter_to(house), one_line(hostile)
    assert letter.subject == f"{seen} asks you to approve 600.00 EUR"
    assert letter.recipients() == [house.owner.user.email]
    sent = headers_of(letter)
    assert (sent["To"], set(sent)) == (house.owner.user.email, HEADERS)
    assert len(letter.body.splitlines()) == 21
    assert token_in(letter) != "forged"
    for label in ("Family", "What for", "Payee", "From"):
        assert f"\n{label}: {seen}\n" in letter.body
    written = seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert html(letter).count(written.replace('"', "&quot;").replace("'", "&#x27;")) == 6
    assert set(re.findall(r"<(\w+)", html(letter))) == TAGS


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Ann \t B.\n", "Ann B."),
        ("Zoë Œ 李 🙂", "Zoë Œ 李 🙂"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u00a0b\u3000c", "a b c"),
        ("\u202ea\u2066b\ufeff", "ab"),
        ("\x07\x00", ""),
        ("", ""),
    ],
)
def test_words_become_one_line_of_what_can_be_seen(text, line):
    assert one_line(text) == line


def test_who_has_no_first_name_is_called_by_number_and_never_by_address(house):
    for someone in (house.owner, house.member):
        write(someone.user, first_name=" ", last_name="Ungenannt")
    ask(house)
    letter = letter_to(house)
    assert f"Hello member {house.owner.membership.pk}," in letter.body
    assert letter.subject.startswith(f"member {house.member.membership.pk} asks")
    assert house.member.user.email not in letter.body + html(letter)
    assert "Ungenannt" not in letter.body + html(letter)


def test_a_wallet_is_named_to_those_who_see_it_only(house):
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(name="Engagement ring")
    ask(house, by="adult", to="secret")
    letter = letter_to(house)
    assert "To: a wallet of Adult\n" in letter.body
    for part in (letter.body, html(letter)):
        assert "Engagement ring" not in part
        assert "cash" in part
    ask(house, by="adult", to="anns")
    assert "To: anns\n" in letter_to(house).body


def test_a_wallet_out_of_reach_is_not_named_either(house):
    house.people["helper"] = join(house.owner, "member")
    edit(house.owner, house.helper, grant=["approve_transaction"])
    ask(house, by="adult", to="anns")
    assert "To: a wallet of Adult\n" in letter_to(house, "helper").body


def test_no_two_deliveries_share_an_id_be_they_made_in_the_same_moment(house, time_machine):
    time_machine.move_to("2026-05-02T10:00:00Z", tick=False)
    ask(house)
    first, second = (letter.extra_headers["Message-ID"] for letter in deliver())
    assert first != second


def test_it_says_that_no_person_sent_it(house):
    ask(house)
    assert headers_of(letter_to(house))["Auto-Submitted"] == "auto-generated"
