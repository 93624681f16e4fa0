"""A household's first day, over HTTP: the thinnest whole."""

import pytest

from tests.http import Http, registered

pytestmark = pytest.mark.django_db


def test_a_family_records_lists_and_reverses_and_a_stranger_sees_nothing():
    ann, stranger = registered("ann@example.org"), registered("eve@example.org")
    family = ann.post("/families", name="Home", base_currency="EUR", timezone="Europe/Berlin").json()["id"]
    wallet = ann.post("/wallets", family_id=family, name="Cash", type="cash").json()
    assert (wallet["balance"], wallet["currency"]) == ("0.00", "EUR")

    spent = ann.post("/transactions", from_wallet_id=wallet["id"], amount="12.50", description="Lunch")
    assert spent.status_code == 201, spent.json()
    entry = spent.json()
    assert (entry["status"], entry["amount"], entry["type"]) == ("executed", "12.50", "expense")

    detail = ann.get(f"/transactions/{entry['id']}").json()
    assert [p["amount"] for p in detail["postings"]] == ["-12.50", "12.50"]
    assert [h["action"] for h in detail["history"]] == ["transaction.created", "transaction.executed"]
    assert [row["id"] for row in ann.get("/transactions").json()["results"]] == [entry["id"]]
    assert ann.get("/wallets").json()["wallets"][0]["balance"] == "-12.50"

    back = ann.post(f"/transactions/{entry['id']}/reverse", reason="wrong shop")
    assert back.status_code == 200, back.json()
    assert back.json()["original_transaction_id"] == entry["id"]
    assert ann.get("/wallets").json()["wallets"][0]["balance"] == "0.00"
    assert ann.get("/transactions").json()["results"] == []
    assert len(ann.get("/transactions?include=reversed").json()["results"]) == 2

    for path in (f"/transactions/{entry['id']}", f"/wallets/{wallet['id']}", f"/families/{family}"):
        assert stranger.get(path).status_code == 404
        assert Http().get(path).status_code == 401
