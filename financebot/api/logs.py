"""Log lines carry the id of the request they belong to, and no token."""

import json
import logging
import re
from datetime import UTC, datetime

from financebot.api import trace

TOKENS = re.compile(r"(?<=jwt_token=)[^&\s'\"]+|\beyJ[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


def scrub(text: str) -> str:
    """Without what is a token by its name in an address, or by its form (RFC 7515, 7.1)."""
    return TOKENS.sub("***", text)


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class TraceFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        now = trace.current.get()
        record.request_id = now.request_id if now else "-"
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return scrub(json.dumps(line, ensure_ascii=False))
