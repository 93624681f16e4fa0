"""Use cases on categories.

What changes the tree takes the family alone: depth, loops and who was merged into whom are facts about several rows,
and so are the unbooked entries that a merge takes along. It is rare, and quickly done.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from audit import trail
from audit.names import EventName
from audit.trail import Actor
from families.access import enter
from families.roles import Access, P
from financebot.common import clock
from financebot.common.errors import Changed, NotFound, PreconditionFailed, UnknownReference
from financebot.common.usecase import use_case
from ledger import events
from ledger.errors import CategoryLoop, CategoryTooDeep, FallbackCategory, WrongCategoryKind
from ledger.kinds import SYSTEM_KINDS, Status
from ledger.models import Category, Posting, Transaction

LEVELS = 3
UNBOOKED = (Status.DRAFT, Status.PENDING_APPROVAL)


@dataclass(frozen=True, slots=True)
class Tree:
    """Who is whose parent in a family."""

    parents: Mapping[int, int | None]

    def above(self, pk: int) -> list[int]:
        """The category, its parent, and so on to the top: as many as its level."""
        found: list[int] = []
        at: int | None = pk
        while at is not None:
            found.append(at)
            at = self.parents[at]
        return found

    def height(self, roots: AbstractSet[int]) -> int:
        """How many levels these and all below them take."""
        lines = [self.above(pk) for pk in self.parents]
        return max((line.index(root) + 1 for line in lines for root in line if root in roots), default=0)

    def check_below(self, parent: int, moved: AbstractSet[int], *, field: str) -> None:
        """Whether these may hang below that one, with all that is theirs. Raises CategoryLoop, CategoryTooDeep."""
        line = self.above(parent)
        if moved & set(line):
            raise CategoryLoop(field=field)
        if len(line) + self.height(moved) > LEVELS:
            raise CategoryTooDeep(field=field)


@use_case
def create_category(*, actor: Actor, fields: Mapping[str, Any]) -> Category:
    """A category of income or expense, under a parent of the same kind if one is given.

    Locks the family (shared). Raises PermissionDenied, UnknownReference, WrongCategoryKind, CategoryTooDeep.
    """
    access = enter(actor)
    access.require(P.MANAGE_CATEGORIES)
    if fields.get("parent_id") is not None:
        parent = _usable(access, fields["parent_id"], fields["kind"], field="parent_id")
        if len(_tree(access).above(parent.pk)) >= LEVELS:
            raise CategoryTooDeep(field="parent_id")
    category = Category.objects.create(family_id=access.family, **fields)
    trail.record(events.category_created(category), actor=actor)
    return category


@use_case
def edit_category(*, actor: Actor, category_id: int, changes: Mapping[str, Any], version: int | None) -> Category:
    """Change name, icon, colour or parent; all below it move along. Locks the family alone.

    Raises NotFound, PermissionDenied, PreconditionFailed, WrongCategoryKind for the system's own, Changed for one that
    is merged into another, and of a new parent UnknownReference, WrongCategoryKind, CategoryLoop, CategoryTooDeep.
    """
    access = enter(actor, alone=True)
    category = _own(access, category_id)
    if version is not None and version != category.version:
        raise PreconditionFailed
    if category.merged_into_id:
        raise Changed
    parent_id = changes.get("parent_id")
    if parent_id is not None and parent_id != category.parent_id:  # it may stay where it is, be that archived
        parent = _usable(access, parent_id, category.kind, field="parent_id")
        _tree(access).check_below(parent.pk, {category.pk}, field="parent_id")
    after = _set(category, **changes)
    texts = {"name": after.pop("name")} if "name" in after else {}
    trail.record(events.of_category(EventName.CATEGORY_EDITED, category, after, texts), actor=actor)
    return category


@use_case
def archive_category(*, actor: Actor, category_id: int) -> Category:
    """Let nothing new go there; what is on record stays, and so do its children. Locks the family alone.

    Raises NotFound, PermissionDenied, Changed where it is archived, FallbackCategory for the one that entries without
    a category need, WrongCategoryKind for the system's own.
    """
    access = enter(actor, alone=True)
    category = _own(access, category_id)
    if category.fallback:
        raise FallbackCategory
    if category.archived_at:
        raise Changed
    after = _set(category, archived_at=clock.now())
    trail.record(events.of_category(EventName.CATEGORY_ARCHIVED, category, after), actor=actor)
    return category


@use_case
def restore_category(*, actor: Actor, category_id: int) -> Category:
    """Bring an archived category back. Locks the family alone.

    Raises NotFound, PermissionDenied, WrongCategoryKind for the system's own, and Changed where it is not archived, or
    is merged into another: that is for ever.
    """
    access = enter(actor, alone=True)
    category = _own(access, category_id)
    if not category.archived_at or category.merged_into_id:
        raise Changed
    after = _set(category, archived_at=None)
    trail.record(events.of_category(EventName.CATEGORY_RESTORED, category, after), actor=actor)
    return category


@use_case
def merge_category(*, actor: Actor, category_id: int, into: int) -> Category:
    """Let a category count as another of its kind from now on, for ever; the merged one is returned.

    Facts on record never change: they keep it, and whoever asks for the other finds them. It is archived, its children
    hang below the other, what was merged into it before is merged into the other now, and drafts and pending entries
    move there, with their approvals: neither money nor version is touched.
    Locks the family alone: nothing is recorded meanwhile, and two merges at once are one after the other.
    Raises NotFound, PermissionDenied, FallbackCategory, Changed where it is merged already, WrongCategoryKind,
    UnknownReference, CategoryLoop where the other is the same or below it, CategoryTooDeep.
    """
    access = enter(actor, alone=True)
    source = _own(access, category_id)
    if source.fallback:
        raise FallbackCategory
    if source.merged_into_id:
        raise Changed
    target = _usable(access, into, source.kind, field="into")
    tree = _tree(access)
    if source.pk in tree.above(target.pk):
        raise CategoryLoop(field="into")
    children, earlier = source.children.order_by("pk"), source.merged.order_by("pk")
    tree.check_below(target.pk, {child.pk for child in children}, field="into")
    moved = [
        *(events.moved(EventName.CATEGORY_EDITED, child, "parent_id", target.pk) for child in children),
        *(events.moved(EventName.CATEGORY_MERGED, other, "merged_into_id", target.pk) for other in earlier),
    ]
    children.update(parent=target, version=F("version") + 1)
    earlier.update(merged_into=target, version=F("version") + 1)
    _move_unbooked(source, target)
    archived_at = source.archived_at or clock.now()
    after = _set(source, archived_at=archived_at, merged_into_id=target.pk, parent_id=None)
    trail.record(*moved, events.of_category(EventName.CATEGORY_MERGED, source, after), actor=actor)
    return source


def _own(access: Access, category_id: int) -> Category:
    """The category to change. Raises NotFound, PermissionDenied, and WrongCategoryKind for the system's own."""
    category = Category.objects.seen_by(access).filter(pk=category_id).first()
    if category is None:
        raise NotFound
    access.require(P.MANAGE_CATEGORIES)
    if category.kind in SYSTEM_KINDS:
        raise WrongCategoryKind
    return category


def _usable(access: Access, category_id: int, kind: str, *, field: str) -> Category:
    """One of the family's that may be chosen, of that kind. Raises UnknownReference, WrongCategoryKind."""
    found = Category.objects.visible_to(access).usable().filter(pk=category_id).first()
    if found is None:
        raise UnknownReference(field=field)
    if found.kind != kind:
        raise WrongCategoryKind(field=field)
    return found


def _tree(access: Access) -> Tree:
    return Tree(dict(Category.objects.visible_to(access).values_list("pk", "parent_id")))


def _set(category: Category, **fields: Any) -> dict[str, tuple[Any, Any]]:
    """Save these fields with the next version; each with what it was before."""
    after = {field: (getattr(category, field), value) for field, value in fields.items()}
    for field, value in fields.items():
        setattr(category, field, value)
    category.version += 1
    category.save(update_fields=[*fields, "version"])
    return after


def _move_unbooked(source: Category, target: Category) -> None:
    entries = Transaction.objects.in_family(source.family_id).filter(status__in=UNBOOKED)
    Posting.objects.filter(category=source, transaction__in=entries).update(category=target)
    entries.filter(label=source).update(label=target)
