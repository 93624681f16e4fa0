"""A year of the Weber family: what comes every month, what every day may bring, and what happens once."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from demo.agenda import DAY, Agenda
from families.roles import Role

SHOPS = ("Rewe", "Edeka", "Lidl", "Aldi", "Wochenmarkt", "Bäckerei Krause")
EVERYONE = {"Anna": 1, "Ben": 1, "Clara": 1, "David": 1}
SHOPPING_DAYS, SATURDAY, SUNDAY = {1, 4}, 5, 6


def plan(agenda: Agenda) -> None:
    every_month(agenda)
    for day in agenda.days:
        every_day(agenda, day)
    trip(agenda, agenda.before_last(130))
    mistakes(agenda)
    requests(agenda)
    keeping_books(agenda)
    waiting(agenda)


def every_month(agenda: Agenda) -> None:
    entry, amount = agenda.entry, agenda.amount
    for day in agenda.dated(1):
        rent = {"Housing": "1150.00", "Utilities": "240.00"}
        entry(day, 7, "Anna", "1390.00", "Joint account", payee="Haus & Grund", description="Rent", splits=rent)
        entry(day, 7, "Anna", "900.00", "Joint account", "Savings", description="Put aside")
        entry(day, 8, "Ben", "50.00", "Ben's account", "Presents", description="For presents")
    for day in agenda.dated(3):
        entry(day, 9, "Anna", "39.99", "Joint account", category="Utilities", payee="Telekom", tags=("fixed",))
        entry(day, 9, "Anna", amount("88", "121"), "Joint account", category="Utilities", payee="Stadtwerke")
    for day in agenda.dated(8):
        entry(day, 10, "Anna", "17.99", "Credit card", category="Leisure", payee="Netflix", tags=("fixed",))
    for day in agenda.dated(10):
        entry(day, 6, "Anna", "255.00", "", "Joint account", category="Benefits (income)", payee="Familienkasse")
        entry(day, 6, "Anna", "74.50", "Joint account", category="Insurance", payee="HUK-Coburg", tags=("fixed",))
    for day in agenda.dated(15):
        entry(day, 9, "Clara", "285.00", "", "Clara's account", category="Salary (income)", payee="Café Morgenrot")
        entry(day, 9, "Clara", "58.00", "Clara's account", category="Transport", payee="BVG", tags=("fixed",))
        entry(day, 9, "Ben", "80.00", "Joint account", "Cash", description="Cash machine")
        entry(day, 10, "Ben", "49.90", "Ben's account", category="Leisure", payee="Urban Sports", tags=("fixed",))
    for day in agenda.dated(25):
        entry(day, 6, "Ben", "2215.40", "", "Ben's account", category="Salary (income)", payee="Holzmann GmbH")
        entry(day, 7, "Ben", "1850.00", "Ben's account", "Joint account", description="To the household", key=f"{day}")
        agenda.at(day, 12, lambda life, key=f"{day}": life.confirm("Anna", key))  # type: ignore[misc]
    for day in agenda.dated(28):
        entry(day, 6, "Anna", "3120.75", "", "Joint account", category="Salary (income)", payee="Charité")
        entry(day, 20, "Anna", amount("520", "640"), "Joint account", "Credit card", description="Card settled")
    for day in agenda.dated(30):
        entry(day, 6, "Anna", amount("9", "11"), "", "Savings", category="Interest (income)")


@dataclass(frozen=True, slots=True)
class Habit:
    """What a day brings with some chance, at some price between two."""

    chance: float
    hour: int
    by: str
    prices: tuple[str, str]
    wallet: str
    category: str
    payee: str
    notes: str = ""


HABITS = (
    Habit(0.45, 8, "Ben", ("2.10", "6.90"), "Cash", "Groceries", "Bäckerei Krause"),
    Habit(0.12, 18, "Ben", ("42", "78"), "Credit card", "Transport", "Aral"),
    Habit(0.06, 11, "Anna", ("6", "38"), "Credit card", "Health", "Adler-Apotheke"),
    Habit(0.05, 15, "Anna", ("19", "140"), "Credit card", "Clothing", "Peek & Cloppenburg"),
    Habit(0.12, 19, "Ben", ("8", "55"), "Ben's account", "Leisure", "Hugendubel"),
    Habit(0.03, 16, "Ben", ("12", "60"), "Presents", "Gifts", "Blumen Lehmann", notes="Birthday of Anna's"),
    Habit(0.45, 13, "Clara", ("4", "15"), "Clara's account", "Eating out", "Mensa"),
    Habit(0.05, 19, "Clara", ("9", "32"), "Clara's account", "Leisure", "Kino Babylon"),
)


def every_day(agenda: Agenda, day: date) -> None:
    entry, amount, chance, pick = agenda.entry, agenda.amount, agenda.chance, agenda.rng.choice
    if day.weekday() in SHOPPING_DAYS or chance(0.3):
        by, channel, shop = pick(["Anna", "Anna", "Ben"]), pick(["web", "bot", "api"]), pick(SHOPS)
        price, more = amount("24", "128"), {"for_whom": EVERYONE, "channel": channel}
        entry(day, 17, by, price, "Joint account", category="Groceries", payee=shop, **more)
    if day.weekday() == SATURDAY and chance(0.45):
        more = {"for_whom": pick([EVERYONE, {"Anna": 1, "Ben": 1}]), "tags": ("weekend",)}
        entry(day, 20, "Ben", amount("32", "84"), "Credit card", category="Eating out", payee="Da Enzo", **more)
    if day.weekday() == SUNDAY:
        entry(day, 10, "Anna", "6.00", "Joint account", "Pocket money", description="Pocket money")
        sweets = pick(["Comics", "Sweets", "Football cards"])
        entry(day, 15, "David", amount("2.50", "7"), "Pocket money", category="Leisure", description=sweets)
    for habit in HABITS:
        if chance(habit.chance):
            more = {"category": habit.category, "payee": habit.payee, "notes": habit.notes}
            entry(day, habit.hour, habit.by, amount(*habit.prices), habit.wallet, **more)


def trip(agenda: Agenda, day: date) -> None:
    """Ten days in New York, paid in dollars that were bought at a bank."""
    rates = [Decimal("0.9150"), Decimal("0.9212"), Decimal("0.9187")]
    for later, rate in zip((-2, 1, 6), rates, strict=True):
        agenda.at(day + DAY * later, 7, lambda life, rate=rate: life.set_rate("Anna", "USD", rate))  # type: ignore[misc]
    entry, tags = agenda.entry, ("new york",)
    flight = {"category": "Travel", "for_whom": EVERYONE, "tags": tags}
    entry(day - DAY * 20, 20, "Anna", "1842.60", "Credit card", payee="Lufthansa", description="Flights", **flight)
    entry(day - DAY * 5, 9, "Anna", "1842.60", "Savings", "Credit card", description="For the flights")
    entry(day - DAY, 11, "Anna", "830.00", "Savings", "Travel dollars", to_amount=Decimal("900.00"))
    for nth in range(9):
        abroad, amount = day + DAY * nth, agenda.amount
        entry(abroad, 13, "Anna", amount("24", "58"), "Travel dollars", category="Eating out", tags=tags)
        if nth % 2:
            museum = "Museum of Natural History" if nth == 1 else "Subway and sights"
            entry(
                abroad,
                16,
                "Ben",
                amount("18", "47"),
                "Travel dollars",
                category="Travel",
                description=museum,
                tags=tags,
            )
    entry(day + DAY * 10, 10, "Anna", "100.00", "Travel dollars", "Joint account", rate=Decimal("0.8990"))


def mistakes(agenda: Agenda) -> None:
    """What is corrected, taken back and given back; nothing is deleted."""
    entry, on = agenda.entry, agenda.before_last
    entry(on(200), 14, "Anna", "129.90", "Credit card", category="Clothing", payee="Zalando", key="shoes")
    entry(on(191), 14, "Anna", "79.90", "", "Credit card", payee="Zalando", refund_of="shoes", description="Returned")
    entry(on(160), 18, "Ben", "64.20", "Joint account", category="Groceries", payee="Rewe", key="twice")
    entry(on(160), 19, "Ben", "64.20", "Joint account", category="Groceries", payee="Rewe")
    agenda.at(on(158), 20, lambda life: life.reverse("Anna", "twice", "Recorded twice"))
    entry(on(97), 12, "Ben", "216.00", "Joint account", category="Transport", payee="ATU", key="tyres")
    agenda.at(on(95), 21, lambda life: life.edit("Ben", "tyres", {"amount": Decimal("261.00")}))
    entry(on(60), 13, "Clara", "80.00", "Clara's account", category="Leisure", payee="Ticketshop", key="concert",
          minute=10)  # fmt: skip
    agenda.at(on(60), 13, lambda life: life.edit("Clara", "concert", {"description": "Concert with Mia"}), minute=25)
    entry(on(33), 17, "Ben", "5.40", "Cash", category="Groceries", payee="Bäckerei Krause", key="slip", minute=30)
    agenda.at(on(33), 17, lambda life: life.undo("Ben", "slip", "Wrong wallet"), minute=34)


def requests(agenda: Agenda) -> None:
    """What had to be asked for, and what came of it."""
    entry, on, at = agenda.entry, agenda.before_last, agenda.at
    entry(on(240), 19, "Ben", "749.00", "Joint account", category="Housing", payee="MediaMarkt", key="washer",
          description="Washing machine")  # fmt: skip
    at(on(239), 8, lambda life: life.confirm("Anna", "washer"))
    entry(on(185), 16, "David", "24.99", "Pocket money", category="Leisure", description="Video game", key="game")
    at(on(184), 19, lambda life: life.reject("Anna", "game", "Not before the school report"))
    entry(on(120), 16, "David", "17.50", "Pocket money", category="Gifts", description="Present for Mum", key="mum")
    at(on(119), 19, lambda life: life.confirm("Ben", "mum"))
    entry(on(88), 20, "Ben", "620.00", "Credit card", category="Leisure", description="Road bike", key="bike")
    at(on(86), 20, lambda life: life.cancel("Ben", "bike"))
    entry(on(70), 15, "Clara", "189.00", "Joint account", category="Children", description="Driving lessons",
          key="driving")  # fmt: skip
    at(on(69), 20, lambda life: life.confirm("Ben", "driving"))
    entry(on(52), 15, "Clara", "160.00", "Joint account", category="Leisure", description="Festival", key="festival")
    at(on(22), 16, lambda life: life.expire("festival"))


def keeping_books(agenda: Agenda) -> None:
    on, at = agenda.before_last, agenda.at
    at(on(300), 20, lambda life: life.show_balance_only("Clara", "Clara's account"))
    for days in (210, 125, 40):
        at(on(days), 21, lambda life: life.reconcile("Ben", "Cash", Decimal("3.20")))
    for days in (270, 180, 90):
        through = on(days + 30).replace(day=1) - DAY
        at(on(days), 21, lambda life, through=through: life.close("Anna", through))  # type: ignore[misc]


def waiting(agenda: Agenda) -> None:
    """What the family finds on its table today."""
    entry, on = agenda.entry, agenda.before_last
    entry(on(2), 19, "Ben", "1249.00", "Joint account", category="Leisure", payee="Fahrrad Klein",
          description="Cargo bike", key="cargo")  # fmt: skip
    entry(on(1), 16, "David", "19.99", "Pocket money", category="Leisure", description="Board game")
    entry(on(1), 20, "Clara", "164.00", "Joint account", category="Clothing", payee="Globetrotter",
          description="Winter coat")  # fmt: skip
    entry(on(0), 7, "Anna", "89.00", "Credit card", category="Gifts", description="Idea for Erika", later=True)
    agenda.at(on(0), 8, lambda life: life.invite("Anna", Role.ADULT, "gerda@weber.example"))
