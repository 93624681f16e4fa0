from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        from audit import sinks  # noqa: PLC0415 - models are ready only now
        from delivery import addresses, alerts, invitations, notifications, operators  # noqa: PLC0415

        sinks.numbered += [
            notifications.ask_approvers,
            alerts.tell_people,
            addresses.tell_both,
            invitations.tell_invited,
            operators.tell_operators,
        ]
