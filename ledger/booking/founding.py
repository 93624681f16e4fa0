"""What a new family's ledger begins with."""

from django.utils.translation import gettext as _

from audit.trail import Actor
from families.models import Family
from ledger.kinds import CategoryKind
from ledger.models import Category


def default_categories(family: Family, actor: Actor) -> None:
    """The categories that a family starts with, in the language of its founder; they bring no events."""
    expenses = [
        _("Groceries"), _("Eating out"), _("Housing"), _("Utilities"), _("Transport"), _("Health"),
        _("Clothing"), _("Children"), _("Leisure"), _("Travel"), _("Gifts"), _("Insurance"),
    ]  # fmt: skip
    incomes = [_("Salary"), _("Benefits"), _("Interest"), _("Gifts received")]
    rows = [Category(family=family, kind=CategoryKind.EXPENSE, name=name) for name in expenses]
    rows += [Category(family=family, kind=CategoryKind.INCOME, name=name) for name in incomes]
    rows += [
        Category(family=family, kind=kind, name=_("Other"), fallback=True)
        for kind in (CategoryKind.EXPENSE, CategoryKind.INCOME)
    ]
    system = {
        CategoryKind.OPENING: _("Opening balance"),
        CategoryKind.EXCHANGE: _("Exchange"),
        CategoryKind.ADJUSTMENT: _("Adjustment"),
    }
    rows += [Category(family=family, kind=kind, name=name) for kind, name in system.items()]
    Category.objects.bulk_create(rows)
