from django.urls import include, path, register_converter

from financebot import health
from financebot.api.converters import IdConverter

register_converter(IdConverter, "id")

urlpatterns = [
    path("health", health.alive, name="health"),
    path("health/ready", health.ready, name="ready"),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("families.urls")),
    path("api/v1/", include("ledger.urls")),
]

handler400 = "financebot.api.problems.bad_request"
handler403 = "financebot.api.problems.forbidden"
handler404 = "financebot.api.problems.not_found"
handler500 = "financebot.api.problems.server_error"
