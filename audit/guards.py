"""Events are append-only: a number once, an erasure once, and nothing else ever changes."""

from audit.models import AuditSeal, EventLog
from financebot.common.guards import Guard, changed, never_deleted

EVENT = EventLog._meta.db_table
SUBJECT = "audit_eventsubject"
SEAL = AuditSeal._meta.db_table
FROZEN = [f.column for f in EventLog._meta.concrete_fields if f.column not in {"position", "private"}]

GUARDS = [
    *never_deleted(EVENT, SUBJECT, SEAL),
    Guard(
        "audit_event_is_append_only",
        EVENT,
        "UPDATE",
        changed(FROZEN),
    ),
    Guard(
        "audit_event_is_numbered_once",
        EVENT,
        "UPDATE",
        "OLD.position IS NOT NULL AND NEW.position IS DISTINCT FROM OLD.position",
    ),
    Guard(
        "audit_private_is_only_erased",
        EVENT,
        "UPDATE",
        "NEW.private IS NOT NULL AND (OLD.private IS NULL OR CAST(NEW.private AS TEXT) <> CAST(OLD.private AS TEXT))",
    ),
    Guard("audit_event_starts_unnumbered", EVENT, "INSERT", "NEW.position IS NOT NULL"),
    Guard("audit_subject_is_append_only", SUBJECT, "UPDATE"),
    Guard("audit_seal_is_append_only", SEAL, "UPDATE"),
    Guard(
        "audit_seal_follows_the_one_before",
        SEAL,
        "INSERT",
        "NEW.first <> 1 + (SELECT COALESCE(MAX(last), 0) FROM audit_auditseal)",
    ),
]
