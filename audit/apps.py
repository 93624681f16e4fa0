from django.apps import AppConfig

from financebot.common import guards


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit.guards import GUARDS  # noqa: PLC0415 - models are ready only now

        guards.register(self, GUARDS)
