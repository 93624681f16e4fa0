"""GET /transactions by words: `search`, `payee` and `tag` find in any case and script, and nothing that is hidden."""

from importlib import import_module
from urllib.parse import urlencode

import pytest
from django.apps import apps

from ledger.models import Payee, Tag, Transaction, Wallet


@pytest.fixture
def http(house):
    return house.owner.http


def ids(http, **query):
    answer = http.get(f"/transactions?{urlencode(query)}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def told(entry):
    return entry.transaction.pk


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Äpfel", "ÄPFEL"),
        ("Äpfel", "A\u0308PFEL"),
        ("A\u0308pfel", "äpfel"),
        ("ёлка", "ЁЛКА"),
        ("Straße 7", "STRASSE"),
        ("STRASSE", "straße"),
        ("ısırgan", "ISIRGAN"),
        ("İSTANBUL", "istanbul"),
        ("ΟΔΟΣ", "οδοσ"),
        ("お寿司", "寿"),
        ("Äpfel", "pfe"),
    ],
)
@pytest.mark.parametrize("where", ["description", "notes", "payee", "tags"])
def test_words_are_found_in_any_case_and_script_wherever_they_stand(house, http, where, written, asked):
    found = told(house.spend("1", **{where: (written,) if where == "tags" else f"{written}!"}))
    house.spend("1", description="Something else")
    assert ids(http, search=asked) == [found]


@pytest.mark.parametrize("where", ["payee", "tag"])
@pytest.mark.parametrize(
    ("written", "asked"),
    [("Äpfel", "ÄPFEL"), ("Äpfel", "a\u0308pfel"), ("Ёлка", "ЁЛКА"), ("Straße", "STRASSE"), ("ışık", "IŞIK")],
)
def test_a_payee_and_a_tag_are_found_as_a_whole_however_they_are_written(house, http, where, written, asked):
    def spend(name):
        return told(house.spend("1", **({"payee": name} if where == "payee" else {"tags": (name, "other")})))

    one, other = spend(written), spend(written.upper())
    spend(f"{written} and more")
    house.spend("1", description=written)
    assert set(ids(http, **{where: asked})) == {one, other}


@pytest.mark.parametrize("asked", ["%", "_", "\\", "50%", "a_b", "c\\d", "'", '"', "\\%", "%%"])
@pytest.mark.parametrize("name", ["search", "payee", "tag"])
def test_signs_stand_for_themselves(house, http, name, asked):
    texts = [
        "50% off",
        "a_b",
        "c\\d",
        "it's",
        'a "word"',
        "500 off",
        "axb",
        "cxd",
        "\\%",
        "%%",
        "%",
        "_",
        "\\",
        "'",
        '"',
    ]
    entries = {
        told(
            house.spend("1", **({"description": text} if name == "search" else {"payee": text, "tags": (text,)}))
        ): text
        for text in texts
    }
    fits = {pk for pk, text in entries.items() if (asked in text if name == "search" else asked == text)}
    assert set(ids(http, **{name: asked})) == fits


def test_a_search_finds_entries_with_all_its_words_in_any_order_and_place(house, http):
    both = told(house.spend("1", description="Fresh milk", payee="Lidl"))
    house.spend("1", description="Fresh bread", payee="Lidl")
    house.spend("1", description="Fresh milk", payee="Aldi")
    assert ids(http, search="  LIDL   milk ") == [both]
    assert ids(http, search="milk lidl bread") == []


@pytest.mark.parametrize("name", ["search", "payee", "tag"])
@pytest.mark.parametrize("value", ["", "  ", "x" * 201, "a\0b"])
def test_what_cannot_be_looked_for_is_refused(house, http, name, value):
    answer = http.get(f"/transactions?{urlencode({name: value})}")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {name}


def test_filters_by_words_go_together_with_the_others_and_with_pages(house, http):
    found = [told(house.spend("1", payee="Lidl", tags=("food",), description=f"Milk {n}")) for n in range(3)]
    house.spend("2", payee="Lidl", tags=("food",), description="Milk")
    house.earn("1", payee="Lidl", tags=("food",), description="Milk")
    query = {"payee": "LIDL", "tag": "Food", "search": "milk", "type": "expense", "amount_max": "1", "page_size": 2}
    page = http.get(f"/transactions?{urlencode(query)}").json()
    rest = http.get(page["next"].removeprefix("http://testserver/api/v1")).json()
    assert [row["id"] for row in page["results"] + rest["results"]] == found[::-1]
    assert rest["next"] is None


WORDS = {"description": "Ring", "notes": "for Olga", "payee": "Jeweller", "tags": ("surprise",)}
ASKED = [{"search": "ring"}, {"search": "olga"}, {"search": "jewel"}, {"payee": "jeweller"}, {"tag": "surprise"}]


@pytest.mark.parametrize("visibility", ["private", "balance_only"])
@pytest.mark.parametrize("asked", ASKED)
def test_words_of_an_entry_on_a_hidden_wallet_find_it_for_its_holder_alone(house, http, visibility, asked):
    Wallet.objects.filter(pk=house.wallets["secret"].pk).update(visibility=visibility)
    hidden = told(house.spend("1", "secret", by="adult", **WORDS))
    assert ids(http, **asked) == []
    assert ids(house.member.http, **asked) == []
    assert ids(house.adult.http, **asked) == [hidden]


@pytest.mark.parametrize("asked", ASKED)
def test_words_of_a_draft_find_it_for_its_author_alone(house, http, asked):
    draft = told(house.spend("1", by="adult", later=True, **WORDS))
    assert ids(http, **asked) == []
    assert ids(house.adult.http, **asked) == [draft]


@pytest.mark.parametrize("asked", ASKED)
def test_words_of_entries_out_of_reach_find_nothing(house, asked):
    """A child sees what is theirs, a member also what is the family's."""
    house.spend("1", "anns", by="adult", **WORDS)
    mine = told(house.earn("1", "pocket", **WORDS))
    assert ids(house.child.http, **asked) == [mine]
    assert ids(house.member.http, **asked) == []


@pytest.mark.parametrize("asked", ASKED)
def test_words_of_another_family_find_nothing(house, asked):
    house.spend("1", **WORDS)
    assert ids(house.stranger.http, **asked) == []


@pytest.mark.parametrize("asked", [{"search": "secret"}, {"search": "adult"}, {"search": "private"}])
def test_neither_a_hidden_side_nor_its_holder_is_found_by_name(house, http, asked):
    house.move("1", "cash", "secret", by="adult")
    house.move("1", "secret", "cash", by="adult")
    assert ids(http, **asked) == []


def test_a_shared_entry_is_not_found_by_how_a_hidden_one_writes_its_payee(house, http):
    house.spend("1", "secret", by="adult", payee="Lidl at night", tags=("Lidl at night",))
    shown = told(house.spend("1", payee="LIDL", tags=("LIDL",)))
    for asked in ({"search": "night"}, {"payee": "lidl at night"}, {"tag": "lidl at night"}):
        assert ids(http, **asked) == []
    for asked in ({"search": "lidl"}, {"payee": "lidl"}, {"tag": "lidl"}):
        assert ids(http, **asked) == [shown]


def test_what_is_said_anew_is_found_by_the_new_words_alone(house, http):
    entry = told(house.spend("1", **WORDS))
    words = {"description": "Bracelet", "notes": "", "payee": "Goldsmith", "tags": ["gift"]}
    assert http.patch(f"/transactions/{entry}", **words).status_code == 200
    assert [ids(http, **asked) for asked in ASKED] == [[]] * len(ASKED)
    for asked in ({"search": "goldSMITH gift bracelet"}, {"payee": "GOLDSMITH"}, {"tag": "GIFT"}):
        assert ids(http, **asked) == [entry]


def test_a_replacement_is_found_by_the_words_it_inherits(house, http):
    entry = told(house.spend("1", **WORDS))
    replacement = http.patch(f"/transactions/{entry}", amount="2").json()["id"]
    assert [ids(http, **asked) for asked in ASKED] == [[replacement]] * len(ASKED)


def test_what_was_folded_by_case_alone_is_found_after_the_migration(house, http):
    text = "IŞIK A\u0308pfel"
    entry = told(house.spend("1", description=text, payee=text, tags=(text,)))
    kept = told(house.spend("1", description="Milk", payee="Milk", tags=("Milk",)))
    for model, field in ((Payee, "folded"), (Tag, "folded"), (Transaction, "search")):
        model.objects.exclude(**{f"{field}__contains": "milk"}).update(**{field: text.casefold()})
    asked = [{name: "ışık äpfel"} for name in ("search", "payee", "tag")]
    assert [ids(http, **query) for query in asked] == [[]] * 3
    import_module("ledger.migrations.0005_search").fold_anew(apps, None)
    assert [ids(http, **query) for query in asked] == [[entry]] * 3
    assert ids(http, search="milk") == [kept]
