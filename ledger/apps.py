from django.apps import AppConfig
from django.db.models.signals import post_migrate

from financebot.common import guards


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from accounts import moments as of_accounts  # noqa: PLC0415 - models are ready only now
        from families import moments  # noqa: PLC0415
        from ledger import booking, erasing, leaving, selectors, trigrams  # noqa: PLC0415
        from ledger.guards import GUARDS  # noqa: PLC0415

        moments.founded.append(booking.default_categories)
        moments.ending.append(leaving.end_membership)
        of_accounts.erasing.append(erasing.erase_hidden_words)
        moments.currency_uses.append(selectors.has_postings)
        guards.register(self, GUARDS)
        post_migrate.connect(trigrams.make_index, sender=self)
