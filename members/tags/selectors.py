from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from core.kernel.errors import InvalidInput
from core.runs.models import Run
from members.segments.models import Segment
from members.segments.ports import registry
from members.segments.rules import Group, leaves, parse
from members.tags.models import MemberTag, Tag, TagBlock, TagGroup, TagRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from core.kernel.access import Viewer

TAG_FIELD = "tags"
RUN_KINDS = ("tag_rule", "tag_members")


@dataclass(frozen=True, slots=True)
class HeldTag:
    """A tag as a member has it."""

    tag: Tag
    source: str
    tagged_at: datetime
    expires_at: datetime | None

    @property
    def source_label(self) -> str:
        """By whose word, for people."""
        return str(MemberTag.Source(self.source).label)


def tags_of(*, brand_id: int, member_ids: Sequence[int]) -> dict[int, list[HeldTag]]:
    """Return the tags of several members, the newest first, in two queries."""
    rows = MemberTag.objects.filter(brand_id=brand_id, member_id__in=member_ids)
    held = list(rows.values_list("member_id", "tag_id", "source", "tagged_at", "expires_at"))
    tags = Tag.objects.filter(brand_id=brand_id).select_related("group")
    known = tags.in_bulk({tag_id for _member, tag_id, *_rest in held})
    found: dict[int, list[HeldTag]] = {pk: [] for pk in member_ids}
    for member_id, tag_id, source, tagged_at, expires_at in held:
        found[member_id].append(HeldTag(known[tag_id], source, tagged_at, expires_at))
    for mine in found.values():
        mine.sort(key=lambda each: each.tagged_at, reverse=True)
    return found


def has_several_of(*, group: TagGroup) -> bool:
    """Whether some member has two tags of the group."""
    rows = MemberTag.objects.filter(brand_id=group.brand_id, tag__group_id=group.pk)
    return rows.values("member_id").annotate(tags=Count("tag_id")).filter(tags__gt=1).exists()


def tags_named(*, tree: Mapping[str, Any] | Group) -> set[int]:
    """Return the ids of the tags that a tree asks for."""
    try:
        root = tree if isinstance(tree, Group) else parse(tree, registry=registry)
    except InvalidInput:
        return set()
    named = (leaf for leaf in leaves(root) if leaf.criterion.field == TAG_FIELD)
    return {pk for leaf in named for pk in leaf.value["in"]}


def trees_naming(*, tag: Tag) -> list[str]:
    """Return the names of segments and ruled tags whose conditions ask for the tag."""
    segments = Segment.objects.filter(brand_id=tag.brand_id).values_list("name", "tree")
    rules = TagRule.objects.filter(brand_id=tag.brand_id).values_list("tag__name", "tree")
    return [name for name, tree in (*segments, *rules) if tag.pk in tags_named(tree=tree)]


def rule_of(*, tag: Tag) -> TagRule | None:
    """Return the rule that gives the tag, if there is one."""
    return TagRule.objects.filter(brand_id=tag.brand_id, tag=tag).select_related("tag").first()


def newest_run(*, tag: Tag, viewer: Viewer) -> Run | None:
    """Return the last run that gave or took the tag and that the viewer may see."""
    rows = Run.objects.visible_to(viewer).filter(kind__in=RUN_KINDS, params__tag_id=tag.pk)
    return rows.order_by("-pk").first()


def open_runs(*, tag: Tag) -> QuerySet[Run]:
    """Return the runs of the tag's rule that have not ended."""
    rows = Run.objects.filter(brand_id=tag.brand_id, kind=RUN_KINDS[0], params__tag_id=tag.pk)
    return rows.open()


def sources_of(*, tag: Tag) -> list[tuple[str, int]]:
    """Return how many members have the tag by whose word, the most frequent first."""
    rows = MemberTag.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).values("source")
    found = rows.annotate(members=Count("member_id")).order_by("-members")
    return [(str(MemberTag.Source(row["source"]).label), row["members"]) for row in found]


def blocked_count(*, tag: Tag) -> int:
    """Return from how many members somebody took the tag so that its rule leaves them alone."""
    return TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).count()
