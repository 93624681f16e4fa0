"""Founding a family."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation

from accounts.errors import InvalidToken
from audit.models import EventLog
from audit.trail import Actor
from families.models import Family, Membership
from families.roles import Role, preset
from families.services import create_family
from financebot.common.usecase import unit_of_work
from ledger.models import Category
from tests.conftest import founder_of, person
from tests.families.helpers import held, is_staff
from tests.http import Http

pytestmark = pytest.mark.django_db


def test_the_founder_is_the_active_owner_and_holds_what_an_owner_holds():
    founder = founder_of()
    [member] = Membership.objects.filter(family_id=founder.membership.family_id)
    assert (member.user_id, member.role, member.state) == (founder.user.pk, "owner", "active")
    assert (member.spending_limit, member.version) == (None, 1)
    assert held(founder) == preset(Role.OWNER)


def test_the_founder_becomes_staff_and_no_operator():
    founder = founder_of()
    assert is_staff(founder)
    assert not founder.user.is_superuser


@pytest.mark.parametrize(
    ("currency", "threshold"),
    [("EUR", "500"), ("USD", "500"), ("KWD", "500"), ("JPY", "50000"), ("KRW", "50000")],
)
def test_the_threshold_follows_the_decimals_of_the_currency(currency, threshold):
    family = Family.objects.get(pk=founder_of(base_currency=currency).membership.family_id)
    assert family.approval_threshold == Decimal(threshold)


@pytest.mark.parametrize(("currency", "threshold"), [("EUR", "500.00"), ("JPY", "50000"), ("KWD", "500.000")])
def test_a_new_family_over_http_has_the_defaults(currency, threshold):
    answer = person().http.post("/families", name="Home", base_currency=currency)
    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in body if name not in {"id", "created_at"}} == {
        "name": "Home",
        "base_currency": currency,
        "timezone": "UTC",
        "approval_threshold": threshold,
        "approvals_required": 1,
        "adult_approval_limit": None,
        "undo_window": 900,
        "closed_until": None,
        "archived_at": None,
        "version": 1,
    }
    assert answer["ETag"] == '"v1"'


@pytest.mark.parametrize(
    "body",
    [
        {"base_currency": "EUR"},
        {"name": "", "base_currency": "EUR"},
        {"name": "x" * 101, "base_currency": "EUR"},
        {"name": "Home"},
        {"name": "Home", "base_currency": "eur"},
        {"name": "Home", "base_currency": "XAU"},
        {"name": "Home", "base_currency": "EUR", "timezone": "Mars/Olympus"},
        {"name": "Home", "base_currency": "EUR", "timezone": ""},
        {"name": "Home", "base_currency": "EUR", "approval_threshold": "1.00"},
    ],
)
def test_a_family_of_the_wrong_shape_is_refused_and_leaves_nothing(body):
    answer = person().http.post("/families", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Family.objects.exists()


def test_nobody_founds_a_family_without_logging_in():
    assert Http().post("/families", name="Home", base_currency="EUR").status_code == 401
    with pytest.raises(InvalidToken), unit_of_work():
        create_family(actor=Actor(), name="Home", base_currency="EUR", timezone="UTC")


def test_a_family_starts_with_categories_of_each_kind_and_one_of_each_to_fall_back_on():
    found = Category.objects.filter(family_id=founder_of().membership.family_id)
    assert set(found.values_list("kind", flat=True)) == {
        "expense",
        "income",
        "opening",
        "exchange",
        "adjustment",
    }
    assert sorted(found.filter(fallback=True).values_list("kind", "name")) == [
        ("expense", "Other"),
        ("income", "Other"),
    ]
    assert {"Groceries", "Housing"} <= set(found.filter(kind="expense").values_list("name", flat=True))


def test_the_categories_are_named_in_the_language_of_the_moment(monkeypatch):
    monkeypatch.setattr("ledger.booking.founding._", lambda word: f"{translation.get_language()}:{word}")
    with translation.override("de"):
        family = founder_of().membership.family_id
    names = Category.objects.filter(family_id=family).values_list("name", flat=True)
    assert names
    assert all(name.startswith("de:") for name in names)


def test_founding_brings_two_events_and_none_of_the_categories():
    founder = founder_of("The Lab", base_currency="CHF", timezone="Europe/Zurich")
    family = founder.membership.family_id
    founded, joined = EventLog.objects.filter(family_id=family).order_by("pk")
    assert (founded.name, founded.entity_type, founded.entity_id) == ("family.created", "family", family)
    assert founded.changes == {"base_currency": [None, "CHF"], "timezone": [None, "Europe/Zurich"]}
    assert founded.private["texts"] == {"name": ["", "The Lab"]}
    assert (joined.name, joined.entity_id) == ("member.joined", founder.membership.pk)
    assert joined.changes == {"role": [None, "owner"]}
    assert {founded.actor_id, joined.actor_id} == {founder.user.pk}


def test_a_person_may_found_two_families_and_they_share_nothing():
    founder = founder_of("One")
    with unit_of_work():
        other = create_family(
            actor=replace(founder.actor, family=None), name="Two", base_currency="USD", timezone="UTC"
        )
    assert [row["name"] for row in founder.http.get("/families").json()["results"]] == ["One", "Two"]
    assert Category.objects.filter(family=other).count() == Category.objects.exclude(family=other).count()


def test_a_family_that_cannot_be_founded_whole_is_not_founded_at_all(monkeypatch):
    founder = person()
    monkeypatch.setattr("families.moments.founded", [lambda family, actor: 1 / 0])
    with pytest.raises(ZeroDivisionError), unit_of_work():
        create_family(actor=founder.actor, name="Home", base_currency="EUR", timezone="UTC")
    assert not Family.objects.exists()
    assert not Membership.objects.exists()
    assert not is_staff(founder)
    assert not EventLog.objects.exists()
