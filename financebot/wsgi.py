import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from django.utils.http import parse_header_parameters


class Handler(WSGIHandler):
    """Django reads Content-Type before anything of ours runs, and fails on a charset that nobody knows."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        except ValueError:
            environ = {**environ, "CONTENT_TYPE": "application/octet-stream"}
        return super().__call__(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financebot.settings")
django.setup(set_prefix=False)
application = Handler()
