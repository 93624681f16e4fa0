"""Clients and service tokens in the back office: that they are there, and nothing that opens anything."""

import pytest

from accounts.models import ApiClient, ServiceToken
from accounts.services import create_client, issue_service_token, rotate_client
from audit.trail import Actor
from financebot.common.usecase import unit_of_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def secrets(db) -> list[str]:
    """A client's two secrets as they are and as they are stored, and a service token of its."""
    with unit_of_work():
        first = create_client(actor=Actor(), client_id="reports").secret
    with unit_of_work():
        second = rotate_client(actor=Actor(), client_id="reports").secret
    with unit_of_work():
        token = issue_service_token(actor=Actor(), client_id="reports").token
    [stored] = ApiClient.objects.values_list("secret", "previous_secret")
    return [first, second, token, *(sealed.partition(":")[2] for sealed in stored)]


@pytest.mark.parametrize("model", [ApiClient, ServiceToken])
def test_an_operator_sees_them_and_none_of_their_secrets(operator, secrets, model):
    row = model.objects.get()
    for page in (f"accounts/{model._meta.model_name}/", f"accounts/{model._meta.model_name}/{row.pk}/change/"):
        answer = operator.get(page)
        assert answer.status_code == 200
        assert b"reports" in answer.content
        assert [secret for secret in secrets if secret.encode() in answer.content] == []


@pytest.mark.parametrize("model", [ApiClient, ServiceToken])
@pytest.mark.parametrize("query", ["secret__isnull=True", "previous_secret__isnull=True", "jti__startswith=a"])
def test_nothing_can_be_asked_of_their_secrets_by_an_address(operator, secrets, model, query):
    assert operator.get(f"accounts/{model._meta.model_name}/?{query}").status_code in {302, 400}


@pytest.mark.parametrize("model", [ApiClient, ServiceToken])
def test_an_owner_sees_none(desk, secrets, model):
    assert desk("owner").get(f"accounts/{model._meta.model_name}/").status_code in {302, 403, 404}
