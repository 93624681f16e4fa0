"""The README's ten minutes, typed word by word against a live server."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands need curl")
@pytest.mark.django_db(transaction=True)
def test_what_the_readme_tells_people_to_type_works(live_server):
    blocks = re.findall(r"```bash\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    script = "\necho =====\n".join(blocks).replace("http://127.0.0.1:8000", live_server.url)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    _, recorded, looked_at, joined, refused = run.stdout.split("=====")
    assert recorded.count('"status":"executed"') == 3
    assert '"balance":"2400.00"' in looked_at
    [lunch] = re.findall(r'"original_transaction_id":(\d+)', looked_at)
    assert f'"id":{lunch},' in recorded
    assert joined.count("Pocket money") == 1
    assert "Bank" not in joined
    assert '"code":"insufficient_funds"' in refused
    assert '"code"' not in recorded + looked_at + joined
