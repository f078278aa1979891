"""What the histories of tags and of stages say when members become one, and come apart again.

Tags are held before members are locked, as every act on tags does, so that a merge and such an
act cannot wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.kernel.errors import StaleVersion
from members.lifecycle import selectors as lifecycle
from members.lifecycle.models import StageChange
from members.profiles import ports as profiles
from members.tags import services as tag_services
from members.tags.models import TagAct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from core.kernel.access import Viewer
    from members.merging.models import MemberMerge
    from members.profiles.models import Member

TAG_TABLES = ("members_membertag.member_id", "members_tagblock.member_id")


@dataclass(frozen=True, slots=True)
class Held:
    """Tags that nobody else gives or takes until the transaction ends."""

    brand_id: int
    member_ids: tuple[int, ...]
    tag_ids: frozenset[int]

    def look(self) -> tag_services.Looked:
        """Return which tags the members have, now that they are locked.

        Raises:
            StaleVersion: one of them got a tag between the two locks.
        """
        tags = tag_services.tags_around(brand_id=self.brand_id, member_ids=self.member_ids)
        if not tags <= self.tag_ids:
            raise StaleVersion(_("Somebody changed one of these members. Compare them again."))
        return tag_services.look_at(brand_id=self.brand_id, member_ids=self.member_ids)


def hold_tags(*, brand_id: int, member_ids: Collection[int], more: Iterable[int] = ()) -> Held:
    """Hold every tag that these members have, and ``more``, until the transaction ends."""
    tags = tag_services.tags_around(brand_id=brand_id, member_ids=member_ids) | set(more)
    tag_services.hold(brand_id=brand_id, tag_ids=tags)
    return Held(brand_id, tuple(sorted(member_ids)), frozenset(tags))


def tags_kept(merge: MemberMerge) -> set[int]:
    """Return the tags that may come back when a merge is undone."""
    tables = [merge.moved.get(name, {}) for name in TAG_TABLES]
    rows = [row for kept in tables for name in ("moved", "dropped") for row in kept.get(name, ())]
    return {int(row["tag_id"]) for row in rows}


def tell_merge(
    *,
    merge: MemberMerge,
    stage_before: str,
    seen: tag_services.Looked,
    actor: Viewer,
    now: datetime,
) -> dict[str, Any]:
    """Write what the merge did into both histories; return what undoing needs to find it."""
    told: dict[str, Any] = {}
    act = tag_services.tell_difference(
        before=seen, source=TagAct.Source.MERGE, actor=actor, now=now
    )
    if act is not None:
        told["tag_act"] = act
    if "stage" in merge.after:
        note = _("Merged with member %(number)s, whose stage counts.") % {"number": merge.loser_id}
        said = profiles.StageSaid(merge.winner_id, stage_before, merge.after["stage"], note)
        profiles.stages_said(said=[said], reason="manual", actor=actor, now=now)
        newest = lifecycle.newest_own(member=merge.winner)
        if newest is not None:
            told["stage_change"] = newest.pk
    return told


def take_back_stage(*, merge: MemberMerge, winner: Member) -> bool:
    """Forget that the merge changed the stage, unless it changed again since; return whether."""
    newest = lifecycle.newest_own(member=winner)
    if newest is None or newest.pk != merge.told.get("stage_change"):
        return False
    StageChange.objects.filter(brand_id=merge.brand_id, pk=newest.pk).delete()
    return True


def tell_undo(
    *, merge: MemberMerge, seen: tag_services.Looked, actor: Viewer, now: datetime
) -> None:
    """Write what undoing did with tags into their history, and that the merge's act is undone."""
    act = merge.told.get("tag_act")
    tag_services.tell_difference(
        before=seen, source=TagAct.Source.UNDO, actor=actor, now=now, undoes=act
    )
    if act is not None:
        rows = TagAct.objects.filter(brand_id=merge.brand_id, pk=act)
        rows.update(undone_at=now, undone_by=actor.label[:120])
