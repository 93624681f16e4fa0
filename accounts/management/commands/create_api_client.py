import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import create_client, revoke_client, rotate_client
from audit.trail import Actor
from financebot.common.errors import Changed, Invalid, NotFound
from financebot.common.usecase import unit_of_work

ACTOR = Actor(channel="command")


class Command(BaseCommand):
    help = "Make a client that signs its requests, and print its secret, which is not shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client_id", help="1 to 60 of A-Z a-z 0-9 . _ -")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--rotate", action="store_true", help="a new secret; the old one holds for 24 hours more")
        instead.add_argument("--revoke", action="store_true", help="end it, the log-ins that it opened and its tokens")
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def handle(self, *args: Any, client_id: str, **options: Any) -> None:
        try:
            told = self._revoke(client_id) if options["revoke"] else self._secret(client_id, rotate=options["rotate"])
        except NotFound as error:
            raise CommandError(f"There is no client {client_id}.") from error
        except Invalid as error:
            raise CommandError("A client's id is 1 to 60 of A-Z a-z 0-9 . _ -") from error
        except Changed as error:
            exists = not (options["rotate"] or options["revoke"])
            raise CommandError(f"{client_id} {'is there already: --rotate' if exists else 'is revoked'}.") from error
        lines = "\n".join(f"{name}: {value}" for name, value in told.items())
        self.stdout.write(json.dumps(told) if options["json"] else lines)

    def _secret(self, client_id: str, *, rotate: bool) -> dict[str, Any]:
        with unit_of_work():
            made = (rotate_client if rotate else create_client)(actor=ACTOR, client_id=client_id)
        until = {"previous_until": f"{made.previous_until:%Y-%m-%dT%H:%M:%SZ}"} if made.previous_until else {}
        return {"client_id": made.client_id, "secret": made.secret, **until}

    def _revoke(self, client_id: str) -> dict[str, Any]:
        with unit_of_work():
            revoke_client(actor=ACTOR, client_id=client_id)
        return {"client_id": client_id, "revoked": True}
