from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FamiliesConfig(AppConfig):
    name = "families"

    def ready(self) -> None:
        from accounts import moments  # noqa: PLC0415 - models are ready only now
        from families import access, erasing, selectors  # noqa: PLC0415

        moments.claims.append(selectors.token_claims)
        moments.erasing.append(erasing.leave_all)
        moments.binding.append(selectors.waits_for_consent)
        post_migrate.connect(access.sync_all, sender=self)
