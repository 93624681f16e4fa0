import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.clients import BOT
from accounts.services import issue_service_token, revoke_service_token
from audit.trail import Actor
from financebot.common.errors import Changed, NotFound
from financebot.common.usecase import unit_of_work

ACTOR = Actor(channel="command")


class Command(BaseCommand):
    help = "Issue a token for a year to a program that speaks for no person, such as the bot. It is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", default=BOT, help=f"the client that it is good for ({BOT})")
        parser.add_argument("--revoke", type=int, metavar="ID", help="end this one instead")
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        told = self._issue(options["client"]) if options["revoke"] is None else self._revoke(options["revoke"])
        lines = "\n".join(f"{name}: {value}" for name, value in told.items())
        self.stdout.write(json.dumps(told) if options["json"] else lines)

    def _issue(self, client_id: str) -> dict[str, Any]:
        try:
            with unit_of_work():
                made = issue_service_token(actor=ACTOR, client_id=client_id)
        except NotFound as error:
            raise CommandError(f"There is no client {client_id}, or it is revoked.") from error
        return {"token": made.token, "id": made.id, "expires_at": f"{made.expires_at:%Y-%m-%dT%H:%M:%SZ}"}

    def _revoke(self, token_id: int) -> dict[str, Any]:
        try:
            with unit_of_work():
                revoke_service_token(actor=ACTOR, token_id=token_id)
        except NotFound as error:
            raise CommandError(f"There is no service token {token_id}.") from error
        except Changed as error:
            raise CommandError(f"The service token {token_id} is revoked already.") from error
        return {"id": token_id, "revoked": True}
