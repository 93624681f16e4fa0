"""The compose file says what the code understands."""

import re
import runpy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
OURS = {"web", "stream", "relay", "worker", "beat", "migrate"}
READ_BY = ("financebot/settings.py", "deploy/gunicorn.conf.py")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def test_the_services_are_those_that_exist(compose):
    assert set(compose["services"]) == {*OURS, "postgres", "redis"}
    assert compose["services"]["postgres"]["image"] == "postgres:16"
    assert compose["services"]["redis"]["image"] == "redis:7"


def test_everything_of_ours_runs_the_same_image_with_the_same_settings(compose):
    ours = [compose["services"][name] for name in OURS]
    assert [service["build"] for service in ours] == ["."] * len(OURS)
    assert all(service["environment"] == ours[0]["environment"] for service in ours)


def test_every_setting_is_read_by_the_code(compose):
    code = "".join((ROOT / path).read_text("utf-8") for path in READ_BY)
    for name in compose["services"]["web"]["environment"]:
        assert re.search(f"['\"]{name}['\"]", code), name


def test_every_setting_of_the_example_is_read_by_the_code():
    code = "".join((ROOT / path).read_text("utf-8") for path in READ_BY)
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    assert len(names) > 10
    read = [name.removesuffix("_FILE") for name in names]  # a secret may come from a file
    assert [name for name in read if not re.search(f"['\"]{name}['\"]", code)] == []


def test_no_secret_has_a_default(compose):
    environment = compose["services"]["web"]["environment"]
    for name in ("SECRET_KEY", "JWT_SECRET_KEY", "HMAC_SECRET_KEY", "ENCRYPTION_KEY", "SEAL_KEY", "ALLOWED_HOSTS"):
        assert environment[name].startswith(f"${{{name}:?")
    assert ":?" in compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert ":?" in environment["DATABASE_URL"]


def test_all_wait_for_the_migrations_and_these_for_the_database(compose):
    services = compose["services"]
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("postgres", "redis", "web"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"


def test_every_command_names_a_file_or_a_command_of_ours(compose):
    for service in compose["services"].values():
        command = service.get("command", [])
        if command[:1] == ["python"]:
            assert (ROOT / command[1]).is_file()
            name = command[2] if command[1] == "manage.py" else "migrate"
            assert name == "migrate" or list(ROOT.glob(f"*/management/commands/{name}.py"))


def test_the_worker_and_the_clock_run_the_app_that_there_is(compose):
    for name in ("worker", "beat"):
        command = compose["services"][name]["command"]
        assert command[:5] == ["celery", "--quiet", "--app", "financebot", name]
    assert compose["services"]["worker"]["volumes"] == ["mail:/data"]


def test_only_the_web_servers_are_reached_from_outside_and_only_from_this_machine(compose):
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    stream = ["127.0.0.1:${STREAM_PORT:-8001}:8001"]
    assert ports == {"web": ["127.0.0.1:${PORT:-8000}:8000"], "stream": stream}


def test_the_image_installs_with_hashes_and_runs_as_nobody_special():
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "--require-hashes -r requirements/base.txt" in dockerfile
    assert "\nUSER financebot\n" in dockerfile


def test_the_server_takes_the_longest_search_there_is():
    limit = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))["limit_request_line"]
    longest = {"search": 200, "payee": 200, "tag": 50}
    query = urlencode({name: "\N{MONEY BAG}" * length for name, length in longest.items()})
    assert 4094 < len(f"GET /api/v1/transactions?{query} HTTP/1.1") < limit
