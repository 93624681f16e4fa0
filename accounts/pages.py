"""Logging in with a browser: the same log-in as the API's, ending in a cookie instead of tokens."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import providers, second_factor, services, tries
from accounts.authentication import SESSION_KEY, actor_of_session, nobody
from accounts.models import LoginSession, User
from accounts.serializers import CODE_MAX, PASSWORD_MAX
from accounts.services import Challenged, Entered
from accounts.tokens import proof_age
from accounts.tries import LOGIN_LIMIT
from audit.trail import Actor
from financebot.api import limits, problems
from financebot.common.errors import DomainError
from financebot.common.usecase import Refused, unit_of_work

CHALLENGE_KEY = "two_factor_challenge"  # of Django's session, which stays on the server


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=lazy("Password"),
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class LoginForm(PasswordForm):
    email = forms.CharField(
        label=lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    field_order = ["email", "password"]


class CodeForm(forms.Form):
    code = forms.CharField(
        label=lazy("Code of your app, or a backup code"),
        max_length=CODE_MAX,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class LoginPage(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, LoginForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LoginForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        if limits.is_over("login", LOGIN_LIMIT):
            form.add_error(None, _("Too many tries. Wait a minute."))
            return self._page(request, form, status=HTTPStatus.TOO_MANY_REQUESTS)
        actor = nobody(channel="web")
        proof = tries.to_enter(actor, **form.cleaned_data)
        with unit_of_work():
            outcome = services.log_in(actor=actor, proof=proof)
        if isinstance(outcome, Refused):
            form.add_error(None, _("E-mail address or password are not right."))
            return self._page(request, form)
        return go_in(request, outcome)

    def _page(self, request: HttpRequest, form: LoginForm, status: int = HTTPStatus.OK) -> HttpResponse:
        others = [(provider.label, reverse(f"oauth-{provider}-start")) for provider in providers.switched_on()]
        return form_page(request, "accounts/login.html", form, status, others=others, origin=settings.PUBLIC_URL)


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class LoginCodePage(View):
    """The second step for who has a second factor."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if CHALLENGE_KEY not in request.session:
            return redirect("rest_framework:login")
        return self._page(request, CodeForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        challenge = request.session.get(CHALLENGE_KEY)
        if challenge is None:
            return redirect("rest_framework:login")
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        if limits.is_over("login", LOGIN_LIMIT):
            form.add_error(None, _("Too many tries. Wait a minute."))
            return self._page(request, form, status=HTTPStatus.TOO_MANY_REQUESTS)
        outcome = _answer(challenge, form.cleaned_data["code"])
        if isinstance(outcome, Entered):
            return go_in(request, outcome)
        form.add_error(None, problems.sentence(outcome))
        return self._page(request, form)

    def _page(self, request: HttpRequest, form: CodeForm, status: int = HTTPStatus.OK) -> HttpResponse:
        return form_page(request, "accounts/login_code.html", form, status)


def _answer(challenge: str, code: str) -> Entered | DomainError:
    """The log-in, or what is wrong, be it raised or remembered."""
    actor = nobody(channel="web")
    shown = tries.at_challenge(actor, challenge, code, second_factor.factor_of(code))
    try:
        with unit_of_work():
            outcome = services.answer_challenge(actor=actor, challenge=challenge, shown=shown)
    except DomainError as error:
        return error
    return outcome.problem if isinstance(outcome, Refused) else outcome


def go_in(request: HttpRequest, outcome: Entered | Challenged, wanted: str = "") -> HttpResponse:
    """To the path that somebody wants to, with a session; first to the second step for who has one."""
    wanted = wanted or own_path(request, otherwise=settings.LOGIN_REDIRECT_URL)
    if isinstance(outcome, Challenged):
        _begin(request, CHALLENGE_KEY, outcome.challenge)
        return redirect(f"{reverse('rest_framework:login_code')}?{urlencode({'next': wanted})}")
    _begin(request, SESSION_KEY, outcome.session.pk)
    return remember_device(redirect(wanted), outcome.seen.device_id)


def _begin(request: HttpRequest, key: str, value: str | int) -> None:
    """A browser session with nothing else in it: a session id or CSRF token from before is worth nothing after it."""
    request.session.flush()
    rotate_token(request)
    request.session[key] = value


def form_page(
    request: HttpRequest, template: str, form: forms.Form | None, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    wanted = own_path(request, otherwise=settings.LOGIN_REDIRECT_URL)
    return render(request, template, {"form": form, "next": wanted, **more}, status=status)


class ProvenPage(View):
    """For who has proved a short while ago who they are: others log in first, or show their password again."""

    actor: Actor
    user: User

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        session = login_session(request)
        if session is None or proof_age(session) >= settings.STEP_UP_LIFETIME:
            page = reverse(f"rest_framework:{'step_up' if session else 'login'}")
            return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
        self.actor, self.user = actor_of_session(session, channel="web"), session.user
        return super().dispatch(request, *args, **kwargs)


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class StepUpPage(View):
    """Prove once more who one is, then go on; who is not logged in logs in, which is such a proof."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        session = login_session(request)
        wanted = own_path(request, otherwise=settings.LOGIN_REDIRECT_URL)
        if session is None:
            return redirect(f"{reverse('rest_framework:login')}?{urlencode({'next': wanted})}")
        form = PasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and steps_up(form, actor_of_session(session, channel="web"), session.user):
            return redirect(wanted)
        return form_page(request, "accounts/step_up.html", form)


def steps_up(form: PasswordForm, actor: Actor, user: User) -> bool:
    """Whether the password of a form that is filled in is theirs; if not, the form says so."""
    proof = tries.of_oneself(actor, user, form.cleaned_data["password"])
    with unit_of_work():
        outcome = services.step_up(actor=actor, proof=proof)
    if isinstance(outcome, Refused):
        form.add_error("password", problems.sentence(outcome.problem))
        return False
    return True


def login_session(request: HttpRequest) -> LoginSession | None:
    """The log-in behind the browser's cookie, if it still stands."""
    alive = LoginSession.objects.alive().select_related("user")
    return alive.filter(pk=request.session.get(SESSION_KEY) or 0).first()


class LogoutPage(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "accounts/logout.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        session = login_session(request)
        if session:
            with unit_of_work():
                services.log_out(actor=actor_of_session(session, channel="web"), everywhere=False)
        request.session.flush()
        return redirect(settings.LOGOUT_REDIRECT_URL)


def remember_device(response: HttpResponse, device_id: str) -> HttpResponse:
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        device_id,
        max_age=settings.DEVICE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def own_path(request: HttpRequest, *, otherwise: str) -> str:
    """Where `next` wants to go, only ever to a path of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if own else otherwise


urlpatterns = [
    path("login", LoginPage.as_view(), name="login"),
    path("login/code", LoginCodePage.as_view(), name="login_code"),
    path("step-up", StepUpPage.as_view(), name="step_up"),
    path("logout", LogoutPage.as_view(), name="logout"),
]
