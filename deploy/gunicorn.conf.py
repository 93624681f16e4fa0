"""gunicorn: a worker per core, threads that mostly wait; more workers than cores were slower."""

import multiprocessing
import os
from typing import Any

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.setdefault("WEB_WORKERS", str(min(2, multiprocessing.cpu_count()))))
worker_class = "gthread"
threads = 32  # most of which wait their turn; two are free for /health at all times
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
limit_request_line = 8190  # a search, a payee and a tag, as long as they may be, in any script
limit_request_field_size = 8190
graceful_timeout = 8
timeout = 60
keepalive = 5
accesslog = None  # the application keeps its own
control_socket_disable = True


def on_starting(server: Any) -> None:
    """What gunicorn itself logs of a request is its address, in which a token may stand."""
    from financebot.api.logs import RequestFilter, TextFormatter  # noqa: PLC0415 - on the path by now

    server.log.error_log.addFilter(RequestFilter())
    for handler in server.log.error_log.handlers:
        handler.setFormatter(TextFormatter(server.log.error_fmt, server.log.datefmt))
