"""Log lines carry the id of the request they belong to."""

import json
import logging
from datetime import UTC, datetime

from financebot.api import trace


class TraceFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        now = trace.current.get()
        record.request_id = now.request_id if now else "-"
        return True


class RequestFilter(logging.Filter):
    """For the web server's own lines, which quote requests that it cannot read or serve: links of letters and tokens
    may stand in them. What is wrong stays; what stands in quotes or after a question mark does not."""

    def filter(self, record: logging.LogRecord) -> bool:
        said, quote, _request = record.getMessage().partition("'")
        told, query, _rest = said.partition("?")
        record.msg, record.args = told + "…" if quote or query else told, None
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
        return json.dumps(line, ensure_ascii=False)
