"""Transactions as the API shows them: what is hidden from an owner there is hidden here."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.admin_acts import Act, ReasonForm
from accounts.admin_site import link
from audit.trail import Actor
from families.admin_scope import OwnerScopedAdmin, rows_for, viewers
from families.models import Membership
from families.roles import Access
from financebot.common import money
from financebot.common.text import fold
from ledger import selectors, services
from ledger.models import Category, Transaction, Wallet
from ledger.selectors import EntryView

WALLETS_LISTED = 100


class Names:
    """What ids in entries are called; read once for all of them."""

    def __init__(self, views: Sequence[EntryView]) -> None:
        postings = [posting for view in views for posting in view.postings]
        wallets = {pk for view in views for pk in (view.from_wallet_id, view.to_wallet_id)}
        members = {view.transaction.author_id for view in views}
        members |= {said["approver_id"] for view in views for said in view.approvals}
        members |= {one["membership_id"] for view in views for one in view.for_members}
        categories = {posting.category_id for posting in postings} | {view.category_id for view in views}
        self.members = _named(Membership, members, "user__first_name")
        self.wallets = _named(Wallet, wallets, "name")
        self.categories = _named(Category, categories, "name")


def _named(model: type[Model], ids: Iterable[int | None], column: str) -> dict[int, str]:
    found = model._base_manager.filter(pk__in=[pk for pk in ids if pk])
    return dict(found.values_list("pk", column))


class WalletFilter(admin.SimpleListFilter):
    """What moved on a wallet whose rows the viewer sees."""

    title = lazy("wallet")
    parameter_name = "wallet"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(opened(request).order_by("family_id", "pk").values_list("pk", "name")[:WALLETS_LISTED])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (asked := str(self.value() or "")):
            return queryset
        wallets = opened(request).filter(pk=asked if asked.isascii() and asked.isdigit() else 0).values("pk")
        return queryset.filter(Q(from_wallet__in=wallets) | Q(to_wallet__in=wallets))


def opened(request: HttpRequest) -> QuerySet[Wallet]:
    return rows_for(request, Wallet, Wallet.objects.opened_to)


def confirm(actor: Actor, entry: Transaction, version: int, _said: dict[str, Any]) -> None:
    services.confirm_transaction(actor=actor, transaction_id=entry.pk, token=None, version=version)


def reject(actor: Actor, entry: Transaction, _version: int, said: dict[str, Any]) -> None:
    services.reject_transaction(actor=actor, transaction_id=entry.pk, reason=said["reason"])


def reverse_entry(actor: Actor, entry: Transaction, _version: int, said: dict[str, Any]) -> None:
    services.reverse_transaction(actor=actor, transaction_id=entry.pk, reason=said["reason"])


@admin.register(Transaction)
class TransactionAdmin(OwnerScopedAdmin):
    list_display = (
        "entry", "occurred_on", "kind", "state", "money_moved", "wallets", "what_for", "words", "by", "family",
    )  # fmt: skip
    list_filter = (
        ("family", admin.RelatedOnlyFieldListFilter),
        "status",
        "type",
        "channel",
        WalletFilter,
    )
    list_select_related = ("family",)
    date_hierarchy = "occurred_on"
    search_fields = ("search",)
    search_help_text = lazy("Words of the description, notes, payee or tags")
    ordering = ("-occurred_on", "-pk")
    fields = (
        ("kind", "state", "occurred_on"),
        ("money_moved", "to_money", "source", "target"),
        ("what_for", "for_whom", "by", "channel"),
        ("description", "payee_name", "tag_names"),
        "notes",
        ("created_at", "executed_at", "pending_since"),
        ("reverses_link", "reversed_by_link", "replaces_link", "replaced_by_link", "refund_of_link"),
        "sides",
        "approvals_given",
        "events",
    )
    acts = (
        Act("confirm", lazy("Approve"), lazy("approved"), confirm),
        Act("reject", lazy("Reject"), lazy("rejected"), reject, ReasonForm),
        Act("reverse", lazy("Reverse"), lazy("reversed"), reverse_entry, ReasonForm),
    )

    def seen(self, access: Access) -> QuerySet[Transaction]:
        return Transaction.objects.seen_by(access)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in dict.fromkeys(fold(search_term).split()):
            queryset = queryset.filter(search__contains=word)
        return queryset, False

    def present(self, request: HttpRequest, rows: list[Transaction]) -> None:
        """Give each row the `view` of it that this request may have, and the `names` for it."""
        views: dict[int, EntryView] = {}
        for access in viewers(request):
            seen = self.seen(access) if access else Transaction._base_manager.all()
            mine = seen.filter(pk__in=[row.pk for row in rows])
            shown = selectors.present(selectors.shown(mine, access), access)
            views |= {view.transaction.pk: view for view in shown}
        names = Names(list(views.values()))
        for row in rows:
            row.view, row.names = views[row.pk], names  # type: ignore[attr-defined]

    def described(self, request: HttpRequest, rows: list[Transaction]) -> list[tuple[Any, str]]:
        self.present(request, rows)
        facts = (self.entry, self.money_moved, self.wallets, self.what_for, self.words, self.by)
        return [(row, " · ".join(fact(row) for fact in facts)) for row in rows]

    @admin.display(description="#", ordering="pk")
    def entry(self, row: Any) -> str:
        return f"#{row.pk}"

    @admin.display(description=lazy("Type"))
    def kind(self, row: Any) -> str:
        return f"{row.type} ({_('reversal')})" if row.reverses_id else row.type

    @admin.display(description=lazy("Status"))
    def state(self, row: Any) -> str:
        return row.status.replace("_", " ")  # type: ignore[no-any-return]

    @admin.display(description=lazy("Amount"))
    def money_moved(self, row: Any) -> str:
        return _money(row.view.amount, row.view.currency)

    @admin.display(description=lazy("Amount received"))
    def to_money(self, row: Any) -> str:
        if row.view.to_amount is None:
            return "–"
        return _money(row.view.to_amount, row.view.transaction.to_wallet.currency)

    @admin.display(description=lazy("From"))
    def source(self, row: Any) -> str:
        return self._side(row, row.view.from_wallet_id, exists=row.from_wallet_id is not None)

    @admin.display(description=lazy("To"))
    def target(self, row: Any) -> str:
        return self._side(row, row.view.to_wallet_id, exists=row.to_wallet_id is not None)

    def _side(self, row: Any, wallet: int | None, *, exists: bool) -> str:
        if wallet:
            return row.names.wallets[wallet]  # type: ignore[no-any-return]
        if exists and row.view.private_of:
            return _("a wallet of %(name)s") % {"name": row.view.private_of.first_name}
        return "–"

    @admin.display(description=lazy("Wallets"))
    def wallets(self, row: Any) -> str:
        sides = [(row.from_wallet_id, self.source(row)), (row.to_wallet_id, self.target(row))]
        return " → ".join(name for wallet, name in sides if wallet)

    @admin.display(description=lazy("Category"))
    def what_for(self, row: Any) -> str:
        if row.view.category_id:
            return row.names.categories[row.view.category_id]  # type: ignore[no-any-return]
        return ", ".join(row.names.categories[split.category_id] for split in row.view.splits) or "–"

    @admin.display(description=lazy("Words"))
    def words(self, row: Any) -> str:
        return " · ".join(filter(None, [row.view.payee_name, row.description])) or "–"

    @admin.display(description=lazy("By"))
    def by(self, row: Any) -> str:
        return row.names.members[row.author_id]  # type: ignore[no-any-return]

    @admin.display(description=lazy("For"))
    def for_whom(self, row: Any) -> str:
        parts = [f"{row.names.members[one['membership_id']]} ({one['share']})" for one in row.view.for_members]
        return ", ".join(parts) or "–"

    @admin.display(description=lazy("Payee"))
    def payee_name(self, row: Any) -> str:
        return row.view.payee_name or "–"

    @admin.display(description=lazy("Tags"))
    def tag_names(self, row: Any) -> str:
        return ", ".join(row.view.tags) or "–"

    @admin.display(description=lazy("Reverses"))
    def reverses_link(self, row: Any) -> str:
        return _link(row.reverses_id)

    @admin.display(description=lazy("Reversed by"))
    def reversed_by_link(self, row: Any) -> str:
        return _link(row.view.reversed_by_id)

    @admin.display(description=lazy("Replaces"))
    def replaces_link(self, row: Any) -> str:
        return _link(row.view.replaces_id)

    @admin.display(description=lazy("Replaced by"))
    def replaced_by_link(self, row: Any) -> str:
        return _link(row.view.replaced_by_id)

    @admin.display(description=lazy("Refund of"))
    def refund_of_link(self, row: Any) -> str:
        return _link(row.view.refund_of)

    @admin.display(description=lazy("Postings"))
    def sides(self, row: Any) -> str:
        """The two sides of the entry, as far as they are seen."""
        lines = [
            (
                row.names.categories.get(posting.category_id) or row.names.wallets.get(posting.wallet_id) or "–",
                _money(posting.amount, posting.currency),
                posting.note,
            )
            for posting in row.view.postings
        ]
        return format_html("<table>{}</table>", format_html_join("", "<tr><td>{}<td>{}<td>{}", lines))

    @admin.display(description=lazy("Approvals"))
    def approvals_given(self, row: Any) -> str:
        lines = [
            (row.names.members[said["approver_id"]], said["decision"], said["version"], said["note"])
            for said in row.view.approvals
        ]
        return format_html_join("", "<div>{}: {} ({})  {}</div>", lines) or "–"

    @admin.display(description=lazy("Events"))
    def events(self, row: Any) -> str:
        said = _("What happened to it")
        return link("audit_eventlog_changelist", said, entity_type="transaction", entity_id=row.pk)


def _money(amount: Decimal, currency: str) -> str:
    return f"{money.wire(amount, currency)}\N{NO-BREAK SPACE}{currency}"


def _link(pk: int | None) -> str:
    return link("ledger_transaction_change", f"#{pk}", pk) if pk else "–"
