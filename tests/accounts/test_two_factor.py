"""Turning two-factor authentication on and off, and what is asked for while it is on."""

import base64
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from accounts import services, totp
from accounts.models import BackupCode, LoginSession, TotpDevice
from audit.names import EventName
from financebot.common import clock
from financebot.common.errors import StepUpRequired
from financebot.common.usecase import unit_of_work
from tests.accounts.app import App, protect
from tests.accounts.tools import NEW_PASSWORD, events, log_in
from tests.conftest import person
from tests.factories import PASSWORD

pytestmark = [pytest.mark.usefixtures("frozen"), pytest.mark.django_db]


def enabled(someone):
    """Begun and confirmed over HTTP."""
    key = someone.http.post("/auth/2fa/enable").json()["secret"]
    app = App(someone.user, key, [])
    answer = someone.http.post("/auth/2fa/verify", code=app.code())
    assert answer.status_code == 200, answer.content
    return App(someone.user, key, answer.json()["backup_codes"])


def refused(answer, code="invalid_code"):
    return (answer.status_code, answer.json()["code"]) == ({"two_factor_on": 409}.get(code, 400), code)


# --- on


def test_a_key_is_given_as_text_as_an_address_and_as_a_picture(ann):
    answer = ann.http.post("/auth/2fa/enable")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"secret", "otpauth_uri", "qr_png"}
    assert len(base64.b32decode(body["secret"])) == 20
    uri = urlsplit(body["otpauth_uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/FinanceBot:ann%40example.org")
    asked = {name: value for name, [value] in parse_qs(uri.query).items()}
    assert asked == {
        "secret": body["secret"],
        "issuer": "FinanceBot",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }
    assert base64.b64decode(body["qr_png"]).startswith(b"\x89PNG\r\n")


def test_the_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, for SHA-1; our six digits are the last of its eight."""
    key = base64.b32encode(b"12345678901234567890").decode()
    vectors = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
    assert {second: totp.code_at(key, second // 30) for second in vectors} == vectors


def test_it_is_on_only_when_the_app_has_shown_a_code(ann):
    ann.http.post("/auth/2fa/enable")
    assert log_in("ann@example.org").status_code == 200
    assert [event.entity_id for event in events(EventName.TWO_FACTOR_BEGUN)] == [ann.user.pk]
    assert not events(EventName.TWO_FACTOR_ENABLED)


def test_the_first_code_turns_it_on_and_brings_ten_backup_codes(ann):
    app = enabled(ann)
    assert len(set(app.backup_codes)) == 10
    assert log_in("ann@example.org").status_code == 202
    assert [event.entity_id for event in events(EventName.TWO_FACTOR_ENABLED)] == [ann.user.pk]


def test_the_first_code_is_used_by_that(ann, frozen):
    app = enabled(ann)
    assert refused(app.enter(app.code()))
    frozen.shift(timedelta(seconds=30))
    assert app.enter(app.code()).status_code == 200


def test_a_wrong_first_code_turns_nothing_on_and_is_remembered(ann):
    key = ann.http.post("/auth/2fa/enable").json()["secret"]
    assert refused(ann.http.post("/auth/2fa/verify", code=App(ann.user, key, []).wrong()))
    assert len(events(EventName.TWO_FACTOR_FAILED)) == 1
    assert log_in("ann@example.org").status_code == 200


def test_a_first_code_without_a_key_is_wrong(ann):
    assert refused(ann.http.post("/auth/2fa/verify", code="000000"))


def test_to_begin_again_makes_another_key_and_the_former_one_useless(ann):
    first, second = (App(ann.user, ann.http.post("/auth/2fa/enable").json()["secret"], []) for _ in range(2))
    assert first.key != second.key
    assert refused(ann.http.post("/auth/2fa/verify", code=first.code()))
    assert ann.http.post("/auth/2fa/verify", code=second.code()).status_code == 200


def test_where_it_is_on_it_is_not_turned_on_again(ann, app):
    before = TotpDevice.objects.get().key
    assert refused(ann.http.post("/auth/2fa/enable"), "two_factor_on")
    assert refused(ann.http.post("/auth/2fa/verify", code=app.code()), "two_factor_on")
    assert TotpDevice.objects.get().key == before
    assert len(app.backup_codes) == BackupCode.objects.unused().count()


def test_a_key_is_given_for_a_fresh_proof_only(ann, frozen):
    http = ann.http
    frozen.shift(timedelta(minutes=10))
    answer = http.post("/auth/2fa/enable")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    with pytest.raises(StepUpRequired), unit_of_work():
        services.enable_two_factor(actor=replace(ann.actor, proof_age=timedelta(minutes=10)), key=totp.new_key())
    assert not TotpDevice.objects.exists()
    http.post("/auth/step-up", password=PASSWORD)
    assert http.post("/auth/2fa/enable").status_code == 200


# --- the log-in


def test_the_password_alone_brings_a_challenge_and_nothing_else(ann, app):
    before = LoginSession.objects.count()
    answer = log_in("ann@example.org")
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"two_factor_required", "challenge", "expires_in"}
    assert (body["two_factor_required"], body["expires_in"]) == (True, 300)
    assert LoginSession.objects.count() == before
    assert not events(EventName.LOGGED_IN)
    assert [event.entity_id for event in events(EventName.TWO_FACTOR_CHALLENGED)] == [ann.user.pk]


def test_a_wrong_password_is_answered_as_everybody_s(ann, app):
    answer = log_in("ann@example.org", "not this one at all")
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_the_code_opens_a_session_like_any_other(ann, app):
    answer = app.enter(app.code())
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "user_id", "device_id", "expires_in"}
    session = LoginSession.objects.latest("pk")
    assert (session.user_id, session.proof_at) == (ann.user.pk, clock.now())
    assert [event.entity_id for event in events(EventName.LOGGED_IN)] == [session.pk]
    assert [event.entity_id for event in events(EventName.DEVICE_ADDED)] == [session.pk]


@pytest.mark.parametrize(("steps", "status"), [(-2, 400), (-1, 200), (0, 200), (1, 200), (2, 400)])
def test_a_code_may_be_a_step_early_or_late(app, steps, status):
    assert app.enter(app.code(steps)).status_code == status


@pytest.mark.parametrize(("second", "status"), [(0, 200), (29, 200), (59, 200), (60, 400)])
def test_a_code_lasts_until_the_step_after_its_own_is_over(ann, second, status):
    start = clock.now().replace(second=0, microsecond=0)
    with time_machine.travel(start, tick=False) as time:
        app = protect(ann.user)
        code, challenge = app.code(), app.challenge()
        time.shift(timedelta(seconds=second))
        assert app.enter(code, challenge).status_code == status


def test_a_code_works_once(app):
    assert app.enter(app.code()).status_code == 200
    assert refused(app.enter(app.code()))


def test_after_a_code_of_the_next_step_those_before_it_are_used_too(app):
    assert app.enter(app.code(1)).status_code == 200
    assert refused(app.enter(app.code(0)))
    assert refused(app.enter(app.code(-1)))


def test_a_code_that_was_used_elsewhere_is_used(ann, app):
    assert ann.http.post("/auth/step-up", code=app.code()).status_code == 200
    assert refused(app.enter(app.code()))


@pytest.mark.parametrize("written", ["{0}{1}{2} {3}{4}{5}", " {0}{1}{2}{3}{4}{5} "])
def test_a_code_may_be_typed_with_spaces(app, written):
    assert app.enter(written.format(*app.code())).status_code == 200


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@pytest.mark.parametrize("spoil", [lambda c: c[:5], lambda c: c + "0", lambda c: "+" + c, lambda c: c[::-1] + "x"])
def test_what_is_like_the_code_is_not_the_code(app, spoil):
    assert refused(app.enter(spoil(app.code())))


def test_digits_of_another_script_are_not_the_code(app):
    assert refused(app.enter(app.code().translate(FULL_WIDTH)))


def test_a_code_is_its_own_person_s(ann, app):
    bob = protect(person(email="bob@example.org").user)
    assert refused(app.enter(bob.code()))
    assert refused(app.enter_by_paper(bob.backup_codes[0]))
    assert bob.enter(bob.code()).status_code == 200


def test_a_wrong_code_is_remembered_and_opens_nothing(ann, app):
    before = LoginSession.objects.count()
    assert refused(app.enter(app.wrong()))
    assert refused(app.enter_by_paper("0000-0000-0000-0000"))
    assert [event.entity_id for event in events(EventName.TWO_FACTOR_FAILED)] == [ann.user.pk] * 2
    assert LoginSession.objects.count() == before


# --- the paper


def test_a_backup_code_works_once(ann, app):
    first, second, *_ = app.backup_codes
    assert app.enter_by_paper(first).status_code == 200
    assert refused(app.enter_by_paper(first))
    assert app.enter_by_paper(second).status_code == 200
    assert [event.entity_id for event in events(EventName.BACKUP_CODE_USED)] == [ann.user.pk] * 2


@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: code.replace("0", "O").replace("1", "l"),
    ],
    ids=["small", "without dashes", "with spaces", "look-alikes"],
)
def test_a_backup_code_is_one_however_it_is_typed(app, typed):
    for code in app.backup_codes[:4]:
        assert app.enter_by_paper(typed(code)).status_code == 200


def test_either_call_takes_its_own_kind_of_code_alone(app):
    assert refused(app.enter(app.backup_codes[0]))
    assert refused(app.enter_by_paper(app.code()))


def test_new_backup_codes_are_the_end_of_the_old_ones(ann, app):
    answer = ann.http.post("/auth/2fa/backup-codes", password=PASSWORD, code=app.code())
    assert answer.status_code == 200
    new = answer.json()["backup_codes"]
    assert len(set(new)) == 10
    assert not set(new) & set(app.backup_codes)
    assert refused(app.enter_by_paper(app.backup_codes[0]))
    assert app.enter_by_paper(new[0]).status_code == 200
    assert len(events(EventName.BACKUP_CODES_MADE)) == 1


# --- off


def test_it_goes_for_the_password_and_a_code(ann, app):
    assert ann.http.post("/auth/2fa/disable", password=PASSWORD, code=app.code()).status_code == 204
    assert log_in("ann@example.org").status_code == 200
    assert not TotpDevice.objects.exists()
    assert not BackupCode.objects.exists()
    assert [event.entity_id for event in events(EventName.TWO_FACTOR_DISABLED)] == [ann.user.pk]


def test_who_has_lost_the_app_takes_it_away_by_a_backup_code(ann, app):
    answer = ann.http.post("/auth/2fa/disable", password=PASSWORD, code=app.backup_codes[3].lower())
    assert answer.status_code == 204


@pytest.mark.parametrize("call", ["disable", "backup-codes"])
def test_neither_password_nor_code_is_enough(ann, app, call):
    http, before = ann.http, list(BackupCode.objects.values_list("digest", flat=True))
    wrong = http.post(f"/auth/2fa/{call}", password="not this one at all", code=app.code())
    assert refused(wrong, "wrong_password")
    assert refused(http.post(f"/auth/2fa/{call}", password=PASSWORD, code=app.wrong()))
    assert len(events(EventName.TWO_FACTOR_FAILED)) == 2
    assert list(BackupCode.objects.values_list("digest", flat=True)) == before
    assert log_in("ann@example.org").status_code == 202


def test_a_wrong_password_does_not_use_up_the_code(ann, app):
    ann.http.post("/auth/2fa/disable", password="not this one at all", code=app.code())
    assert ann.http.post("/auth/2fa/disable", password=PASSWORD, code=app.code()).status_code == 204


@pytest.mark.parametrize("call", ["disable", "backup-codes"])
def test_a_used_code_is_not_enough(ann, app, call):
    app.enter(app.code())
    app.enter_by_paper(app.backup_codes[0])
    for code in (app.code(), app.backup_codes[0]):
        assert refused(ann.http.post(f"/auth/2fa/{call}", password=PASSWORD, code=code))


@pytest.mark.parametrize("call", ["disable", "backup-codes"])
def test_where_it_is_off_no_code_is_right(ann, call):
    assert refused(ann.http.post(f"/auth/2fa/{call}", password=PASSWORD, code="000000"))


def test_it_can_be_turned_on_again_with_another_key(ann, app):
    ann.http.post("/auth/2fa/disable", password=PASSWORD, code=app.code())
    again = enabled(ann)
    assert again.key != app.key
    assert refused(again.enter(app.code(1)))
    assert again.enter(again.code(1)).status_code == 200


# --- once more


def test_a_code_is_a_fresh_proof(ann, app, frozen):
    http = ann.http
    frozen.shift(timedelta(minutes=10))
    answer = http.post("/auth/step-up", code=app.code())
    assert (answer.status_code, list(answer.json())) == (200, ["valid_until"])
    session = LoginSession.objects.get(pk=ann.session.pk)
    assert session.proof_at == clock.now()
    assert [event.entity_id for event in events(EventName.STEPPED_UP)] == [session.pk]


def test_the_password_is_one_too(ann, app):
    assert ann.http.post("/auth/step-up", password=PASSWORD).status_code == 200


@pytest.mark.parametrize("kind", ["wrong", "used", "of the paper"])
def test_a_code_that_is_not_right_proves_nothing(ann, app, frozen, kind):
    app.enter(app.code())
    code = {"wrong": app.wrong(), "used": app.code(), "of the paper": app.backup_codes[0]}[kind]
    before = LoginSession.objects.get(pk=ann.session.pk).proof_at
    frozen.shift(timedelta(seconds=1))
    assert refused(ann.http.post("/auth/step-up", code=code))
    assert LoginSession.objects.get(pk=ann.session.pk).proof_at == before
    assert [event.entity_id for event in events(EventName.STEP_UP_FAILED)] == [ann.session.pk]


def test_where_it_is_off_a_code_proves_nothing(ann):
    ann.http.post("/auth/2fa/enable")
    code = App(ann.user, TotpDevice.objects.get().key, []).code()
    assert refused(ann.http.post("/auth/step-up", code=code))


def test_either_a_password_or_a_code_is_sent(ann, app):
    for body in ({}, {"password": PASSWORD, "code": app.code()}):
        assert refused(ann.http.post("/auth/step-up", **body), "invalid")


def test_a_new_password_leaves_it_on(ann, app):
    ann.http.post("/auth/password/change", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert log_in("ann@example.org", NEW_PASSWORD).status_code == 202
