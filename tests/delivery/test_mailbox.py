"""Mail without a mail server: a file for each message under FINANCEBOT_DATA/mail."""

import email
import stat
from email import policy
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail

from delivery.mailbox import EmailBackend
from financebot import settings as ours
from tests.delivery.helpers import ask, deliver, states


@pytest.fixture
def folder(tmp_path, settings):
    settings.EMAIL_BACKEND = ours.EMAIL_BACKEND
    settings.DATA = tmp_path / "data"
    return settings.DATA / "mail"


def send(subject="Hello", body="Text"):
    return send_mail(subject, body, None, ["ann@example.org"])


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)


def test_a_message_becomes_a_file_that_a_mail_program_opens(folder):
    message = EmailMultiAlternatives("Grüße", "Zoë\n", to=["ann@example.org"])
    message.attach_alternative("<p>Zoë</p>", "text/html")
    assert message.send() == 1
    [path] = folder.iterdir()
    found = read(path)
    assert (found["Subject"], found["To"]) == ("Grüße", "ann@example.org")
    assert found["From"] == ours.DEFAULT_FROM_EMAIL
    assert found.get_body(["plain"]).get_content() == "Zoë\n"
    assert found.get_body(["html"]).get_content().strip() == "<p>Zoë</p>"


def test_files_sort_by_time_and_never_take_each_others_place(folder, time_machine):
    for moment in ("2026-05-01T10:00:00.5Z", "2026-05-01T10:00:00.25Z", "2026-04-30T23:00:00Z"):
        time_machine.move_to(moment, tick=False)
        send(moment)
        send(moment)
    names = sorted(path.name for path in folder.iterdir())
    assert [read(folder / name)["Subject"][:10] for name in names] == ["2026-04-30"] * 2 + ["2026-05-01"] * 4
    assert [name[:23] for name in names][::2] == [
        "20260430T230000.000000Z",
        "20260501T100000.250000Z",
        "20260501T100000.500000Z",
    ]
    assert {Path(name).suffix for name in names} == {".eml"}


def test_nobody_else_may_read_it(folder):
    send()
    [path] = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_until_it_is_whole_it_has_no_name_that_a_reader_takes(folder, monkeypatch):
    seen = []
    rename = Path.rename

    def look(self, target):
        seen.extend((path.name[0], stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir())
        assert read(self)["Subject"] == "Hello"
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look)
    send()
    assert seen == [(".", 0o600)]


def test_what_cannot_be_written_leaves_nothing_and_says_so(folder, monkeypatch):
    def full(number):
        raise OSError("no space left on device")

    monkeypatch.setattr("delivery.mailbox.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        send()
    assert list(folder.iterdir()) == []


def test_the_project_sends_its_mail_there():
    assert f"{EmailBackend.__module__}.{EmailBackend.__qualname__}" == ours.EMAIL_BACKEND


@pytest.mark.django_db
def test_a_folder_that_cannot_be_made_delays_the_letters(house, folder, time_machine):
    folder.parent.mkdir()
    folder.write_text("in the way")
    ask(house)
    time_machine.move_to("2026-05-02T10:00:00Z", tick=False)
    deliver()
    assert states() == ["waiting"] * 2
    folder.unlink()
    time_machine.shift(60)
    deliver()
    assert states() == ["sent"] * 2
    assert len(list(folder.iterdir())) == 2
