"""The environment is read strictly, and an unsafe production installation does not start."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from financebot.common import env

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("text", ["true", "Yes", "ON", "1"])
def test_a_flag_is_true_in_its_words(monkeypatch, text):
    monkeypatch.setenv("X", text)
    assert env.flag("X", default=False) is True


@pytest.mark.parametrize("text", ["maybe", "2", "tru"])
def test_a_flag_in_other_words_stops_and_names_the_setting(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be true or false"):
        env.flag("X", default=False)


@pytest.mark.parametrize("text", ["-1", "11", "3.5", "x", "１"])
def test_a_number_outside_its_range_stops_and_names_the_setting(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be a whole number from 0 to 10"):
        env.integer("X", 5, least=0, most=10)


def test_a_choice_outside_its_list_stops_and_names_the_setting(monkeypatch):
    monkeypatch.setenv("X", "blue")
    with pytest.raises(ImproperlyConfigured, match="X must be one of red, green"):
        env.choice("X", "red", ["red", "green"])


def test_an_empty_value_means_the_default(monkeypatch):
    monkeypatch.setenv("X", " ")
    assert (env.text("X", "a"), env.flag("X", default=True), env.integer("X", 5, least=0, most=9)) == ("a", True, 5)


def test_a_list_drops_its_empty_items(monkeypatch):
    monkeypatch.setenv("X", "a, b,,c ,")
    assert env.names("X") == ["a", "b", "c"]


def test_a_secret_comes_from_its_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    assert env.secret("X", made_in=None) == "from the file"


def test_a_secret_given_twice_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("X", "a")
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.secret("X", made_in=None)


def test_a_missing_secret_is_made_once_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("X", raising=False)
    first = env.secret("X", made_in=tmp_path / "secrets")
    assert env.secret("X", made_in=tmp_path / "secrets") == first
    assert len(first) >= 48
    assert (tmp_path / "secrets" / "x").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["x"]


def test_without_a_place_to_make_it_a_missing_secret_stops(monkeypatch):
    monkeypatch.delenv("X", raising=False)
    with pytest.raises(ImproperlyConfigured, match="X must be set"):
        env.secret("X", made_in=None)


def test_a_dotenv_file_adds_what_is_not_set(monkeypatch, tmp_path):
    monkeypatch.setenv("X_GIVEN", "environment")
    monkeypatch.delenv("X_ADDED", raising=False)
    (tmp_path / ".env").write_text("# words\n\nX_GIVEN=file\nX_ADDED='quoted value'\n")
    env.load_dotenv(tmp_path / ".env")
    assert (os.environ["X_GIVEN"], os.environ.pop("X_ADDED")) == ("environment", "quoted value")


def test_a_dotenv_line_that_is_none_stops_and_is_named(tmp_path):
    (tmp_path / ".env").write_text("FINE=1\nnot a setting\n")
    with pytest.raises(ImproperlyConfigured, match="line 2"):
        env.load_dotenv(tmp_path / ".env")
    os.environ.pop("FINE")


def start(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` as a production installation with these settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    safe = {
        "APP_ENV": "production",
        "FINANCEBOT_DATA": str(tmp_path),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SECRET_KEY": secrets.token_urlsafe(48),
        "HMAC_SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEY": secrets.token_urlsafe(48),
        "SEAL_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "ledger.test",
    }
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **safe, **settings}, capture_output=True, text=True, check=False
    )


def test_a_safe_production_installation_starts(tmp_path):
    assert start(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"JWT_SECRET_KEY": ""}, "JWT_SECRET_KEY must be set"),
        ({"HMAC_SECRET_KEY": ""}, "HMAC_SECRET_KEY must be set"),
        ({"ENCRYPTION_KEY": ""}, "ENCRYPTION_KEY must be set"),
        ({"SEAL_KEY": ""}, "SEAL_KEY must be set"),
        ({"SEAL_KEY": "short"}, "SEAL_KEY must have at least 32"),
        ({"HMAC_SECRET_KEY": "short"}, "HMAC_SECRET_KEY must have at least 32"),
        ({"JWT_SECRET_KEY_PREVIOUS": "short"}, "JWT_SECRET_KEY_PREVIOUS must have at least 32"),
        ({"JWT_PRIVATE_KEY": "no key"}, "JWT_PRIVATE_KEY is no private key"),
        ({"JWT_PREVIOUS_PUBLIC_KEY_FILE": "/nowhere.pem"}, "JWT_PREVIOUS_PUBLIC_KEY_FILE cannot be read"),
        ({"REQUIRE_HMAC_VERIFICATION": "perhaps"}, "REQUIRE_HMAC_VERIFICATION must be true or false"),
        ({"ENCRYPTION_KEY_PREVIOUS": "short"}, "ENCRYPTION_KEY_PREVIOUS must have at least 32"),
        ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY must have at least 32"),
        ({"SECRET_KEY": "a" * 50, "JWT_SECRET_KEY": "a" * 50}, "must differ from every other secret"),
        ({"SECRET_KEY": "change-me-" + "a" * 50}, "SECRET_KEY looks like the one in the documentation"),
        ({"RATE_LIMITS": "off"}, "RATE_LIMITS must not be off"),
        (
            {"HMAC_SECRET_KEY": "made-up-for-these-vectors-and-used-nowhere-else"},
            "looks like the one in the documentation",
        ),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL must start with"),
        ({"APP_ENV": "staging"}, "APP_ENV must be one of"),
        ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL must be smtp://"),
        ({"PUBLIC_URL": "ledger.test"}, "PUBLIC_URL must be http"),
        ({"TELEGRAM_BOT_USERNAME": "our bot"}, "TELEGRAM_BOT_USERNAME must be 5 to 32"),
        ({"EMAIL_VERIFICATION": "sometimes"}, "EMAIL_VERIFICATION must be one of"),
        ({"REGISTRATION_MODE": "closed"}, "REGISTRATION_MODE must be one of"),
        ({"OAUTH_GOOGLE_CLIENT_ID": "us"}, "OAUTH_GOOGLE_CLIENT_ID and OAUTH_GOOGLE_CLIENT_SECRET must be set both"),
        ({"OAUTH_GITHUB_CLIENT_SECRET": "ours"}, "OAUTH_GITHUB_CLIENT_ID and OAUTH_GITHUB_CLIENT_SECRET must be set"),
        ({"OAUTH_GITHUB_API_URL": "http://github.test/api"}, "addresses of OAUTH_GITHUB must start with https://"),
        ({"OAUTH_GOOGLE_TOKEN_URL": "google.test/token"}, "OAUTH_GOOGLE_TOKEN_URL must be http"),
        ({"OAUTH_GOOGLE_TOKEN_URL": "https://google.test/token?a=b"}, "OAUTH_GOOGLE_TOKEN_URL must be http"),
        ({"TRUSTED_PROXY_COUNT": "many"}, "TRUSTED_PROXY_COUNT must be a whole number"),
    ],
)
def test_an_unsafe_production_installation_stops_and_names_the_setting(tmp_path, settings, named):
    found = start(tmp_path, **settings)
    assert found.returncode != 0
    assert named in found.stderr
