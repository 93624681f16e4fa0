"""No secret stands where it does not belong: in logs, mail, refusals, the database, the cache or the broker's files."""

import pytest

from tests.security.planted import SETTINGS, Secret, running, spend

pytestmark = [pytest.mark.once, pytest.mark.no_cover]


@pytest.mark.long
def test_after_a_day_of_every_secret_none_is_written_down(installation):
    with running(installation) as day:
        spend(day)
    places = day.places()
    assert all(places[place] for place in ("database", "log", "mail", "refusals"))
    found = [
        f"{secret.kind} in the {place}: {secret.text}"
        for secret in day.secrets
        for place, content in places.items()
        if place not in secret.may and secret.is_in(content)
    ]
    assert found == []
    assert set(SETTINGS) < {secret.kind for secret in day.secrets}
    assert (len(day.secrets) > 30, {400, 401, 403, 404, 500} <= day.statuses) == (True, True)
    for secret in day.secrets:
        assert all(secret.is_in(places[place]) for place in secret.may), f"{secret.kind} was never used"


@pytest.mark.parametrize(
    "place",
    [b"x planted/one two y", b"planted%2Fone%20two", b"706c616e7465642f6f6e652074776f", b"cGxhbnRlZC9vbmUgdHdv"],
)
def test_a_secret_is_found_however_it_is_written(place):
    assert Secret("", "planted/one two").is_in(place)


def test_a_code_is_found_by_itself_and_not_in_other_numbers():
    code = Secret("", "271828")
    assert [code.is_in(place) for place in (b"code 271828.", b'"271828"', b"1271828", b"0.271828")] == [
        True,
        True,
        False,
        False,
    ]
