"""What the models declare is in the database once all migrations have run."""

import pytest
from django.apps import apps
from django.db import connection

pytestmark = pytest.mark.django_db
OURS = ("accounts", "audit", "delivery", "families", "financebot", "ledger")
MODELS = [m for m in apps.get_models(include_auto_created=True) if m.__module__.partition(".")[0] in OURS]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.db_table)
def test_every_constraint_and_index_that_is_declared_is_there(model):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    declared = {c.name for c in (*model._meta.constraints, *model._meta.indexes)}
    assert declared - found.keys() == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.db_table)
def test_every_column_that_is_unique_is_so_in_the_database(model):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table).values()
    unique = {row["columns"][0] for row in found if (row["unique"] or row["primary_key"]) and len(row["columns"]) == 1}
    assert {f.column for f in model._meta.concrete_fields if f.unique} - unique == set()
