import json
from collections.abc import Callable
from datetime import date, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import User
from accounts.passwords import hash_new
from audit.relay import relay_once
from demo import novaks, webers
from demo.agenda import Agenda
from demo.life import Life
from demo.people import NOVAKS, WEBERS, Household
from financebot.common import clock, env

PLANS: list[tuple[Household, Callable[[Agenda], None]]] = [(WEBERS, webers.plan), (NOVAKS, novaks.plan)]


class Command(BaseCommand):
    help = """
    Make two families to look at, with a year of life behind them: the Webers, with one person of each role, and their
    neighbours. Everything goes through the use cases, so all rules hold. Prints who can log in, and the password, which
    is made for this installation and kept beside its other secrets. Not for production.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="what is left to chance; the same gives the same year")
        parser.add_argument("--last-day", type=date.fromisoformat, help="the year's last day, today unless given")
        parser.add_argument("--if-empty", action="store_true", help="only where nobody has registered and DEMO is on")
        parser.add_argument("--json", action="store_true", help="print people and password as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo is not for production: everybody who reads the password could log in.")
        if options["if_empty"] and (not settings.DEMO or User.objects.exists()):
            return
        if (options["last_day"] or date.min) > clock.now().date():
            raise CommandError("The last day must not be later than today.")
        people = [person for household, _plan in PLANS for person in household.people]
        if User.objects.filter(email__in=[person.email for person in people]).exists():
            raise CommandError("The demo families are here already.")
        password = env.made_once(settings.DATA / "secrets" / "demo_password", size=12)
        hashed = hash_new(password, field="password", owner=User())
        for household, plan in PLANS:
            if not options["json"]:
                self.stdout.write(f"{household.name}: a year of their life")
            live(household, plan, hashed, options["last_day"], options["seed"])
        while relay_once():
            pass
        self._say(people, password, as_json=options["json"])

    def _say(self, people: list[Any], password: str, *, as_json: bool) -> None:
        if as_json:
            told = [{"email": person.email, "role": person.role} for person in people]
            self.stdout.write(json.dumps({"people": told, "password": password}))
            return
        for household, _plan in PLANS:
            self.stdout.write(f"{household.name}:")
            for person in household.people:
                self.stdout.write(f"  {person.email:24} {person.role}")
        self.stdout.write(f"Everybody's password: {password}")


def live(household: Household, plan: Callable[[Agenda], None], hashed: str, last: date | None, seed: int) -> None:
    """A household's year, up to this moment at the latest."""
    zone, now = ZoneInfo(household.timezone), clock.now()
    agenda = Agenda(zone, last or clock.today(household.timezone), Random(f"{seed} {household.name}"))  # noqa: S311
    plan(agenda)
    life = Life(household, datetime.combine(agenda.first, datetime.min.time(), zone), hashed)
    steps = sorted(agenda.steps, key=lambda step: step[0])
    for moment, step in tqdm(steps, desc=household.name, disable=None, leave=False):
        with clock.standing_at(min(moment, now)):
            step(life)
