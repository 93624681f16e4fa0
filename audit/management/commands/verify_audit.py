import json
import sys
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit.verify import standing, verify

FINDINGS_MAX = 100


class Command(BaseCommand):
    help = f"""
    Check that the events are those that were sealed, in position order. Exit 1 and a list, the first {FINDINGS_MAX},
    where one is not; it never repairs. Keep the head that it prints elsewhere: who cuts off the end of the events
    together with their seals leaves no other trace.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print an object with findings (a list of position and sentence), sealed, head and unsealed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(islice(verify(), FINDINGS_MAX))
        now = standing()
        if options["json"]:
            told = [{"position": found.position, "sentence": found.sentence} for found in findings]
            self.stdout.write(json.dumps({"findings": told, **asdict(now)}))
        else:
            for found in findings:
                self.stdout.write(f"BROKEN position {found.position}: {found.sentence}")
            self.stdout.write(f"{len(findings)} findings." if findings else "The events are those that were sealed.")
            self.stdout.write(f"Head: position {now.sealed}, {now.head or 'no seal'}. Not sealed yet: {now.unsealed}.")
        if findings:
            sys.exit(1)
