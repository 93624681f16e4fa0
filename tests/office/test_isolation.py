"""An owner against another family and a private wallet: no page of the office tells of either, however asked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import ManyToManyField
from django.urls import reverse

from accounts.models import LoginThrottle
from audit.models import EventLog
from financebot.common import clock
from tests.office.conftest import FOREIGN, MARKS, PRIVATE, Desk

pytestmark = [pytest.mark.django_db, pytest.mark.no_cover]

OFFICES = list(admin.site._registry.items())
HIDDEN = [
    "wallet", "spent", "draft", "dollars", "foreign_family", "foreign_member", "foreign_wallet", "foreign_spent",
    "foreign_invitation", "foreign_category",
]  # fmt: skip
PARTLY = ["moved", "exchanged"]  # entries with one side that is seen
ACTING = [(model, office) for model, office in OFFICES if getattr(office, "acts", ())]
NAMES = [model._meta.label_lower for model, _ in OFFICES]


def path_of(model: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def told_by(answer: Any) -> list[str]:
    page = answer.content.decode().lower()
    return [mark for mark in MARKS if mark in page]


def ways_to_list(model: Any, office: Any) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"_facets": "True"}
    yield {"_popup": 1}
    yield {"_popup": 1, "_to_field": "id"}
    yield {"all": ""}
    for word in (PRIVATE, FOREIGN, PRIVATE[:3], "76"):
        yield {"q": word}
    columns = range(1, len(office.list_display) + 1)
    yield from ({"o": f"{sign}{column}"} for column in columns for sign in ("", "-"))
    if office.date_hierarchy:
        yield {f"{office.date_hierarchy}__year": 2026}


def asked(desk: Desk, path: str, query: dict[str, Any]) -> Any:
    answer = desk.get(path, **query)
    assert answer.status_code in {200, 302, 400, 403, 404}, (path, query, answer.status_code)
    return answer


@pytest.mark.parametrize(("model", "office"), OFFICES, ids=NAMES)
def test_no_list_tells_of_what_is_hidden(desk, hidden, model, office):
    olga = desk("owner")
    for query in ways_to_list(model, office):
        answer = asked(olga, path_of(model), query)
        text = answer.content.decode()
        typed = str(query.get("q", "\0"))  # it is shown again, in the field and in links
        shown = text.replace(typed, "")
        found = [mark for mark in MARKS if mark in shown.lower()]
        assert not found, (query, found)


def test_an_operator_sees_what_the_owner_does_not(operator, hidden):
    """So the marks are there to be found."""
    found = {mark for model, _ in OFFICES for mark in told_by(operator.get(path_of(model)))}
    assert found == set(MARKS)
    for name in HIDDEN:
        assert operator.get(path_of(type(hidden[name]), "change", hidden[name].pk)).status_code == 200


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("name", HIDDEN)
def test_a_guessed_address_is_answered_as_one_of_nothing(desk, hidden, name, page):
    row, missing = hidden[name], 987_654
    answers = [desk("owner").get(path_of(type(row), page, pk)) for pk in (row.pk, missing)]
    seen = [(a.status_code, a.get("Location"), [str(m) for m in a.wsgi_request._messages]) for a in answers]
    assert str(seen[0]).replace(f"“{row.pk}”", f"“{missing}”") == str(seen[1])
    assert not told_by(answers[0])


@pytest.mark.parametrize("name", PARTLY)
def test_an_entry_with_one_side_in_sight_shows_that_side_alone(desk, hidden, name):
    answer = desk("owner").get(path_of(type(hidden[name]), "change", hidden[name].pk))
    assert answer.status_code == 200
    assert not told_by(answer)
    assert "a wallet of Adult" in answer.content.decode()


@pytest.mark.parametrize(("model", "office"), OFFICES, ids=NAMES)
def test_what_stands_in_an_address_asks_of_no_other_field(desk, hidden, model, office):
    """`?field=`, `?field__lookup=` and what lies behind it: only a list's own filters are taken."""
    olga = desk("owner")
    allowed = {*office.also_allowed, office.date_hierarchy}
    allowed |= {item[0] if isinstance(item, tuple) else item for item in office.list_filter if not callable(item)}
    for field in model._meta.get_fields(include_hidden=True):
        if field.name in allowed or getattr(field, "attname", None) in allowed:
            continue
        further = ["__id", "__name", "__family", "__isnull"] if field.is_relation else ["__gte", "__startswith"]
        for lookup in (field.name, *(field.name + more for more in further)):
            answer = asked(olga, path_of(model), {lookup: "1"})
            assert answer.status_code in {400, 403}, lookup


@pytest.mark.parametrize(("model", "office"), OFFICES, ids=NAMES)
def test_a_filter_offers_nothing_that_is_hidden_and_finds_nothing_by_it(desk, hidden, house, model, office):
    olga = desk("owner")
    for item in office.list_filter:
        name = item[0] if isinstance(item, tuple) else item
        keys = ["wallet"] if callable(item) else [f"{name}__exact", f"{name}__id__exact", name]
        for key in keys:
            for value in (
                hidden["wallet"].pk,
                hidden["foreign_wallet"].pk,
                hidden["foreign_family"].pk,
                "x",
                -1,
                2**70,
            ):
                assert not told_by(asked(olga, path_of(model), {key: value})), (key, value)


def test_the_filter_by_wallet_takes_a_hidden_one_for_none(desk, hidden):
    olga, path = desk("owner"), path_of(type(hidden["moved"]))
    for pk in (hidden["wallet"].pk, hidden["foreign_wallet"].pk, 987_654):
        assert "0 transactions" in olga.get(path, wallet=pk).content.decode()


def test_no_picker_completes_to_what_is_hidden(desk, hidden):
    """Django's autocomplete takes any pair of a model and its foreign key whose target can be searched."""
    olga, tried = desk("owner"), 0
    for model, _ in OFFICES:
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and not isinstance(field, ManyToManyField):
                for term in ("", PRIVATE, FOREIGN, "quagga"):
                    query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
                    answer = asked(olga, "/admin/autocomplete/", query | {"field_name": field.name, "term": term})
                    shown = re.sub(r'"term": "[^"]*"', "", answer.content.decode()).lower()
                    assert not [mark for mark in MARKS if mark in shown], (model, field.name, term)
                    tried += 1
    assert tried > 100


@pytest.mark.parametrize(("model", "office"), ACTING, ids=[model._meta.label_lower for model, _ in ACTING])
def test_no_action_reaches_what_is_hidden(desk, hidden, model, office):
    olga, before = desk("owner"), EventLog.objects.count()
    rows = [row for row in hidden.values() if isinstance(row, model)]
    rows = rows or [LoginThrottle.objects.create(kind="pair", key=PRIVATE, began_at=clock.now())]
    for act in office.acts:
        for row in rows if model._meta.model_name != "transaction" else [hidden["spent"], hidden["foreign_spent"]]:
            said = {"role": "adult", "email": "", "reason": "", f"version_{row.pk}": "1"}
            answer = olga.post(path_of(model), action=act.name, act="1", _selected_action=row.pk, **said)
            assert not told_by(answer)
            assert not told_by(olga.choose(path_of(model), act.name, row))
    assert EventLog.objects.count() == before


def test_the_shortcut_to_an_object_s_own_page_leads_nowhere(desk, hidden):
    from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

    kind = ContentType.objects.get_for_model(type(hidden["wallet"]))
    assert desk("owner").get(f"/admin/r/{kind.pk}/{hidden['wallet'].pk}/").status_code == 404


def test_events_tell_an_owner_what_the_api_tells(desk, hidden, house):
    olga = desk("owner")
    listed = olga.get("audit/eventlog/", entity_type="transaction", entity_id=hidden["exchanged"].pk)
    assert "transaction" in listed.content.decode()
    numbers = [row.pk for row in EventLog.objects.in_family(house.family.pk)]
    for pk in numbers:
        assert not told_by(olga.get(f"audit/eventlog/{pk}/change/"))
