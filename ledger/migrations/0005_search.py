from unicodedata import normalize

from django.db import migrations

CHUNK = 1000


def fold(text):
    folded = normalize("NFD", normalize("NFD", text).casefold())
    return normalize("NFC", folded.replace("ı", "i").replace("i\u0307", "i"))


def fold_anew(apps, schema_editor):
    """What was folded by case alone."""
    for name, source, target in (
        ("Payee", "name", "folded"), ("Tag", "name", "folded"), ("Transaction", "search", "search")
    ):
        model = apps.get_model("ledger", name)
        last, rows = 0, True
        while rows:
            rows = list(model.objects.filter(pk__gt=last).order_by("pk").only("pk", source, target)[:CHUNK])
            changed = [row for row in rows if fold(getattr(row, source)) != getattr(row, target)]
            for row in changed:
                setattr(row, target, fold(getattr(row, source)))
            model.objects.bulk_update(changed, [target])
            last = rows[-1].pk if rows else last


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_source_refs_of_what_was_submitted'),
    ]

    operations = [
        migrations.RunPython(fold_anew, migrations.RunPython.noop),
    ]
