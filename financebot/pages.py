"""Pages about the API itself."""

from typing import Any

from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer

from financebot.api.problems import PROBLEMS


class OpenApiView(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document."""


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI, with its script in a file of its own: no inline script passes our CSP."""


class RedocView(SpectacularRedocView):
    renderer_classes = [TemplateHTMLRenderer]


class ProblemsPage(TemplateView):
    """Every refusal with its status and sentence: what `type` of a problem document points to."""

    template_name = "problems.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = sorted(PROBLEMS.items(), key=lambda item: (item[1].status, item[0]))
        return super().get_context_data(problems=rows, **kwargs)
