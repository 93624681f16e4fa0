"""docs/signatures.md: its test vectors are ours, its snippets come to the same, and what it types works."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from accounts.models import ApiClient
from accounts.signatures import NONCE, base_string, signature_of
from tests.installation import ROOT
from tests.signing import new_client

DOCUMENT = (ROOT / "docs/signatures.md").read_text("utf-8")
[SECRET] = re.findall(r"The secret is `(\S+)`\.", DOCUMENT)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


VECTORS: list[dict[str, Any]] = json.loads(blocks("json")[0])
WITH_NONCE = [vector for vector in VECTORS if vector["nonce"]]


def test_there_are_vectors_enough():
    assert len(VECTORS) >= 3
    assert {bool(vector["nonce"]) for vector in VECTORS} == {True, False}
    assert {bool(vector["body"]) for vector in VECTORS} == {True, False}
    assert all(NONCE.fullmatch(vector["nonce"]) for vector in WITH_NONCE)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["endpoint"])
def test_a_vector_is_what_is_checked_here(vector):
    given = {name: vector[name] for name in ("method", "endpoint", "timestamp", "nonce")}
    base = base_string(**given, body=vector["body"].encode())
    assert base.decode() == vector["base_string"]
    assert signature_of(SECRET, base) == vector["signature"]


def test_the_python_comes_to_the_same():
    made: dict[str, Any] = {}
    exec(blocks("python")[0], made)
    for vector in WITH_NONCE:
        method, endpoint, body = vector["method"], vector["endpoint"], vector["body"].encode()
        more = {"timestamp": vector["timestamp"], "nonce": vector["nonce"]}
        headers = made["signed_headers"]("reports", SECRET, method, endpoint, body, **more)
        assert headers == said(vector)
    fresh = [made["signed_headers"]("reports", SECRET, "GET", "/")["X-Nonce"] for _ in range(2)]
    assert fresh[0] != fresh[1]
    assert all(NONCE.fullmatch(nonce) for nonce in fresh)


def said(vector: dict[str, Any]) -> dict[str, str]:
    return {
        "X-Client-Id": "reports",
        "X-Timestamp": vector["timestamp"],
        "X-Nonce": vector["nonce"],
        "X-Signature": vector["signature"],
    }


needs_node = pytest.mark.skipif(
    not shutil.which("node"),
    reason="THE JAVASCRIPT OF docs/signatures.md IS NOT TESTED: it needs node, which the project itself does not",
)


@needs_node
def test_the_javascript_comes_to_the_same():
    calls = """
    const [secret, vectors] = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
    const one = (v) => signedHeaders("reports", secret, v.method, v.endpoint, v.body, v.timestamp, v.nonce);
    const made = vectors.map(one);
    console.log(JSON.stringify([made, signedHeaders("reports", secret, "GET", "/")]));
    """
    given = json.dumps([SECRET, WITH_NONCE])
    run = subprocess.run(
        ["node", "-e", blocks("javascript")[0] + calls], input=given, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    made, fresh = json.loads(run.stdout)
    assert made == [said(vector) for vector in WITH_NONCE]
    assert NONCE.fullmatch(fresh["X-Nonce"])


needs_openssl = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="the commands need curl and openssl"
)


def bash(script: str, **environment: str) -> str:
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@needs_openssl
def test_openssl_comes_to_the_same():
    for vector in WITH_NONCE:
        given = {name.upper(): vector[name] for name in ("method", "endpoint", "body", "timestamp", "nonce")}
        call = 'sign "$METHOD" "$ENDPOINT" "$BODY" "$TIMESTAMP" "$NONCE"'
        assert bash(f"{blocks('bash')[0]}\n{call}", SECRET=SECRET, **given).strip() == vector["signature"]


@needs_openssl
@pytest.mark.django_db(transaction=True)
def test_what_it_types_works(live_server):
    client = new_client("reports")
    functions, calls = (block.replace("http://127.0.0.1:8000", live_server.url) for block in blocks("bash"))
    script = f"{functions}\n{calls}".replace("\nsigned", "\necho =====\nsigned").replace(
        "\nSECRET=", "\necho =====\nSECRET="
    )
    _, sessions, profile, refused = bash(script, CLIENT_ID=client.client_id, SECRET=client.secret).split("=====")[-4:]
    assert json.loads(sessions)["results"][0]["current"] is True
    assert json.loads(profile)["first_name"] == "Zoë"
    assert json.loads(refused)["code"] == "signature_invalid"
    assert ApiClient.objects.count() == 1
