from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class ProjectConfig(AppConfig):
    name = "financebot"
    label = "financebot"

    def ready(self) -> None:
        """Every process of an unsafe production installation stops here, with all that is wrong at once."""
        from financebot.checks import unsafe_settings  # noqa: PLC0415 - registers the check as well

        if found := unsafe_settings():
            raise ImproperlyConfigured(" ".join(error.msg for error in found))
