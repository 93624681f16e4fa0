"""EMAIL_URL: read strictly, and letters by a mail server that may be away or refuse."""

import email
import logging
from datetime import timedelta
from email import policy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.mail.utils import DNS_NAME

from delivery.outbox import deliver_once
from financebot.common import clock, env
from tests.delivery.helpers import ask, relay, states
from tests.delivery.smtp import MailServer

USER, PASSWORD = "ledger", "p@ss/wörd:1"


@pytest.fixture
def server():
    found = MailServer()
    yield found
    found.close()


@pytest.fixture
def smtp(server, settings, monkeypatch):
    monkeypatch.setattr(DNS_NAME, "_fqdn", "here.invalid", raising=False)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, "secret word"
    return server


def deliver_all():
    relay()
    while deliver_once():
        pass


@pytest.mark.django_db
def test_letters_leave_by_the_mail_server_with_text_and_markup(house, smtp):
    ask(house, description="Fahrrad für Zoë")
    deliver_all()
    assert states() == ["sent"] * 2
    assert smtp.log_ins == [[USER, "secret word"]] * 2
    letter = email.message_from_bytes(smtp.letters[0], policy=policy.default)
    assert letter["To"] == house.owner.user.email
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert all("Fahrrad für Zoë" in part.get_content() for part in letter.iter_parts())


@pytest.mark.django_db
@pytest.mark.parametrize("refusal", ["451 later", "550 no such user"])
def test_a_mail_server_that_refuses_delays_and_loses_nothing(house, smtp, time_machine, caplog, refusal):
    caplog.set_level(logging.DEBUG)
    time_machine.move_to(clock.now(), tick=False)
    smtp.refusal = refusal
    ask(house)
    deliver_all()
    assert (states(), smtp.letters) == (["waiting"] * 2, [])
    smtp.refusal = ""
    time_machine.shift(timedelta(minutes=1))
    deliver_all()
    assert (states(), len(smtp.letters)) == (["sent"] * 2, 2)
    for word in ("secret word", house.owner.user.email):
        assert word not in caplog.text


@pytest.mark.django_db
def test_a_mail_server_that_is_away_delays_and_loses_nothing(house, smtp, settings, time_machine):
    time_machine.move_to(clock.now(), tick=False)
    settings.EMAIL_PORT = 1
    ask(house)
    deliver_all()
    assert states() == ["waiting"] * 2
    settings.EMAIL_PORT = smtp.port
    time_machine.shift(timedelta(minutes=1))
    deliver_all()
    assert (states(), len(smtp.letters)) == (["sent"] * 2, 2)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", "smtp")),
        ("smtp+tls://mail.example.org", ("mail.example.org", 587, "", "", "smtp+tls")),
        ("smtps://ann:word@mail.example.org", ("mail.example.org", 465, "ann", "word", "smtps")),
        ("smtp://127.0.0.1:2525/", ("127.0.0.1", 2525, "", "", "smtp")),
        (
            "smtp+tls://ann%40example.org:p%40ss%2Fw%C3%B6rd%3A1@[::1]:2525",
            ("::1", 2525, "ann@example.org", PASSWORD, "smtp+tls"),
        ),
    ],
)
def test_a_mail_server_is_read_from_its_address(monkeypatch, url, found):
    monkeypatch.setenv("X", url)
    server = env.mail_server("X")
    assert (server.host, server.port, server.user, server.password, server.scheme) == found
    assert "word" not in repr(server) + str(server)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://:25",
        "smtp://ann@mail.example.org",
        "smtp://:hidden-word@mail.example.org",
        "smtp://ann:hidden-word@mail.example.org:port",
        "smtp://ann:hidden-word@mail.example.org:99999",
        "smtp://ann:hidden-word@mail.example.org/path",
        "smtp://ann:hidden-word@mail.example.org?tls=yes",
        "smtp://ann:hidden-word@mail.example.org#x",
        "smtp://ann:%FF@mail.example.org",
        "smtp://[::1",
    ],
)
def test_what_is_no_mail_server_stops_and_names_the_setting_without_the_password(monkeypatch, url):
    monkeypatch.setenv("X", url)
    with pytest.raises(ImproperlyConfigured, match="X must be smtp://") as raised:
        env.mail_server("X")
    assert "hidden-word" not in str(raised.value)


def test_without_a_mail_server_there_is_none(monkeypatch):
    monkeypatch.delenv("X", raising=False)
    assert env.mail_server("X") is None


def test_a_mail_server_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("smtps://ann:word@mail.example.org\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "url"))
    assert env.mail_server("X").port == 465


def test_a_letter_waits_for_no_server_longer_than_ten_seconds(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert get_connection().timeout == 10


@pytest.mark.parametrize(
    "value", ["ledger.example.org", "ftp://ledger.example.org", "https://", "https://a/b", "https://a?b", "https://a/"]
)
def test_where_links_lead_is_a_host_and_nothing_else(monkeypatch, value):
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured, match="X must be http"):
        env.origin("X", "http://here")


@pytest.mark.parametrize("value", ["https://ledger.example.org", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_where_links_lead_may_have_a_port(monkeypatch, value):
    monkeypatch.setenv("X", value)
    assert env.origin("X", "http://here") == value
