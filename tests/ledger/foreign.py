"""Rows of ours and of next door's, for those of ours to refer to wrongly."""

from django.db.models import Model

from ledger.models import Approval, ExchangeRate, Posting, PostingShare, Transaction, Wallet
from tests.ledger.provocations import Scene
from tests.ledger.provocations_of_categories import rate


def theirs(scene: Scene, column: str) -> int:
    """Next door's row that a column could wrongly point at: unbooked where booked ones are guarded anyhow."""
    draft = scene.their_draft
    found: dict[str, Model] = {
        "transaction_id": draft.transaction,
        "posting_id": draft.postings[1],
        "payee_id": scene.their_entry.transaction.payee,
        "tag_id": scene.their_entry.transaction.tags.get(),
        **dict.fromkeys(("category_id", "label_id", "parent_id", "merged_into_id"), draft.postings[1].category),
        **dict.fromkeys(("wallet_id", "from_wallet_id", "to_wallet_id"), draft.postings[0].wallet),
        **dict.fromkeys(
            ("author_id", "last_editor_id", "member_id", "holder_id", "approver_id"),
            scene.neighbour.membership,
        ),
        **dict.fromkeys(("reverses_id", "replaces_id", "refund_of_id"), scene.their_entry.transaction),
    }
    return found[column].pk


def unbooked(scene: Scene, model: type[Model]) -> Model:
    """A row of ours that may still change."""
    if model is ExchangeRate:
        return model._base_manager.get(pk=rate(scene))
    found = {
        Wallet: scene.house.wallets["anns"],
        Transaction: scene.draft.transaction,
        Posting: scene.draft.postings[1],
        PostingShare: scene.draft.shares[0],
        Approval: scene.approval,
    }
    return found.get(model) or model._base_manager.order_by("pk").first()
