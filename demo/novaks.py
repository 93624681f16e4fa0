"""A year of the neighbours: simple books in crowns."""

from decimal import Decimal

from demo.agenda import Agenda


def plan(agenda: Agenda) -> None:
    entry = agenda.entry
    for day in agenda.dated(1):
        entry(day, 8, "Petra", "14500", "Household", category="Housing", description="Nájem")
        entry(day, 8, "Petra", "900", "Household", "Wallet", description="Hotovost")
    for day in agenda.dated(12):
        entry(day, 8, "Petra", "31800", "", "Household", category="Salary (income)", payee="Škoda Auto")
        entry(day, 9, "Jan", "2450", "Household", category="Utilities", payee="ČEZ")
    for day in agenda.days:
        if day.weekday() in {0, 3}:
            by = agenda.rng.choice(["Petra", "Jan"])
            price = crowns(agenda, 380, 1900)
            entry(day, 17, by, price, "Household", category="Groceries", payee=agenda.rng.choice(["Albert", "Billa"]))
        if agenda.chance(0.2):
            entry(day, 12, "Jan", crowns(agenda, 60, 190), "Wallet", category="Eating out")
    entry(agenda.before_last(1), 18, "Jan", "12900", "Household", category="Leisure", description="Lyže")


def crowns(agenda: Agenda, least: int, most: int) -> Decimal:
    return Decimal(agenda.rng.randint(least, most))
