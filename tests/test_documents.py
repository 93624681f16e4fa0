"""What the documents tell people to type, typed word by word against a live server."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from families.roles import TABLE, Role

ROOT = Path(__file__).resolve().parent.parent
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="the commands need curl")


def typed(document: str, url: str) -> list[str]:
    """What each block of commands printed."""
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / document).read_text("utf-8"), re.DOTALL)
    script = "\necho =====\n".join(blocks).replace("http://127.0.0.1:8000", url)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split("=====")


@needs_curl
@pytest.mark.django_db(transaction=True)
def test_the_readme_s_ten_minutes(live_server):
    _, recorded, looked_at, joined, refused = typed("README.md", live_server.url)
    assert recorded.count('"status":"executed"') == 3
    assert '"balance":"2400.00"' in looked_at
    [lunch] = re.findall(r'"original_transaction_id":(\d+)', looked_at)
    assert f'"id":{lunch},' in recorded
    assert joined.count("Pocket money") == 1
    assert "Bank" not in joined
    assert '"code":"insufficient_funds"' in refused
    assert '"code"' not in recorded + looked_at + joined


@needs_curl
@pytest.mark.django_db(transaction=True)
def test_the_guide_to_the_api(live_server):
    _, sessions, proof, reset, mine, there, steps, off, *rest = typed("docs/api.md", live_server.url)
    money, once, seen, lists, listening, many, refused = rest
    assert sessions.count('"access_token"') == 1
    assert '"valid_until"' in proof
    assert reset.strip().startswith("204\n204\n")
    assert '"code":"invalid_code"' in reset
    assert '"authorization_url":"http' in there
    assert '"new_email":"other@example.org"' in mine
    assert mine.strip().endswith("200 application/zip")
    assert steps.count('"access_token"') == 1
    assert steps.count('"code":"invalid_code"') == 1
    assert off.strip() == ""
    assert '"to_amount":"16000"' in money
    assert once.strip() == ""
    assert '"notes":"rye"' in seen
    assert '"code":"precondition_failed"' in seen
    assert lists.count('"payee":"Bakery"') == 1
    assert '"ticket":' in listening
    assert '"errors":{"1":{"amount":' in many
    assert '"code":"amount_too_fine"' in refused
    assert '"code"' not in sessions + proof + money + lists


def test_the_table_of_roles_is_the_one_in_the_code():
    _, table = (ROOT / "docs/roles.md").read_text("utf-8").split("<!-- table -->")
    said = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| `")]
    flags = {
        name: [f for f, on in (("S", grant.step_up), ("T", grant.telegram)) if on] for name, grant in TABLE.items()
    }
    assert said == [
        [f"`{name}`", *(grant.scopes.get(role, "-") for role in Role), ", ".join(flags[name])]
        for name, grant in TABLE.items()
    ]
