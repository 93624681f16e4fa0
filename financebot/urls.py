from django.contrib import admin
from django.urls import include, path, register_converter

from accounts.letter_pages import urlpatterns as letter_pages
from accounts.pages import urlpatterns as accounts_pages
from accounts.register_page import urlpatterns as register_page
from accounts.telegram_pages import urlpatterns as telegram_pages
from accounts.two_factor_pages import urlpatterns as two_factor_pages
from financebot import health, pages
from financebot.api.converters import IdConverter

register_converter(IdConverter, "id")

urlpatterns = [
    path("health", health.alive, name="health"),
    path("health/ready", health.ready, name="ready"),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("families.urls")),
    path("api/v1/", include("ledger.urls")),
    path("api/v1/", include("delivery.urls")),
    path("admin/", admin.site.urls),
    path("openapi.json", pages.OpenApiView.as_view(), name="openapi"),
    path("docs", pages.SwaggerView.as_view(url_name="openapi"), name="docs"),
    path("docs/problems", pages.ProblemsPage.as_view(), name="problems"),
    path("redoc", pages.RedocView.as_view(url_name="openapi"), name="redoc"),
    path("", include(letter_pages)),
    path("", include(([*accounts_pages, *two_factor_pages, *register_page, *telegram_pages], "rest_framework"))),
]

handler400 = "financebot.api.problems.bad_request"
handler403 = "financebot.api.problems.forbidden"
handler404 = "financebot.api.problems.not_found"
handler500 = "financebot.api.problems.server_error"
