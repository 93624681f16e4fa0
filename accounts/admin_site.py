"""The back office: who may enter, what may stand in it, and what it lets anybody do there, which is to look.

Things happen in it by actions that call use cases; no form of it writes a row.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.admin_acts import Act
from accounts.authentication import SESSION_KEY, actor_of_session
from accounts.models import LoginSession, TotpDevice
from accounts.pages import PasswordForm, own_path, steps_up
from audit.trail import Actor

IMPOSSIBLE = re.compile(r"[0-9]{19}|\0")


class FinanceAdminSite(admin.AdminSite):
    """Only classes that say whose rows they show are taken; a log-in that has ended ends here too."""

    site_header = site_title = "FinanceBot"
    index_title = lazy("Back office")
    site_url = None
    enable_nav_sidebar = False  # lists are wide

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        if not (isinstance(admin_class, type) and issubclass(admin_class, OfficeAdmin)):
            raise ImproperlyConfigured(f"{admin_class} of {model_or_iterable} must be an OfficeAdmin")
        super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether staff is logged in, and protected as the installation wants: rows say so, at every request."""
        if not hasattr(request, "login_session"):
            session = LoginSession.objects.alive().select_related("user")
            found = session.filter(pk=request.session.get(SESSION_KEY) or 0).first()
            request.login_session = found  # type: ignore[attr-defined]
            request.user = found.user if found else AnonymousUser()
        return bool(request.user.is_active and request.user.is_staff) and not lacks_second_factor(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            """Numbers that no database takes, and NUL, are refused before they reach one."""
            asked = [value for name, values in request.GET.lists() if name != SEARCH_VAR for value in values]
            if any(IMPOSSIBLE.search(value) for value in [*asked, *request.POST.getlist(ACTION_CHECKBOX_NAME)]):
                raise SuspiciousOperation
            response: HttpResponse = inner(request, *args, **kwargs)
            return response

        return guarded

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The one log-in that there is; who is logged in already and may not enter is told so."""
        self.has_permission(request)
        if request.user.is_authenticated:
            context = {"lacks_second_factor": request.user.is_staff and lacks_second_factor(request)}
            return render(request, "admin/no_entry.html", context, status=HTTPStatus.FORBIDDEN)
        wanted = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{reverse('rest_framework:login')}?{urlencode({'next': wanted})}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("rest_framework:logout")

    def get_urls(self) -> list[Any]:
        return [path("step-up/", self.admin_view(self.step_up), name="step_up"), *super().get_urls()]

    def step_up(self, request: HttpRequest) -> HttpResponse:
        """Prove once more who one is, then try again."""
        form = PasswordForm(request.POST if request.method == "POST" else None)
        wanted = own_path(request, otherwise=reverse("admin:index"))
        if form.is_valid() and steps_up(form, actor_of(request), request.user):  # type: ignore[arg-type]
            return redirect(wanted)
        context = {**self.each_context(request), "title": _("Confirm that it is you"), "form": form, "next": wanted}
        return render(request, "admin/step_up.html", context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        raise Http404  # passwords change by the API, which asks for the old one and ends other sessions

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        raise Http404


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in the back office; the family is the row's, and for the action to say."""
    return actor_of_session(request.login_session, channel="admin")  # type: ignore[attr-defined]


class Looking:
    """Nobody adds, changes or deletes."""

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OfficeAdmin(Looking, admin.ModelAdmin):  # type: ignore[type-arg]
    """A look at one kind of row. `acts`: what can be done with rows chosen in the list."""

    acts: tuple[Act, ...] = ()

    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0  # no page of everything
    view_on_site = False
    also_allowed: tuple[str, ...] = ()  # fields that an address may name beside the filters

    def may_act(self, request: HttpRequest) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Never in a window that is there to choose a row."""
        if "_popup" in request.GET or not self.may_act(request):
            return {}
        return {act.name: (act, act.name, act.label) for act in self.acts}

    def described(self, request: HttpRequest, rows: list[Any]) -> list[tuple[Any, str]]:
        """Rows with what somebody who acts on them should have read."""
        return [(row, str(row)) for row in rows]

    def actor_for(self, request: HttpRequest, row: Any) -> Actor:
        return actor_of(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for line in self.get_fields(request, obj) for name in _names(line)]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """What stands in the address narrows a list by its filters alone: any other field may be one that is hidden."""
        if request is None:
            return False
        filters = [_field_of(item) for item in self.get_list_filter(request)]
        allowed = [*filters, self.date_hierarchy, *self.also_allowed]
        return any(lookup == name or lookup.startswith(f"{name}__") for name in allowed if name)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.name

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What happened to a thing stands in the events, not in a log of this site."""
        raise Http404


class OperatorOnlyAdmin(OfficeAdmin):
    """Rows of the installation: for those who run it."""

    def may_act(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request)


def link(page: str, text: Any, *args: Any, **query: Any) -> str:
    """A link to a page of the office, such as `ledger_wallet_changelist`."""
    address = reverse(f"admin:{page}", args=args) + (f"?{urlencode(query)}" if query else "")
    return format_html('<a href="{}">{}</a>', address, text)


def is_operator(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the installation wants one of everybody here, and this person has none."""
    return settings.ADMIN_REQUIRE_2FA and not TotpDevice.objects.of(request.user.pk or 0).confirmed().exists()


def _names(line: Any) -> Iterable[str]:
    return [line] if isinstance(line, str) else line


def _field_of(item: Any) -> str | None:
    """The field that a list filter is about, or what it is called in an address."""
    if isinstance(item, tuple | list):
        item = item[0]
    return item if isinstance(item, str) else getattr(item, "parameter_name", None)
