"""Where the links of letters lead: a GET changes nothing, a button does, and the address is told to nobody."""

import pytest
from django.core.cache import caches
from django.test import Client

from accounts import mailed
from accounts.models import CodePurpose, OneTimeCode, User
from tests.accounts.tools import NEW_PASSWORD, REFUSED_PASSWORDS, log_in
from tests.conftest import person
from tests.factories import PASSWORD
from tests.security.scene import contents

pytestmark = pytest.mark.django_db

PAGES = {
    "/auth/password/reset": CodePurpose.PASSWORD_RESET,
    "/auth/email/verify": CodePurpose.EMAIL_VERIFICATION,
    "/auth/not-me": CodePurpose.NOT_ME,
}
each_page = pytest.mark.parametrize("path", PAGES)


def token_for(path, ann):
    return mailed.make(PAGES[path], ann.user)


def press(path, token, **fields):
    return Client(enforce_csrf_checks=True).post(path, {"token": token, **fields})


@each_page
def test_programs_that_follow_links_change_nothing(client, ann, path):
    token = token_for(path, ann)
    before = contents()
    answers = [getattr(client, method)(f"{path}?token={token}") for method in ("get", "head", "options", "get")]
    assert {answer.status_code for answer in answers} == {200}
    assert contents() == before


@each_page
def test_a_page_is_told_to_nobody_and_kept_by_nobody(client, ann, path):
    for answer in (client.get(f"{path}?token={token_for(path, ann)}"), press(path, "wrong")):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "<script" not in answer.content.decode()


@each_page
def test_the_button_does_it_once_as_browsers_send_it(ann, path):
    """Without a referrer, so without an origin; without a cookie."""
    token, fields = token_for(path, ann), {"new_password": NEW_PASSWORD}
    done = Client(enforce_csrf_checks=True).post(path, {"token": token, **fields}, headers={"Origin": "null"})
    assert 'role="status"' in done.content.decode()
    assert "<form" not in done.content.decode()
    assert OneTimeCode.objects.get().used_at is not None
    again = press(path, token, **fields)
    assert 'role="alert"' in again.content.decode()
    assert "This code is wrong, used or no longer valid." in again.content.decode()


def test_the_form_carries_the_token_and_leaves_the_address(client, ann):
    token = token_for("/auth/password/reset", ann)
    page = client.get(f"/auth/password/reset?token={token}").content.decode()
    assert f'name="token" value="{token}"' in page
    assert 'action="/auth/password/reset"' in page
    assert 'autocomplete="new-password"' in page


def test_a_token_is_shown_as_text_whatever_it_holds(client):
    page = client.get("/auth/not-me", {"token": '"><script>alert(1)</script>'}).content.decode()
    assert "<script" not in page


def test_a_new_password_is_set_and_nobody_is_logged_in(ann):
    token = token_for("/auth/password/reset", ann)
    answer = press("/auth/password/reset", token, new_password=NEW_PASSWORD)
    assert not answer.cookies
    assert [log_in("ann@example.org", word).status_code for word in (PASSWORD, NEW_PASSWORD)] == [401, 200]


@pytest.mark.parametrize("new", REFUSED_PASSWORDS.values(), ids=REFUSED_PASSWORDS.keys())
def test_a_weak_password_is_refused_on_the_page_and_not_shown_again(new):
    ann = person(email="annemarie.huber@example.org", first_name="Annemarie", last_name="Huberhuber")
    token = token_for("/auth/password/reset", ann)
    page = press("/auth/password/reset", token, new_password=new).content.decode()
    assert 'class="error"' in page
    assert not new or new not in page
    assert User.objects.get(pk=ann.user.pk).password == ann.user.password


@each_page
@pytest.mark.parametrize("token", ["", "x" * 201, "\x00", "A" * 32])
def test_what_is_no_token_gets_the_page_again(path, token):
    answer = press(path, token, new_password=NEW_PASSWORD)
    assert (answer.status_code, 'class="error"' in answer.content.decode()) == (200, True)


@each_page
def test_a_page_without_a_token_is_a_page(client, path):
    assert client.get(path).status_code == 200


def test_a_network_has_thirty_tries_a_minute(settings, frozen):
    settings.RATE_LIMITS = True
    caches["default"].clear()
    assert {press("/auth/not-me", "wrong").status_code for _ in range(30)} == {200}
    answer = press("/auth/not-me", "wrong")
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (429, True)
    caches["default"].clear()
