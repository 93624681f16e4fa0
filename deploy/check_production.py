"""`manage.py check --deploy` as a production installation runs it, with secrets made for the occasion."""

import os
import secrets
import subprocess
import sys
import tempfile


def main() -> int:
    with tempfile.TemporaryDirectory() as data:
        environment = {
            **os.environ,
            "APP_ENV": "production",
            "FINANCEBOT_DATA": data,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "JWT_SECRET_KEY": secrets.token_urlsafe(48),
            "HMAC_SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEY": secrets.token_urlsafe(48),
            "SEAL_KEY": secrets.token_urlsafe(48),
            "ALLOWED_HOSTS": "ledger.test",
        }
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        return subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
