"""What happens in the ledger when somebody leaves the family."""

from audit.names import EventName
from audit.trail import Actor, Event
from families.models import Membership
from financebot.common import clock
from ledger import booking, events
from ledger.kinds import Status, Visibility
from ledger.models import Transaction, Wallet


def end_membership(member: Membership, actor: Actor) -> list[Event]:
    """Cancel what they wait for, and put away what they hid, with its balance: nobody else is to see it.

    The caller holds the family's lock alone.
    """
    found = []
    waiting = Transaction.objects.in_family(member.family_id).waiting().filter(author=member)
    for head in waiting.select_related("replaces").lock():
        booking.stop_waiting(head, Status.CANCELLED)
        found.append(events.ended(EventName.TRANSACTION_CANCELLED, head))
    hidden = Wallet.objects.in_family(member.family_id).filter(holder=member, archived_at__isnull=True)
    for wallet in hidden.exclude(visibility=Visibility.SHARED).lock():
        wallet.archived_at = clock.now()
        wallet.version += 1
        wallet.save(update_fields=["archived_at", "version"])
        found.append(events.of_wallet(EventName.WALLET_ARCHIVED, wallet, {"archived_at": (None, wallet.archived_at)}))
    return found
