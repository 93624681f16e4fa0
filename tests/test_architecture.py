"""What a linter cannot hold: how use cases, views, tables and models must look."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from accounts import services as accounts_services
from delivery import services as delivery_services
from families import services as families_services
from financebot.api.problems import DRF_CODES, PROBLEMS
from financebot.common.errors import DomainError
from financebot.common.usecase import unit_of_work, use_case
from ledger import services as ledger_services
from tests.routes import operations

ROOT = Path(__file__).resolve().parent.parent
OURS = ("financebot", "accounts", "families", "ledger", "audit", "delivery", "telegrambot")
CLOCKS = {"expire_transaction"}  # time holds no permission and asks for none
ASKS = {"ask_password_reset", "ask_verification", "end_week"}  # an event is all that they write: nothing to lock
LOCKS_ITSELF = {"create_family", "accept_invitation"}  # there is no membership yet to enter by


def sources() -> Iterator[Path]:
    for folder in OURS:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def use_cases() -> list[Any]:
    modules = (accounts_services, families_services, ledger_services, delivery_services)
    return [f for module in modules for f in vars(module).values() if getattr(f, "is_use_case", False)]


def calls_in(function: Any) -> set[str]:
    """Names of what a function calls, directly or by helpers of its own module."""
    module = inspect.getmodule(function)
    seen: set[str] = set()
    waiting = [inspect.unwrap(function)]
    while waiting:
        tree = ast.parse(textwrap.dedent(inspect.getsource(waiting.pop())))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                helper = getattr(module, name, None)
                if name not in seen and name.startswith("_") and inspect.isfunction(helper):
                    waiting.append(helper)
                seen.add(name)
    return seen


@pytest.mark.parametrize("function", use_cases(), ids=lambda f: f.__qualname__)
def test_every_use_case_enters_or_locks_records_and_says_what_it_does(function):
    called = calls_in(function)
    assert "record" in called
    if function.__module__.startswith("accounts"):
        locks = {"lock", "lock_person", "lock_session", "revoke", "create", "reserve", "select_for_update", "spend"}
        assert called & locks or function.__name__ in ASKS
    elif function.__name__ in LOCKS_ITSELF:
        assert called & {"lock", "lock_newcomer"}
    else:
        assert "enter" in called
        assert called & {"require", "reaches"} or function.__name__ in CLOCKS
    assert function.__doc__


def test_the_event_is_the_last_write_of_every_use_case():
    for function in use_cases():
        body = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
        writes = [
            node.lineno
            for node in ast.walk(body)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"save", "create", "update", "delete", "bulk_create", "post", "insert"}
        ]
        records = [
            node.lineno
            for node in ast.walk(body)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "record"
        ]
        assert not writes or not records or max(writes) < max(records), function.__qualname__


def test_public_functions_of_services_are_use_cases():
    for app in ("accounts", "families", "ledger", "delivery"):
        for path in (
            (ROOT / app).glob("services*/**/*.py")
            if (ROOT / app / "services").is_dir()
            else [ROOT / app / "services.py"]
        ):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    marks = {getattr(mark, "id", "") for mark in node.decorator_list}
                    assert "use_case" in marks, f"{path}: {node.name}"


def test_every_action_of_a_view_is_in_its_table_and_the_table_has_no_other():
    routed: dict[Any, set[str]] = {}
    for _method, _route, view, action in operations():
        assert action in view.calls, f"{view.__name__}.{action}"
        routed.setdefault(view, set()).add(action)
    for view, actions in routed.items():
        assert set(view.calls) == actions, view.__name__


def test_foreign_keys_of_the_ledger_and_of_deliveries_protect():
    for model in [*apps.get_app_config("ledger").get_models(), *apps.get_app_config("delivery").get_models()]:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and not model._meta.auto_created:
                assert field.remote_field.on_delete is models.PROTECT, f"{model.__name__}.{field.name}"


def test_every_stored_choice_has_a_check():
    for label in ("accounts", "families", "ledger", "audit", "delivery"):
        for model in apps.get_app_config(label).get_models():
            checked = " ".join(
                str(c.condition) for c in model._meta.constraints if isinstance(c, models.CheckConstraint)
            )
            for field in model._meta.get_fields():
                if getattr(field, "choices", None):
                    assert f"{field.name}__in" in checked, f"{model.__name__}.{field.name}"


def test_every_row_of_the_ledger_carries_its_family():
    for model in apps.get_app_config("ledger").get_models():
        assert "family" in {field.name for field in model._meta.get_fields()}, model.__name__


def test_every_refusal_has_a_row_in_the_table_of_problems():
    def below(kind: type) -> Iterator[type]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    codes = {kind.code for kind in below(DomainError)} | {code for _, code in DRF_CODES}
    codes |= {"body_too_large", "rate_limited", "internal_error"}  # of middleware, throttle and the last resort
    assert codes == set(PROBLEMS)


@pytest.mark.parametrize(
    ("forbidden", "allowed_in"),
    [
        ("timezone.now(", "common/clock.py"),
        ("datetime.now(", "common/clock.py"),
        ("date.today(", "common/clock.py"),
        ("user.has_perm(", ""),
        ("get_objects_for_user", ""),
        ("float(", ""),
        ('fields = "__all__"', ""),
        (".objects.all()", ""),
        ("post_save", ""),
        ("pre_save", "common/encryption.py"),  # the field's method, not the signal
        ("import_module", ""),
    ],
)
def test_words_that_do_not_occur(forbidden, allowed_in):
    found = [str(path) for path in sources() if forbidden in path.read_text("utf-8")]
    assert [path for path in found if not (allowed_in and path.endswith(allowed_in))] == []


def test_views_and_serializers_start_from_a_queryset_that_says_for_whom():
    scoped = {"tree", "in_reach", "in_family", "visible_to", "seen_by", "opened_to", "alive", "of"}
    for path in sources():
        if not {path.stem, path.parent.name} & {"views", "serializers", "filters", "admin"}:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            bare = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
            if bare and node.value.attr == "objects":
                own_row = path.parts[-3:-1] == ("accounts", "views") and node.attr == "get"
                posting = getattr(node.value.value, "id", "") == "Posting"  # correlated to a scoped transaction
                assert node.attr in scoped or own_row or posting, f"{path}:{node.lineno}"


def test_files_and_functions_stay_small():
    for path in sources():
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name}"


def test_the_rules_are_pure():
    for path in [
        *ROOT.glob("*/rules.py"),
        *ROOT.glob("*/rules/*.py"),
        *ROOT.glob("*/roles.py"),
        *ROOT.glob("*/kinds.py"),
    ]:
        imported = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert not [name for name in imported if name.startswith(("django", "rest_framework"))], path


def test_a_use_case_takes_keywords_only():
    with pytest.raises(TypeError):

        @use_case
        def positional(actor: Any) -> None: ...


def test_a_use_case_refuses_to_run_outside_a_unit_of_work():
    @use_case
    def alone(*, actor: Any) -> None: ...

    with pytest.raises(RuntimeError, match="outside a unit of work"):
        alone(actor=None)


@pytest.mark.django_db
def test_a_use_case_refuses_to_run_inside_another():
    @use_case
    def inner(*, actor: Any) -> None: ...

    @use_case
    def outer(*, actor: Any) -> None:
        inner(actor=actor)

    with unit_of_work(), pytest.raises(RuntimeError, match="inside"):
        outer(actor=None)


@pytest.mark.django_db
def test_a_unit_of_work_is_never_opened_twice():
    with unit_of_work(), pytest.raises(RuntimeError, match="open already"), unit_of_work():
        pass
