"""What becomes of the words that nobody but a person who is erased has ever seen; the money stays as it was booked."""

from django.db.models import Q

from accounts.moments import Told
from audit.trail import Actor
from families.models import Family, Membership
from ledger.kinds import Visibility
from ledger.models import Category, Payee, Tag, Transaction, Wallet
from ledger.querysets import NEVER_SUBMITTED


def erase_hidden_words(user_id: int, actor: Actor) -> Told:
    """Of their private wallets the names; of drafts, and of what moved on nothing but wallets that they hid, all words;
    and all of families that nobody else has ever been in.

    The caller holds the families' locks alone. What a booked split says of itself stays: postings never change.
    """
    mine = Membership.objects.of(user_id)
    alone = list(Family.objects.of_one(user_id).values_list("pk", flat=True))
    hidden = Wallet.objects.filter(holder__in=mine).exclude(visibility=Visibility.SHARED)
    ids = list(hidden.values_list("pk", flat=True))
    of_mine = [Q(**{f"{side}__in": ids}) | Q(**{f"{side}__isnull": True}) for side in ("from_wallet", "to_wallet")]
    unseen = (of_mine[0] & of_mine[1]) | (Q(author__in=mine) & NEVER_SUBMITTED) | Q(family__in=alone)
    entries = list(Transaction.objects.filter(unseen).order_by("pk").values_list("pk", flat=True))
    named = Transaction.objects.filter(pk__in=entries)
    payees, tags = [list(named.values_list(name, flat=True).distinct()) for name in ("payee", "tags")]
    named.update(description="", notes="", payee=None, search="")
    Transaction.tags.through._base_manager.filter(transaction__in=entries).delete()
    Payee.objects.filter(pk__in=payees, transactions__isnull=True).delete()
    Tag.objects.filter(pk__in=tags, transactions__isnull=True).delete()
    Wallet.objects.filter(Q(holder__in=mine, visibility=Visibility.PRIVATE) | Q(family__in=alone)).update(name="")
    Category.objects.filter(family__in=alone).update(name="")
    return []
