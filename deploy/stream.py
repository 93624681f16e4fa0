"""Serves the stream (uvicorn) where BIND and STREAM_PORT say; a file, so that its options stand in one place."""

import os
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    port = os.environ.get("STREAM_PORT", "").strip() or str(int(os.environ.get("PORT", "").strip() or "8000") + 1)
    uvicorn.run(
        "financebot.asgi:application",
        host=os.environ.get("BIND", "").strip() or "127.0.0.1",
        port=int(port),
        lifespan="on",
        log_level="critical",  # what it says beyond that holds addresses with tickets, or nothing new
        proxy_headers=False,  # TRUSTED_PROXY_COUNT says whose are believed
        server_header=False,
        ws_max_size=4096,  # bytes: nobody has anything to say to us
        timeout_graceful_shutdown=3,
    )
