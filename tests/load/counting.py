"""The project's application, which notes each wrong password and code that it held against a stored one.

A line in the file LIVE_COUNTED, whichever process it was. What is locked is never held against anything.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from financebot.wsgi import application

# isort: split
from accounts import passwords, second_factor

__all__ = ["application"]


def noting(name: str, compare: Callable[..., bool]) -> Callable[..., bool]:
    def compared(*given: Any) -> bool:
        if right := compare(*given):
            return right
        with Path(os.environ["LIVE_COUNTED"]).open("a") as notes:
            notes.write(f"{name}\n")
        return False

    return compared


passwords.check_password = noting("password", passwords.check_password)
second_factor.spend = noting("app", second_factor.spend)
second_factor.spend_backup = noting("backup", second_factor.spend_backup)
