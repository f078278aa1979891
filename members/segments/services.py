from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.kernel.errors import InvalidInput, StaleVersion
from core.kernel.letters import mixes_alphabets
from members.segments import selectors
from members.segments.models import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.kernel.access import Viewer

ONE_PER_NAME = "members_segment_one_per_name"
CHANGEABLE = ("name", "description", "tree")


@transaction.atomic
def create_segment(
    *, name: str, tree: Any, actor: Viewer, now: datetime, description: str = ""
) -> Segment:
    """Save a tree under a name and count it.

    Raises:
        InvalidInput: the tree is wrong (pointers below ``/tree``), or the name is taken or mixes
            alphabets.
    """
    segment = Segment(
        brand_id=actor.brand_id,
        name=_spelled(name),
        description=description,
        tree=_checked(tree, actor.brand_id, ()),
        created_by_id=actor.staff_id,
        created_at=now,
        updated_at=now,
    )
    _count(segment, now)
    _store(segment)
    audit.record(action="segment.created", subject=segment, actor=actor, now=now)
    return segment


@transaction.atomic
def change_segment(
    *,
    segment: Segment,
    changes: Mapping[str, Any],
    actor: Viewer,
    now: datetime,
    version: int | None = None,
) -> Segment:
    """Change name, description or tree; a changed tree is counted anew.

    Raises:
        InvalidInput: see ``create_segment``.
        StaleVersion: ``version`` is given and somebody changed the segment since.
    """
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    if version is not None and held.version != version:
        raise StaleVersion(_("Somebody changed this segment meanwhile. Reload it and try again."))
    wanted = {name: changes[name] for name in CHANGEABLE if name in changes}
    if "tree" in wanted:
        wanted["tree"] = _checked(wanted["tree"], held.brand_id, (held.pk,))
    changed = [name for name, value in wanted.items() if getattr(held, name) != value]
    if not changed:
        return held
    if "name" in changed:
        _spelled(wanted["name"])
    for name in changed:
        setattr(held, name, wanted[name])
    if "tree" in changed:
        _count(held, now)
    held.version, held.updated_at = held.version + 1, now
    _store(held)
    audit.record(
        action="segment.changed", subject=held, actor=actor, now=now, data={"fields": changed}
    )
    return held


@transaction.atomic
def recount(*, segment: Segment, now: datetime) -> Segment:
    """Count the segment's members and keep the number; nobody's decision, so not audited."""
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    _count(held, now)
    held.save(update_fields=["member_count", "counted_at"])
    return held


@transaction.atomic
def archive_segment(*, segment: Segment, actor: Viewer, now: datetime) -> Segment:
    """Take the segment out of use; what refers to it goes on working. Idempotent."""
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    if not held.is_archived:
        held.is_archived, held.version, held.updated_at = True, held.version + 1, now
        held.save()
        audit.record(action="segment.archived", subject=held, actor=actor, now=now)
    return held


def archive_several(*, segments: Sequence[Segment], actor: Viewer, now: datetime) -> int:
    """Take the segments of a page out of use, each with an entry of its own; return how many."""
    for segment in sorted(segments, key=lambda each: each.pk):  # One order: no deadlock.
        archive_segment(segment=segment, actor=actor, now=now)
    return len(segments)


@transaction.atomic
def restore_segment(*, segment: Segment, actor: Viewer, now: datetime) -> Segment:
    """Take the segment into use again. Idempotent.

    Raises:
        InvalidInput: another segment has its name by now.
    """
    held = Segment.objects.select_for_update().or_gone(pk=segment.pk)
    if held.is_archived:
        held.is_archived, held.version, held.updated_at = False, held.version + 1, now
        _store(held)
        audit.record(action="segment.restored", subject=held, actor=actor, now=now)
    return held


def _spelled(name: str) -> str:
    """Return the name, unless it could be taken for another."""
    if mixes_alphabets(name):
        text = _("A word of this name mixes alphabets. Write each word in letters of one alphabet.")
        raise InvalidInput.on("/name", text, "mixed_alphabets")
    return name


def _checked(tree: Any, brand_id: int, inside: tuple[int, ...]) -> dict[str, Any]:
    """Return the tree in its canonical form, once it is known to mean something."""
    try:
        root = selectors.check(tree=tree, brand_id=brand_id)
        selectors.resolve(node=root, brand_id=brand_id, inside=inside)
    except InvalidInput as refusal:
        raise refusal.below("/tree") from refusal
    return root.json


def _count(segment: Segment, now: datetime) -> None:
    segment.member_count = selectors.count(tree=segment.tree, brand_id=segment.brand_id, now=now)
    segment.counted_at = now


def _store(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError as error:
        if ONE_PER_NAME not in str(error):
            raise
        raise InvalidInput.on("/name", _("Another segment has this name."), "name_taken") from error
