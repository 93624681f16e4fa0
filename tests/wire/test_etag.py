"""`version`, ETag and If-Match: nobody overwrites what they have not seen."""

import pytest

from tests.conftest import build_house
from tests.wire.tools import problem

pytestmark = pytest.mark.django_db


class Editable:
    """An object that is edited: where, how it is read, what a change of it is."""

    def __init__(self, house, name):
        family, member = f"/families/{house.family.pk}", house.adult.membership.pk
        wallet = f"/wallets/{house.wallets['cash'].pk}"
        self.http = house.owner.http
        self.method, self.path, self.fields = {
            "me": ("patch", "/users/me", ("first_name", "Aa", "Bb")),
            "family": ("patch", family, ("name", "Aa", "Bb")),
            "member": ("patch", f"{family}/members/{member}", ("spending_limit", "1.00", "2.00")),
            "wallet": ("patch", wallet, ("name", "Aa", "Bb")),
            "wallet by PUT": ("put", wallet, ("name", "Aa", "Bb")),
            "category": ("patch", f"/categories/{house.categories['income'].pk}", ("name", "Aa", "Bb")),
            "transaction": ("patch", "/transactions/{}", ("description", "Aa", "Bb")),
        }[name]
        if name == "transaction":
            self.path = self.path.format(house.spend("5.00").transaction.pk)
        self.members = f"{family}/members" if name == "member" else None

    def edit(self, second=False, **headers):
        name, one, two = self.fields
        return self.http.call(self.method, self.path, {name: two if second else one}, headers)

    def seen(self):
        if self.members:
            rows = self.http.get(self.members).json()["results"]
            return next(row for row in rows if self.path.endswith(f"/{row['id']}"))
        return {k: v for k, v in self.http.get(self.path).json().items() if k != "history"}


NAMES = ["me", "family", "member", "wallet", "wallet by PUT", "category", "transaction"]


@pytest.fixture(params=NAMES)
def editable(house, request):
    return Editable(house, request.param)


def test_an_edit_counts_the_version_and_the_etag_says_it(editable):
    version = editable.seen()["version"]
    answer = editable.edit()
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["version"], answer.headers["ETag"]) == (version + 1, f'"v{version + 1}"')
    assert editable.seen()["version"] == version + 1


def test_the_version_that_was_seen_may_be_changed(editable):
    etag = editable.edit().headers["ETag"]
    answer = editable.edit(second=True, **{"If-Match": etag})
    assert answer.status_code == 200
    assert answer.json()[editable.fields[0]] == editable.fields[2]


def test_a_version_that_is_gone_is_refused_and_nothing_changes(editable):
    version = editable.seen()["version"]
    editable.edit()
    before = editable.seen()
    problem(editable.edit(second=True, **{"If-Match": f'"v{version}"'}), 412, "precondition_failed")
    assert editable.seen() == before


@pytest.mark.parametrize("given", ["*", " * "])
def test_a_star_means_whatever_it_is(editable, given):
    editable.edit()
    assert editable.edit(second=True, **{"If-Match": given}).status_code == 200


GARBAGE = [
    "",
    "1",
    "v2",
    '"2"',
    '"v"',
    '"v-1"',
    '"v02x"',
    'W/"v2"',
    '"v1", "v2"',
    '"v99999999999999999999"',
    '"v²"',
    "\x00",
    '"v2',
]


@pytest.mark.parametrize("given", GARBAGE)
def test_what_is_no_version_of_ours_is_refused_and_nothing_changes(house, given):
    wallet = Editable(house, "wallet")
    assert wallet.edit().headers["ETag"] == '"v2"'
    before = wallet.seen()
    problem(wallet.edit(second=True, **{"If-Match": given}), 412, "precondition_failed")
    assert wallet.seen() == before


@pytest.mark.parametrize("name", ["me", "family", "wallet", "transaction"])
def test_a_read_tells_the_version(house, name):
    editable = Editable(house, name)
    answer = editable.http.get(editable.path)
    assert answer.headers["ETag"] == f'"v{answer.json()["version"]}"'


@pytest.mark.parametrize("path", ["/wallets", "/transactions", "/families", "/categories", "/auth/sessions"])
def test_a_list_has_no_version(house, path):
    house.spend("5.00")
    answer = house.owner.http.get(path)
    assert answer.status_code == 200
    assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/families", {"name": "Two", "base_currency": "EUR"}),
        ("/wallets", {"name": "Two", "type": "cash"}),
        ("/categories", {"name": "Two", "kind": "expense"}),
        ("/transactions", {"amount": "5.00"}),
    ],
)
def test_what_is_new_is_version_one(house, path, body):
    if path == "/transactions":
        body = body | {"from_wallet_id": house.wallets["cash"].pk}
    answer = house.owner.http.post(path, **body)
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["version"], answer.headers["ETag"]) == (1, '"v1"')


def test_of_two_who_saw_the_same_the_second_is_refused(house):
    path = f"/wallets/{house.wallets['cash'].pk}"
    owner, adult = house.owner.http, house.adult.http
    etag = owner.get(path).headers["ETag"]
    assert owner.patch(path, headers={"If-Match": etag}, name="Olga's").status_code == 200
    problem(adult.patch(path, headers={"If-Match": etag}, name="Ann's"), 412, "precondition_failed")
    assert owner.get(path).json()["name"] == "Olga's"


@pytest.mark.postgres
def test_of_ten_at_once_who_saw_the_same_one_changes_it(threads):
    house = build_house()
    path = f"/wallets/{house.wallets['cash'].pk}"
    clients = [house.owner.http for _ in range(10)]
    works = [
        lambda i=i, http=http: http.patch(path, headers={"If-Match": '"v1"'}, name=f"Cash {i}")
        for i, http in enumerate(clients)
    ]
    statuses = [answer.status_code for answer in threads(works)]
    assert sorted(statuses) == [200] + [412] * 9
    assert house.owner.http.get(path).json()["name"] == f"Cash {statuses.index(200)}"
