from django.apps import AppConfig

from financebot.common import guards


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from families import moments  # noqa: PLC0415 - models are ready only now
        from ledger import booking, leaving, selectors  # noqa: PLC0415
        from ledger.guards import GUARDS  # noqa: PLC0415

        moments.founded.append(booking.default_categories)
        moments.ending.append(leaving.end_membership)
        moments.currency_uses.append(selectors.has_postings)
        guards.register(self, GUARDS)
