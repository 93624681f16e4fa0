import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import models

from financebot.common.encryption import EncryptedField, Undecipherable, current_kid
from financebot.common.usecase import unit_of_work

BATCH = 500


@dataclass
class Report:
    """How many rows were encrypted anew, by model; and the rows that no key of ours opens."""

    kid: str
    rewritten: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


class Command(BaseCommand):
    help = """
    Encrypt anew, under ENCRYPTION_KEY, what ENCRYPTION_KEY_PREVIOUS encrypted. Runs while the server does, and twice
    does no harm; when it has found nothing lost, ENCRYPTION_KEY_PREVIOUS can go. Exit 1 and a list where no key opens
    a row.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print an object: kid (of the current key), rewritten (rows by model), lost (rows that do not open)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = Report(current_kid())
        for model in apps.get_models():
            names = [f.name for f in model._meta.local_concrete_fields if isinstance(f, EncryptedField)]
            if names:
                report.rewritten[model._meta.label] = rotate(model, names, report.lost)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report)))
        else:
            for row in report.lost:
                self.stdout.write(f"LOST {row}: no key opens it")
            self.stdout.write(f"{sum(report.rewritten.values())} rows encrypted anew under key {report.kid}.")
        if report.lost:
            sys.exit(1)


def rotate(model: type[models.Model], names: list[str], lost: list[str]) -> int:
    """How many rows of a model were rewritten; those that do not open are added to `lost`."""
    rows, rewritten, last = model._base_manager.order_by("pk"), 0, None
    while batch := list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", *names)[:BATCH]):
        last = batch[-1][0]
        stale = [pk for pk, *sealed in batch if any(_is_stale(value) for value in sealed)]
        if stale:
            with unit_of_work():
                rewritten += _rewrite(model, names, stale, lost)
    return rewritten


def _rewrite(model: type[models.Model], names: list[str], stale: list[Any], lost: list[str]) -> int:
    """Rewrite rows that are looked at once more, locked: somebody may have written them meanwhile."""
    rewritten = 0
    for row in model._base_manager.filter(pk__in=stale).select_for_update(no_key=True, of=("self",)).order_by("pk"):
        if not any(_is_stale(row.__dict__[name]) for name in names):
            continue
        if _opens(row, names):
            row.save(update_fields=names)  # which seals under the current key what was read
            rewritten += 1
        else:
            lost.append(f"{model._meta.label} {row.pk}")
    return rewritten


def _opens(row: models.Model, names: list[str]) -> bool:
    try:
        _ = [getattr(row, name) for name in names]
    except Undecipherable:
        return False
    return True


def _is_stale(sealed: Any) -> bool:
    return sealed is not None and sealed.kid != current_kid()
