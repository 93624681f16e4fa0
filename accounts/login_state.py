"""Who was sent to a provider must be who comes back: what the browser keeps meanwhile, in a cookie that we signed."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import timedelta
from hmac import compare_digest

from django.core import signing

from accounts.errors import LoginNotBegun

LIFE = timedelta(minutes=10)
SALT = "financebot.oauth"


@dataclass(frozen=True, slots=True)
class LoginState:
    """`state` goes to the provider and back, `verifier` is told with the code alone (RFC 7636); `wanted`: the path of
    ours to go to."""

    provider: str
    state: str
    verifier: str
    wanted: str
    invitation: str

    @classmethod
    def begin(cls, provider: str, *, wanted: str, invitation: str) -> "LoginState":
        return cls(provider, secrets.token_urlsafe(24), secrets.token_urlsafe(32), wanted, invitation)

    @classmethod
    def resume(cls, cookie: str, *, provider: str, state: str) -> "LoginState":
        """What was begun in this browser, with this provider, at most ten minutes ago; LoginNotBegun otherwise."""
        try:
            found = cls(**signing.loads(cookie, salt=SALT, max_age=LIFE))
        except signing.BadSignature as error:
            raise LoginNotBegun from error
        if found.provider != provider or not compare_digest(found.state.encode(), state.encode()):
            raise LoginNotBegun
        return found

    @property
    def cookie(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)

    @property
    def challenge(self) -> str:
        """The verifier's S256 (RFC 7636, 4.2)."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
