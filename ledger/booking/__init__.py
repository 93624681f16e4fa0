"""Writes that use cases compose: the only code that touches balances and totals.

Callers hold the family's lock. Here wallets are locked in the order of their ids, totals in the order of their keys.
"""

from ledger.booking.books import Books, last_rates
from ledger.booking.entries import (
    Entry,
    check_reversible,
    draft_of,
    entry_of,
    flip,
    insert,
    once_each,
    payee_of,
    payees_of,
    rewrite,
    shared_anew,
    tags_of,
    write_shares,
)
from ledger.booking.founding import default_categories
from ledger.booking.locking import lock_all, lock_seen, lock_spender, lock_wallets
from ledger.booking.moving import (
    check_open,
    hold,
    move,
    post,
    post_held,
    post_replacement,
    rehold,
    release,
    reverse,
    stop_waiting,
    take_back,
)
from ledger.booking.planning import Plan, plan
from ledger.booking.recording import (
    alone,
    permission_for,
    plan_within,
    record,
    record_one,
    require_reach,
    require_worth,
    settle,
    wallet_fields,
)
from ledger.booking.totals import share_anew, total

__all__ = [
    "Books",
    "Entry",
    "Plan",
    "alone",
    "check_open",
    "check_reversible",
    "default_categories",
    "draft_of",
    "entry_of",
    "flip",
    "hold",
    "insert",
    "last_rates",
    "lock_all",
    "lock_seen",
    "lock_spender",
    "lock_wallets",
    "move",
    "once_each",
    "payee_of",
    "payees_of",
    "permission_for",
    "plan",
    "plan_within",
    "post",
    "post_held",
    "post_replacement",
    "record",
    "record_one",
    "rehold",
    "release",
    "require_reach",
    "require_worth",
    "reverse",
    "rewrite",
    "settle",
    "share_anew",
    "shared_anew",
    "stop_waiting",
    "tags_of",
    "take_back",
    "total",
    "wallet_fields",
    "write_shares",
]
