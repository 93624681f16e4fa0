import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from ledger.verify import STEPS, verify


class Command(BaseCommand):
    help = """
    Check every invariant of the ledger over all its rows. Exit 1 and a list where one is broken; it never repairs.
    A progress bar shows on a terminal's stderr.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print the findings as JSON: a list of objects with invariant, sentence, entity and id",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(total=STEPS, desc="checks", disable=None, leave=False) as bar:
            findings = list(verify(bar.update))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(found) for found in findings]))
        else:
            for found in findings:
                self.stdout.write(f"BROKEN {found.invariant}: {found.entity} {found.id}: {found.sentence}")
            self.stdout.write(f"{len(findings)} findings." if findings else "The ledger is sound.")
        if findings:
            sys.exit(1)
