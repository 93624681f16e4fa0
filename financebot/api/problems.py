"""Every refusal that leaves the API, as RFC 9457 `application/problem+json`; docs and tests come from this table."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from rest_framework import exceptions
from rest_framework.response import Response

from financebot.api import trace
from financebot.common.errors import DomainError, Invalid, Several

log = logging.getLogger("financebot.api")

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
R = TypeVar("R", Response, HttpResponse)


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    sentence: Any  # lazily translated; `%(name)s` is filled from the refusal's facts


PROBLEMS: dict[str, Problem] = {
    "invalid": Problem(400, lazy("The request cannot be read or has the wrong shape.")),
    "email_taken": Problem(400, lazy("There is an account with this e-mail address already.")),
    "wrong_password": Problem(400, lazy("The password is not right.")),
    "invalid_code": Problem(400, lazy("This code is wrong, used or no longer valid.")),
    "login_not_begun": Problem(
        400, lazy("This log-in was begun in another browser, too long ago, or is used already. Begin it again.")
    ),
    "not_authenticated": Problem(401, lazy("Log in first.")),
    "invalid_credentials": Problem(401, lazy("E-mail address or password are not right.")),
    "invalid_token": Problem(401, lazy("This token is not valid, or no longer. Log in again.")),
    "signature_missing": Problem(401, lazy("This request must be signed by the client that logged in.")),
    "signature_invalid": Problem(401, lazy("The signature is not that of this request by a client known here.")),
    "timestamp_stale": Problem(401, lazy("The signature's time is more than 30 seconds from now. Check the clock.")),
    "signature_replayed": Problem(401, lazy("This signed request came before. Sign it again with another nonce.")),
    "permission_denied": Problem(403, lazy("You lack the permission %(permission)s for this.")),
    "csrf_failed": Problem(403, lazy("The CSRF token is missing or wrong. Load the page again.")),
    "own_transaction": Problem(403, lazy("You recorded or changed this yourself: somebody else has to approve it.")),
    "provider_refused": Problem(403, lazy("%(provider)s did not confirm who you are. Begin again.")),
    "provider_address_missing": Problem(403, lazy("%(provider)s has no confirmed e-mail address of yours to tell us.")),
    "step_up_required": Problem(403, lazy("Prove once more who you are, then try again.")),
    "not_found": Problem(404, lazy("There is nothing here.")),
    "method_not_allowed": Problem(405, lazy("This address does not know that method.")),
    "account_not_linked": Problem(
        409,
        lazy(
            "There is an account with this e-mail address that %(provider)s does not open. Choose a new password by "
            "mail, which proves that the address is yours, and begin again."
        ),
    ),
    "account_complete": Problem(409, lazy("This account has an e-mail address or a password already.")),
    "already_bound": Problem(409, lazy("This chat or this account is linked already. Unlink it first.")),
    "already_decided": Problem(409, lazy("This has been decided already.")),
    "already_recorded": Problem(409, lazy("The wallet has an entry with this source_ref already.")),
    "already_reversed": Problem(409, lazy("This transaction is reversed already.")),
    "already_member": Problem(409, lazy("This person is a member already.")),
    "changed": Problem(409, lazy("Somebody has changed this meanwhile. Look at it again.")),
    "email_changed_lately": Problem(
        409, lazy("The address was changed less than a week ago. Until then the one before can take the account back.")
    ),
    "fallback_category": Problem(
        409, lazy("Entries that name no category go here: it can be renamed, not archived or merged away.")
    ),
    "family_archived": Problem(409, lazy("This family is archived: it can be read, not written.")),
    "idempotency_in_progress": Problem(409, lazy("The first request with this key is still under way.")),
    "last_owner": Problem(409, lazy("A family needs at least one active owner.")),
    "membership_state": Problem(409, lazy("The member is not in a state that allows this.")),
    "restore_window_over": Problem(409, lazy("An archived family can be restored for 30 days only.")),
    "two_factor_on": Problem(409, lazy("Two-factor authentication is on already.")),
    "undo_window_over": Problem(409, lazy("The time to undo this is over. It can still be reversed.")),
    "wallet_not_empty": Problem(409, lazy("Only an empty wallet can be archived.")),
    "wallet_has_pending": Problem(409, lazy("Transactions of this wallet are waiting for approval.")),
    "precondition_failed": Problem(412, lazy("This is no longer the version that you saw.")),
    "body_too_large": Problem(413, lazy("The body is larger than is taken here.")),
    "unsupported_media_type": Problem(415, lazy("Send JSON (application/json).")),
    "upgrade_required": Problem(426, lazy("This address speaks WebSocket alone.")),
    "amount_not_positive": Problem(422, lazy("The amount must be more than zero.")),
    "amount_too_fine": Problem(422, lazy("%(currency)s has no such small unit.")),
    "amount_too_large": Problem(422, lazy("The amount, or a total it leads to, is larger than can be kept.")),
    "category_loop": Problem(422, lazy("A category cannot be put into itself or into one of its own.")),
    "category_too_deep": Problem(422, lazy("Categories are at most three levels deep.")),
    "currency_fixed": Problem(422, lazy("The base currency is fixed at the first posting.")),
    "date_in_future": Problem(422, lazy("The date is too far ahead.")),
    "date_too_early": Problem(422, lazy("The date is before 1970.")),
    "exchange_rate_missing": Problem(422, lazy("There is no exchange rate from %(currency)s for that day.")),
    "idempotency_key_reused": Problem(422, lazy("This Idempotency-Key came with another request before.")),
    "insufficient_funds": Problem(422, lazy("There is not enough money in the wallet.")),
    "not_reversible": Problem(422, lazy("This transaction cannot be reversed.")),
    "not_editable": Problem(422, lazy("Of this transaction only the words can be changed.")),
    "not_refundable": Problem(422, lazy("Only an executed expense in the same currency can be refunded.")),
    "period_closed": Problem(422, lazy("The books are closed for that day.")),
    "refund_too_large": Problem(422, lazy("The refunds would be more than the original.")),
    "same_wallet": Problem(422, lazy("A transfer needs two different wallets.")),
    "split_mismatch": Problem(422, lazy("The parts do not make the whole amount.")),
    "unknown_reference": Problem(422, lazy("An id in the body refers to nothing that you can use.")),
    "wallet_archived": Problem(422, lazy("The wallet is archived.")),
    "wrong_category_kind": Problem(422, lazy("The category is of the wrong kind for this.")),
    "rate_limited": Problem(429, lazy("You ask too often. Try again in %(seconds)s seconds.")),
    "internal_error": Problem(500, lazy("Something went wrong here. It has been noted.")),
    "overloaded": Problem(503, lazy("This cannot be answered safely just now. Try again in a moment.")),
    "provider_away": Problem(503, lazy("%(provider)s does not answer as it should. Try again in a moment.")),
    "busy": Problem(503, lazy("Too much at once just now. Try again in a moment.")),
}

DRF_CODES: list[tuple[type[Exception], str]] = [
    (exceptions.ParseError, "invalid"),
    (exceptions.ValidationError, "invalid"),
    (exceptions.NotAuthenticated, "not_authenticated"),
    (exceptions.AuthenticationFailed, "invalid_token"),
    (exceptions.MethodNotAllowed, "method_not_allowed"),
    (exceptions.UnsupportedMediaType, "unsupported_media_type"),
    (exceptions.NotFound, "not_found"),
    (Http404, "not_found"),
    (exceptions.PermissionDenied, "csrf_failed"),  # raised by the cookie's CSRF check alone
    (DjangoPermissionDenied, "csrf_failed"),
]


def document(code: str, *, detail: str | None = None, errors: Mapping[str, object] | None = None) -> dict[str, Any]:
    problem = PROBLEMS[code]
    now = trace.current.get()
    found: dict[str, Any] = {
        "type": f"/docs/problems#{code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": detail or str(problem.sentence),
        "code": code,
        "request_id": now.request_id if now else "",
    }
    if errors:
        found["errors"] = errors
    return found


def of_refusal(error: DomainError) -> dict[str, Any]:
    if isinstance(error, Several):
        errors = {str(place): _said(row) or {"body": [sentence(row)]} for place, row in error.rows.items()}
        return document(error.code, detail=sentence(error), errors=errors)
    return document(error.code, detail=None if isinstance(error, Invalid) else sentence(error), errors=_said(error))


def sentence(error: DomainError) -> str:
    """What a person reads."""
    return str(PROBLEMS[error.code].sentence) % error.facts


def _said(error: DomainError) -> Mapping[str, object] | None:
    """What is wrong, by field, where a field is to blame."""
    if isinstance(error, Invalid):
        return error.errors
    return {error.field: [sentence(error)]} if error.field else None


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. What is unknown is logged with its trace and answered 500 without it."""
    if isinstance(error, DomainError):
        found = of_refusal(error)
    elif isinstance(error, OperationalError) and _is_passing(error):
        log.warning("the database is busy: %s", error)
        found = document("busy")
    elif isinstance(error, exceptions.Throttled):
        seconds = math.ceil(getattr(error, "wait", None) or 1)
        found = document("rate_limited", detail=str(PROBLEMS["rate_limited"].sentence) % {"seconds": seconds})
        return _with_headers(Response(found, status=found["status"], headers={"Retry-After": str(seconds)}), found)
    else:
        code = next((code for kind, code in DRF_CODES if isinstance(error, kind)), "internal_error")
        if code == "internal_error":
            log.error("unexpected", exc_info=error)
        found = document(code, errors=_field_errors(error))
    return _with_headers(Response(found, status=found["status"]), found)


def _is_passing(error: OperationalError) -> bool:
    """A lock that took too long, a deadlock, a database that is away: try again. Anything else is our mistake."""
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    return getattr(error.__cause__, "pgcode", None) in {
        None,
        "55P03",
        "40P01",
        "40001",
        "57P01",
        "57P03",
        "53300",
    }


def page(code: str, **kwargs: Any) -> HttpResponse:
    """The same document outside DRF: unknown paths, middleware, the server's own errors."""
    found = document(code, **kwargs)
    body = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()
    return _with_headers(HttpResponse(body, status=found["status"], content_type=MEDIA_TYPE), found)


def _with_headers(response: R, found: Mapping[str, Any]) -> R:
    if found["status"] == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if found["status"] == HTTPStatus.UPGRADE_REQUIRED:
        response["Upgrade"] = "websocket"
    if found["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _field_errors(error: Exception) -> Mapping[str, object] | None:
    if isinstance(error, exceptions.ParseError):
        return {"body": [str(error.detail)]}
    if not isinstance(error, exceptions.ValidationError):
        return None
    detail = error.detail
    return detail if isinstance(detail, dict) else {"body": detail}


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page("not_found")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page("invalid", errors={"request": [_("The request cannot be read.")]})


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page("csrf_failed")


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page("csrf_failed")


def server_error(request: HttpRequest) -> HttpResponse:
    return page("internal_error")
