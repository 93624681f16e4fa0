"""Log lines carry the id of the request they belong to, and nothing that is secret or leads to a person."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from financebot.api import trace
from financebot.common.masking import mask


def configuration(*, level: str, form: str, security: str) -> dict[str, Any]:
    """What Django's LOGGING says. `security`: the file of the events of security, or stdout."""
    stream: dict[str, Any] = {"class": "logging.StreamHandler", "filters": ["trace"]}
    to_file = {"class": "logging.handlers.WatchedFileHandler", "filename": security, "delay": True}
    to_security = {"stream": "ext://sys.stdout"} if security == "stdout" else to_file
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"trace": {"()": "financebot.api.logs.TraceFilter"}},
        "formatters": {
            "text": {
                "()": "financebot.api.logs.TextFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
            },
            "json": {"()": "financebot.api.logs.JsonFormatter"},
        },
        "handlers": {
            "console": {**stream, "formatter": form},
            "security_text": {**stream, "formatter": "text"},
            "security_json": {**stream, **to_security, "formatter": "json"},
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},  # refusals are in the access log
            "financebot.security": {
                "handlers": ["security_text", "security_json"],
                "level": "INFO",  # whatever the level of the others
                "propagate": False,
            },
        },
    }


class TraceFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        now = trace.current.get()
        record.request_id = now.request_id if now else "-"
        return True


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class RequestFilter(logging.Filter):
    """For the web server's own lines, which quote requests that it cannot read or serve: links of letters and tokens
    may stand in them. What is wrong stays; what stands in quotes or after a question mark does not."""

    def filter(self, record: logging.LogRecord) -> bool:
        said, quote, _request = record.getMessage().partition("'")
        told, query, _rest = said.partition("?")
        record.msg, record.args = told + "…" if quote or query else told, None
        return True


class JsonFormatter(logging.Formatter):
    """An object a line; what a record has in `facts` stands in it too."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: _masked(value) for name, value in line.items()}, ensure_ascii=False)


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    return [_masked(inner) for inner in value] if isinstance(value, list) else value
