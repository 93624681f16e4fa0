"""A client that speaks to the API as a program does."""

from typing import Any

from rest_framework.test import APIClient

from tests.factories import PASSWORD

API = "/api/v1"


class Http:
    """One person's view of the API; `post("/wallets", name="Cash")` sends JSON with their bearer token."""

    def __init__(self, token: str | None = None, **headers: str) -> None:
        self.client = APIClient(raise_request_exception=True)
        self.headers = headers
        if token:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        send = getattr(self.client, method)
        kwargs: dict[str, Any] = {"headers": {**self.headers, **(headers or {})}}
        if method != "get":
            kwargs |= {"data": body, "format": "json"}
        answer = send(path if path.startswith("/health") else f"{API}{path}", **kwargs)
        if answer.streaming:
            answer.file = answer.getvalue()  # read to its end, which closes it
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.call("get", path, headers=headers)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return self.call("post", path, body, headers)

    def patch(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return self.call("patch", path, body, headers)

    def put(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return self.call("put", path, body, headers)

    def delete(self, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return self.call("delete", path, body, headers)


def registered(email: str, **names: str) -> Http:
    """Somebody new, over HTTP."""
    answer = Http().post("/auth/register", email=email, password=PASSWORD, **names)
    assert answer.status_code == 201, answer.json()
    return Http(answer.json()["access_token"])
