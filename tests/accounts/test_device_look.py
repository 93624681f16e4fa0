"""A device that comes with another program or language than before: its id may have been copied, so it is told."""

import pytest

from accounts.models import Device, LoginSession
from accounts.rules import look
from audit.names import EventName
from tests.accounts.test_oauth import Browser, known, provider  # noqa: F401 - a fixture
from tests.accounts.tools import events, log_in
from tests.conftest import person
from tests.delivery.helpers import deliver
from tests.factories import PASSWORD
from tests.http import Http

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{0}) Gecko/20100101 Firefox/{0}"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/{}"
ANDROID = "Mozilla/5.0 (Linux; Android {}; SM-A536B Build/{}) AppleWebKit/537.36 Chrome/{} Mobile Safari/537.36"
HOME = {"User-Agent": CHROME.format("120.0.0.0"), "Accept-Language": "en-US,en;q=0.9"}
UPDATED = {"User-Agent": CHROME.format("131.0.6778.85"), "Accept-Language": "en-GB,en;q=0.9,fr;q=0.2"}
ELSEWHERE = {
    "another program": {**HOME, "User-Agent": FIREFOX.format("128.0")},
    "another system": {**HOME, "User-Agent": HOME["User-Agent"].replace("X11; Linux x86_64", "Windows NT 10.0")},
    "another language": {**HOME, "Accept-Language": "ru,en;q=0.5"},
    "a program that does not say": {"Accept-Language": "en"},
}


@pytest.fixture
def ann():
    return person(email="ann@example.org")


def entered(headers, device_id=""):
    answer = log_in("ann@example.org", **headers, **({"X-Device-Id": device_id} if device_id else {}))
    assert answer.status_code == 200, answer.content
    return answer.json()


def refreshed(told, headers):
    answer = Http().post("/auth/refresh", headers=headers, refresh_token=told["refresh_token"])
    assert answer.status_code == 200, answer.content
    return answer.json()


def is_fresh(told):
    answer = Http(told["access_token"]).post("/auth/2fa/enable")
    assert answer.status_code == 200 or answer.json()["code"] == "step_up_required"
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CHROME.format("120.0.0.0"), CHROME.format("131.0.6778.85")),
        (FIREFOX.format("115.0"), FIREFOX.format("128.0")),
        (IPHONE.format("17_2_1", "15E148"), IPHONE.format("18_0", "22A3354")),
        (
            ANDROID.format("13", "TP1A.220624.014", "119.0.6045.66"),
            ANDROID.format("14", "UP1A.231005.007", "131.0.0.0"),
        ),
        ("financebot-app/1.2.3", "financebot-app/2.0"),
    ],
)
def test_an_update_looks_the_same(before, after):
    assert look(before, "en-US,en;q=0.9") == look(after, "en;q=0.8,de")


@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
def test_another_program_system_or_language_looks_different(headers):
    assert look(headers.get("User-Agent", ""), headers["Accept-Language"]) != look(*HOME.values())


@pytest.mark.parametrize("headers", [HOME, UPDATED], ids=["the same", "updated"])
def test_a_device_that_comes_as_before_is_told_nothing_of(ann, headers):
    first = entered(HOME)
    assert is_fresh(entered(headers, first["device_id"]))
    assert is_fresh(refreshed(first, headers))
    assert not events(EventName.DEVICE_CHANGED)


@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_log_in_by_a_device_that_looks_different_is_told_by_mail_and_its_proof_is_old(ann, headers):
    device_id = entered(HOME)["device_id"]
    deliver()
    told = entered(headers, device_id)
    assert not is_fresh(told)
    assert Http(told["access_token"]).post("/auth/step-up", password=PASSWORD).status_code == 200
    assert is_fresh(told)
    session = LoginSession.objects.latest("pk")
    [event] = events(EventName.DEVICE_CHANGED)
    assert (event.entity_id, event.changes) == (session.pk, {"user_id": [None, ann.user.pk]})
    assert [letter.subject for letter in deliver()] == ["A device of yours looks different"]
    assert Device.objects.count() == 1


@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_refresh_by_a_device_that_looks_different_makes_the_proof_an_old_one(ann, headers):
    told = entered(HOME)
    assert is_fresh(told)
    assert not is_fresh(refreshed(told, headers))
    session = LoginSession.objects.exclude(device=None).get()
    assert [event.entity_id for event in events(EventName.DEVICE_CHANGED)] == [session.pk]


def test_it_is_told_once(ann):
    told = entered(HOME)
    for _ in range(3):
        told |= refreshed(told, ELSEWHERE["another program"])
    entered(ELSEWHERE["another program"], told["device_id"])
    assert len(events(EventName.DEVICE_CHANGED)) == 1


def test_a_step_up_is_not_undone_by_the_next_refresh(ann):
    told = entered(HOME)
    told |= refreshed(told, ELSEWHERE["another program"])
    assert Http(told["access_token"]).post("/auth/step-up", password=PASSWORD).status_code == 200
    assert is_fresh(refreshed(told, ELSEWHERE["another program"]))


def test_a_device_from_before_looks_were_kept_is_told_nothing_of(ann):
    device_id = entered(HOME)["device_id"]
    Device.objects.update(look="")
    assert is_fresh(entered(ELSEWHERE["another program"], device_id))
    assert not events(EventName.DEVICE_CHANGED)


def test_a_device_is_looked_at_for_each_account_by_itself(ann):
    device_id = entered(HOME)["device_id"]
    person(email="ben@example.org")
    answer = log_in("ben@example.org", **ELSEWHERE["another program"], **{"X-Device-Id": device_id})
    assert answer.json()["device_id"] == device_id
    assert not events(EventName.DEVICE_CHANGED)


def test_a_log_in_by_a_provider_looks_too(provider):  # noqa: F811
    known()
    browser = Browser({"accept": "text/html", **HOME})
    assert browser.enter().status_code == 302
    browser.headers = {"accept": "text/html", **ELSEWHERE["another program"]}
    assert browser.enter().status_code == 302
    assert len(events(EventName.DEVICE_CHANGED)) == 1
