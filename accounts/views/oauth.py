from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.encoding import iri_to_uri
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import login_state, pages, providers, serializers, services
from accounts.authentication import nobody
from accounts.errors import (
    AccountNotLinked,
    LoginNotBegun,
    ProviderAddressMissing,
    ProviderAway,
    ProviderRefused,
)
from accounts.login_state import LoginState
from accounts.models import Provider
from accounts.services import Challenged
from accounts.tries import LOGIN_LIMIT
from accounts.views.common import PersonViewSet, tokens_of
from financebot.api.views import ANYONE, Call, Instead
from financebot.common.errors import Changed, NotFound, PermissionDenied
from financebot.common.usecase import Refused, unit_of_work

WAY_MAX = 1000  # characters of a path to go to afterwards: the cookie that keeps it holds 4096


class OAuthViewSet(PersonViewSet):
    """The two steps of a log-in by a provider. A browser is led on and sees pages; whoever does not ask for HTML is
    answered as by a log-in with a password."""

    calls = {
        "start": Call(
            needs=ANYONE,
            query=serializers.OAuthStartQuery,
            answer=serializers.OAuthStartRead,
            secret=True,
            limit=LOGIN_LIMIT,
            problems=(NotFound,),
        ),
        "callback": Call(
            needs=ANYONE,
            query=serializers.OAuthCallbackQuery,
            answer=serializers.LoginRead,
            instead={202: serializers.ChallengeRead},
            secret=True,
            limit=LOGIN_LIMIT,
            problems=(
                AccountNotLinked,
                Changed,
                LoginNotBegun,
                NotFound,
                PermissionDenied,
                ProviderAddressMissing,
                ProviderAway,
                ProviderRefused,
            ),
        ),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if kwargs["provider"] not in providers.switched_on():
            raise NotFound

    def start(self, request: Request, provider: Provider) -> HttpResponse:
        """Sends a browser to the provider; tells others the address. The cookie with it has to come back."""
        wanted = iri_to_uri(pages.own_path(request._request, otherwise=settings.LOGIN_REDIRECT_URL))  # noqa: SLF001
        begun = LoginState.begin(
            provider,
            wanted=wanted if len(wanted) <= WAY_MAX else settings.LOGIN_REDIRECT_URL,
            invitation=self.query["invitation"],
        )
        address, life = providers.authorization_url(begun), int(login_state.LIFE.total_seconds())
        told = {"authorization_url": address, "expires_in": life}
        response = redirect(address) if self._is_browser else self.show(told)
        response.set_cookie(
            settings.OAUTH_COOKIE_NAME,
            begun.cookie,
            max_age=life,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",  # the provider sends the browser back: a navigation from another site
        )
        return response

    def callback(self, request: Request, provider: Provider) -> HttpResponse:
        """Where the provider sends back to. A browser goes on with a session of its own, others get tokens or a
        challenge."""
        cookie = request.COOKIES.get(settings.OAUTH_COOKIE_NAME, "")
        begun = LoginState.resume(cookie, provider=provider, state=self.query["state"])
        if "error" in self.query or "code" not in self.query:
            raise ProviderRefused(provider=provider.label)
        identity = providers.identify(begun, self.query["code"])
        with unit_of_work():
            outcome = services.enter_by_provider(
                actor=nobody(channel="web") if self._is_browser else self.actor,
                state=begun.state,
                identity=identity,
                invitation=begun.invitation,
            )
        if isinstance(outcome, Refused):
            raise outcome.problem
        if self._is_browser:
            response = pages.go_in(request._request, outcome, begun.wanted)  # noqa: SLF001 - with Django's session
        elif isinstance(outcome, Challenged):
            response = self._leave(self._stored(Instead(202, outcome)))
        else:
            response = self.show(tokens_of(outcome))
        response.delete_cookie(settings.OAUTH_COOKIE_NAME)
        return response

    def handle_exception(self, exc: Exception) -> Any:
        response: Response = super().handle_exception(exc)
        if not self._is_browser:
            return response
        return render(self.request._request, "accounts/oauth_failed.html", response.data, status=response.status_code)  # noqa: SLF001

    @property
    def _is_browser(self) -> bool:
        return "text/html" in self.request.headers.get("Accept", "")
