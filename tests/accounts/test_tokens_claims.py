"""What an access token says, and that only one of ours, for this and still standing, opens anything."""

from datetime import timedelta

import jwt
import pytest
import time_machine

from accounts.tokens import pair
from financebot.common import clock
from tests.accounts.tools import claims_of, signed, without
from tests.conftest import person
from tests.http import Http

pytestmark = pytest.mark.django_db


def open_with(token, path="/users/me"):
    return Http(token).get(path)


def test_the_claims_are_these_and_no_more(ann):
    claims = claims_of(pair(ann.session).access_token)
    assert set(claims) == {"iss", "aud", "typ", "sub", "sid", "jti", "iat", "exp", "scope", "family_ids"}
    assert (claims["iss"], claims["aud"], claims["typ"]) == ("financebot", "financebot-api", "access")
    assert (claims["sub"], claims["sid"], claims["scope"]) == (str(ann.user.pk), ann.session.pk, "")
    assert claims["exp"] - claims["iat"] == 900


def test_a_refresh_token_tells_the_session_and_its_turn(ann):
    claims = claims_of(pair(ann.session).refresh_token)
    assert set(claims) == {"iss", "aud", "typ", "sub", "sid", "n", "jti", "iat", "exp"}
    assert (claims["typ"], claims["sid"], claims["n"]) == ("refresh", ann.session.pk, 0)


def test_every_access_token_has_a_name_of_its_own(ann):
    assert len({claims_of(pair(ann.session).access_token)["jti"] for _ in range(20)}) == 20


def test_tokens_are_signed_with_hs256(ann):
    assert {
        jwt.get_unverified_header(t)["alg"] for t in (pair(ann.session).access_token, pair(ann.session).refresh_token)
    } == {"HS256"}


@pytest.mark.parametrize(
    ("name", "at_home"),
    [
        ("owner", True),
        ("child", True),
        ("reader", True),
        ("suspended", False),
        ("removed", False),
        ("stranger", False),
    ],
)
def test_the_families_in_a_token_are_those_one_is_active_in(house, name, at_home):
    found = claims_of(pair(house.people[name].session).access_token)["family_ids"]
    assert (house.family.pk in found) is at_home


def test_the_families_in_a_token_open_nothing(house):
    claims = claims_of(pair(house.stranger.session).access_token) | {"family_ids": [house.family.pk]}
    assert open_with(signed(claims), f"/families/{house.family.pk}").status_code == 404


@pytest.mark.parametrize(("age", "status"), [(0, 200), (899, 200), (900, 401), (901, 401)])
def test_an_access_token_lives_for_fifteen_minutes(ann, age, status):
    with time_machine.travel(clock.now().replace(microsecond=0), tick=False) as traveller:
        token = pair(ann.session).access_token
        traveller.shift(timedelta(seconds=age))
        assert open_with(token).status_code == status


def test_a_token_signed_by_us_with_these_claims_opens(ann):
    assert open_with(signed(claims_of(pair(ann.session).access_token))).status_code == 200


def forgeries():
    other = {"key": "x" * 64}
    yield "another key", lambda c: signed(c, **other)
    yield "no key", lambda c: signed(c, algorithm="none")
    yield "another algorithm", lambda c: signed(c, algorithm="HS512")
    yield "its own key in jwk", lambda c: signed(c, **other, jwk={"kty": "oct", "k": "eHh4"})
    yield "its own key at jku", lambda c: signed(c, **other, jku="https://example.org/keys")
    yield "its own key at x5u", lambda c: signed(c, **other, x5u="https://example.org/keys")
    yield "a key by its path", lambda c: signed(c, **other, kid="../../dev/null")
    yield "something critical", lambda c: signed(c, crit=["made-up"], **{"made-up": 1})
    yield "cut", lambda c: signed(c)[:-2]
    yield "signature left out", lambda c: signed(c).rpartition(".")[0] + "."
    for name, value in {"aud": "other", "iss": "other", "typ": "refresh", "exp": 1, "sub": 5}.items():
        yield f"{name} {value}", lambda c, name=name, value=value: signed(c | {name: value})
    for name in ("aud", "iss", "typ", "exp", "sid", "sub", "jti"):
        yield f"without {name}", lambda c, name=name: signed(without(c, name))
    for name in ("sid", "sub"):
        for value in ("abc", "", [], {}, "-1", "0", str(2**63), str(2**70), "9" * 5000, "1e3", "Infinity"):
            yield f"{name} {str(value)[:9]}", lambda c, name=name, value=value: signed(c | {name: value})
    for value in (None, -1, 0, 2**63, 2**70, float("inf"), float("nan")):
        yield f"sid as {value}", lambda c, value=value: signed(c | {"sid": value})


FORGERIES = dict(forgeries())


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_access_token_opens_nothing(ann, forge):
    answer = open_with(forge(claims_of(pair(ann.session).access_token)))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_a_session_opens_for_its_own_person_alone(ann):
    eve = person()
    claims = claims_of(pair(ann.session).access_token)
    assert open_with(signed(claims | {"sub": str(eve.user.pk)})).status_code == 401
    assert open_with(signed(claims | {"sid": eve.session.pk})).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "bearer x", "x", "Bearer \xe9"]
)
def test_what_is_no_bearer_token_opens_nothing(ann, header):
    answer = Http().get("/users/me", Authorization=header)
    assert answer.status_code == 401
    assert answer.json()["code"] in {"invalid_token", "not_authenticated"}
