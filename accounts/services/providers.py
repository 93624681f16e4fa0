"""The way in by somebody else's word: Google's or GitHub's."""

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError

from accounts import codes, login_state
from accounts.errors import AccountNotLinked, LoginNotBegun
from accounts.models import CodePurpose, OAuthLink, User
from accounts.providers import Identity
from accounts.second_factor import Challenged
from accounts.sessions import Entered, admit, open_session, require_invitation
from audit import trail
from audit.names import EventName
from audit.trail import Actor, Event
from financebot.common import clock
from financebot.common.errors import Changed
from financebot.common.usecase import Refused, use_case


@use_case
def enter_by_provider(
    *, actor: Actor, state: str, identity: Identity, invitation: str
) -> Entered | Challenged | Refused:
    """The log-in of whom a provider knows: by their link, else by their address, which links an account whose own
    address is proven; else a new account. Uses up the state of the way there; locks the user.

    Raises LoginNotBegun for a state that was used, Changed where an account or a link came up meanwhile,
    AccountNotLinked for the address that an account had before, PermissionDenied where people come by invitation only.
    A refusal of an account is remembered.
    """
    if not codes.use_up(CodePurpose.OAUTH_STATE, state, life=login_state.LIFE):
        raise LoginNotBegun
    link = OAuthLink.objects.filter(provider=identity.provider, subject=identity.subject).first()
    whom = {"pk": link.user_id} if link else {"email": identity.email}
    user = User.objects.lock().filter(**whom).first()
    if user is None:
        entered = _register(actor, identity, invitation)
        said = {"provider": (None, identity.provider), "user_id": (None, entered.user.pk)}
        trail.record(Event(EventName.REGISTERED, "session", entered.session.pk, said), actor=actor)
        return entered
    by_provider = {"provider": (None, identity.provider)}
    if not user.may_log_in or user.email_verified_at is None:
        trail.record(Event(EventName.LOGIN_FAILED, "user", user.pk, by_provider), actor=actor)
        return Refused(AccountNotLinked(provider=identity.provider.label))
    linked = [] if link else [Event(EventName.OAUTH_LINKED, "user", user.pk, by_provider)]
    if not link:
        _link(user, identity)
    outcome, news = admit(user, actor)
    trail.record(*linked, *news, actor=actor)
    return outcome


def _register(actor: Actor, identity: Identity, invitation: str) -> Entered:
    """A new account without a password, its address proven by who let them in."""
    require_invitation(invitation)
    if User.objects.holding(identity.email).exists():
        raise AccountNotLinked(provider=identity.provider.label)
    try:
        user = User.objects.create(
            email=identity.email,
            password=make_password(None),
            first_name=identity.first_name,
            last_name=identity.last_name,
            email_verified_at=clock.now(),
        )
    except IntegrityError as error:
        raise Changed from error
    _link(user, identity)
    return open_session(user, actor)


def _link(user: User, identity: Identity) -> None:
    try:
        OAuthLink.objects.create(user=user, provider=identity.provider, subject=identity.subject)
    except IntegrityError as error:
        raise Changed from error
