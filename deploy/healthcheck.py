"""Ask the web server of this container whether it lives, by the host name that it answers for."""

import http.client
import os
import sys


def main() -> int:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    server = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=2)
    server.request("GET", "/health", headers={"Host": host, "X-Forwarded-Proto": "https"})
    return 0 if server.getresponse().status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main())
