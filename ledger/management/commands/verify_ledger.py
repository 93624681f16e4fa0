import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.verify import verify


class Command(BaseCommand):
    help = "Check every invariant of the ledger over all its rows. Exit 1 and a list where one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        say = (lambda _: None) if options["json"] else self.stdout.write
        findings = list(verify(progress=say))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(found) for found in findings]))
        for found in [] if options["json"] else findings:
            self.stdout.write(f"BROKEN {found.invariant}: {found.entity} {found.id}: {found.sentence}")
        if findings:
            sys.exit(1)
        if not options["json"]:
            self.stdout.write("The ledger is sound.")
