"""System checks: settings that production refuses to start with, each named."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

from accounts import keys

SECRETS = ("SECRET_KEY", "JWT_SECRET_KEY", "HMAC_SECRET_KEY", "ENCRYPTION_KEY", "SEAL_KEY")
OPTIONAL_SECRETS = ("JWT_SECRET_KEY_PREVIOUS", "ENCRYPTION_KEY_PREVIOUS")
SECRET_LENGTH_MIN = 32
EXAMPLES = ("change-me", "changeme", "example", "secret", "made-up-for-these-vectors")


@register(Tags.security)
def unsafe_settings(**_: Any) -> list[Error]:
    sentences = _about_keys() + _about_providers() + (_sentences() if settings.PRODUCTION else [])
    return [Error(sentence, id="financebot.E001") for sentence in sentences]


def _about_keys() -> list[str]:
    """Wherever it runs: with a key that cannot be read nobody could log in."""
    try:
        keys.live()
    except ImproperlyConfigured as error:
        return [str(error)]
    return []


def _about_providers() -> list[str]:
    """Wherever it runs: with half of them nobody could log in there. In production secrets travel by TLS alone."""
    found = []
    for name, client in settings.OAUTH.items():
        start = f"OAUTH_{name.upper()}"
        if bool(client.client_id) != bool(client.client_secret):
            found.append(f"{start}_CLIENT_ID and {start}_CLIENT_SECRET must be set both or neither.")
        addresses = (client.authorize_url, client.token_url, client.api_url)
        if settings.PRODUCTION and not all(address.startswith("https://") for address in addresses):
            found.append(f"The addresses of {start} must start with https://.")
    return found


def _sentences() -> list[str]:
    values = {name: str(getattr(settings, name)) for name in (*SECRETS, *OPTIONAL_SECRETS)}
    values = {name: value for name, value in values.items() if value or name in SECRETS}
    found = []
    for name, value in values.items():
        if len(value) < SECRET_LENGTH_MIN:
            found.append(f"{name} must have at least {SECRET_LENGTH_MIN} characters.")
        if any(word in value.lower() for word in EXAMPLES):
            found.append(f"{name} looks like the one in the documentation: make your own.")
        if any(value == other for key, other in values.items() if key != name):
            found.append(f"{name} must differ from every other secret.")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append("ALLOWED_HOSTS must name the hosts that this server answers for.")
    if not settings.RATE_LIMITS:
        found.append("RATE_LIMITS must not be off.")
    if any(origin == "*" for origin in settings.CORS_ALLOWED_ORIGINS):
        found.append("CORS_ALLOWED_ORIGINS must name its origins.")
    return found
