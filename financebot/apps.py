from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.core.exceptions import ImproperlyConfigured


class ProjectConfig(AppConfig):
    name = "financebot"
    label = "financebot"

    def ready(self) -> None:
        """Every process of an unsafe production installation stops here, with all that is wrong at once."""
        from financebot.checks import unsafe_settings  # noqa: PLC0415 - registers the check as well

        if found := unsafe_settings():
            raise ImproperlyConfigured(" ".join(error.msg for error in found))


class OfficeConfig(SimpleAdminConfig):
    """Django's admin with our site, and our own apps' rows in it: what libraries register for themselves is not."""

    default_site = "accounts.admin_site.FinanceAdminSite"

    def ready(self) -> None:
        super().ready()
        # models are ready only now
        from accounts import admin as accounts_admin  # noqa: F401, PLC0415
        from delivery import admin as delivery_admin  # noqa: F401, PLC0415
        from families import admin as families_admin  # noqa: F401, PLC0415
        from financebot import admin as project_admin  # noqa: F401, PLC0415
        from ledger import admin as ledger_admin  # noqa: F401, PLC0415
