from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from core.kernel.errors import InvalidInput
from core.runs.models import Run
from members.profiles.models import Member
from members.segments import selectors as segments
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
RUN_KINDS = ("tag_rule", "tag_members", "tag_retire")


@dataclass(frozen=True, slots=True)
class HeldTag:
    """A tag as a member has it."""

    tag: Tag
    source: str
    tagged_at: datetime
    expires_at: datetime | None
    has_rule: bool = False

    @property
    def may_clear(self) -> bool:
        """Whether a rule could decide instead of whoever gave it."""
        return self.has_rule and self.source != MemberTag.Source.RULE

    @property
    def source_label(self) -> str:
        """By whose word, for people."""
        return str(MemberTag.Source(self.source).label)


def tags_of(*, brand_id: int, member_ids: Sequence[int]) -> dict[int, list[HeldTag]]:
    """Return the tags of several members, the newest first, in two queries."""
    rows = MemberTag.objects.filter(brand_id=brand_id, member_id__in=member_ids)
    held = list(rows.values_list("member_id", "tag_id", "source", "tagged_at", "expires_at"))
    tags = Tag.objects.filter(brand_id=brand_id).select_related("group", "rule")
    known = tags.in_bulk({tag_id for _member, tag_id, *_rest in held})
    found: dict[int, list[HeldTag]] = {pk: [] for pk in member_ids}
    for member_id, tag_id, source, tagged_at, expires_at in held:
        tag = known[tag_id]
        has_rule = hasattr(tag, "rule")
        found[member_id].append(HeldTag(tag, source, tagged_at, expires_at, has_rule))
    for mine in found.values():
        mine.sort(key=lambda each: each.tagged_at, reverse=True)
    return found


def with_several_of(*, group: TagGroup) -> QuerySet[MemberTag, Any]:
    """Return ``member_id`` and ``tags`` of whoever has two tags of the group or more."""
    rows = MemberTag.objects.filter(brand_id=group.brand_id, tag__group_id=group.pk)
    return rows.values("member_id").annotate(tags=Count("tag_id")).filter(tags__gt=1)


def members_with_several(*, group: TagGroup, viewer: Viewer, limit: int) -> list[Member]:
    """Return members in sight who have two tags of the group or more."""
    ids = with_several_of(group=group).order_by("member_id").values_list("member_id", flat=True)
    return list(Member.objects.visible_to(viewer).filter(pk__in=ids).order_by("pk")[:limit])


def tags_named(*, tree: Mapping[str, Any] | Group, brand_id: int) -> set[int]:
    """Return the ids of the tags that a tree of the brand asks for."""
    try:
        root = tree if isinstance(tree, Group) else parse(tree, registry=registry.of(brand_id))
    except InvalidInput:
        return set()
    named = (leaf for leaf in leaves(root) if leaf.criterion.field == TAG_FIELD)
    return {pk for leaf in named for pk in leaf.value["in"]}


@dataclass(frozen=True, slots=True)
class Mention:
    """A segment or a rule whose conditions ask for a tag. ``page`` is the segment's or tag's."""

    kind: str  # "segment" or "rule"
    pk: int
    name: str
    page: int


def mentions_of(*, tag: Tag) -> list[Mention]:
    """Return the segments, archived ones too, and the rules whose conditions ask for the tag."""
    named = Segment.objects.filter(brand_id=tag.brand_id).order_by("pk")
    rules = TagRule.objects.filter(brand_id=tag.brand_id).order_by("pk")
    found = [
        Mention("segment", pk, name, pk)
        for pk, name, tree in named.values_list("pk", "name", "tree")
        if tag.pk in tags_named(tree=tree, brand_id=tag.brand_id)
    ]
    return found + [
        Mention("rule", pk, name, page)
        for pk, name, page, tree in rules.values_list("pk", "tag__name", "tag_id", "tree")
        if tag.pk in tags_named(tree=tree, brand_id=tag.brand_id)
    ]


def tags_behind_rule(*, tag: Tag) -> set[int]:
    """Return the tags that the tag's rule asks for, also through segments; none without a rule."""
    rule = rule_of(tag=tag)
    if rule is None:
        return set()
    try:
        root = segments.parse(tree=rule.tree, brand_id=tag.brand_id)
        return tags_named(tree=root, brand_id=tag.brand_id)
    except InvalidInput:
        return tags_named(tree=rule.tree, brand_id=tag.brand_id)


def rule_of(*, tag: Tag) -> TagRule | None:
    """Return the rule that gives the tag, if there is one."""
    return TagRule.objects.filter(brand_id=tag.brand_id, tag=tag).select_related("tag").first()


def newest_run(*, tag: Tag, viewer: Viewer) -> Run | None:
    """Return the last run that gave or took the tag and that the viewer may see."""
    rows = Run.objects.visible_to(viewer).filter(kind__in=RUN_KINDS, params__tag_id=tag.pk)
    return rows.order_by("-pk").first()


def open_runs(*, tag: Tag) -> QuerySet[Run]:
    """Return the runs of the tag's rule that have not ended."""
    rows = Run.objects.filter(brand_id=tag.brand_id, kind="tag_rule", params__tag_id=tag.pk)
    return rows.open()


def retiring_runs(*, tag: Tag) -> QuerySet[Run]:
    """Return the runs that merge or delete the tag and have not ended."""
    rows = Run.objects.filter(brand_id=tag.brand_id, kind="tag_retire", params__tag_id=tag.pk)
    return rows.open()


def sources_of(*, tag: Tag) -> list[tuple[str, int]]:
    """Return how many members have the tag by whose word, the most frequent first."""
    rows = MemberTag.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).values("source")
    found = rows.annotate(members=Count("member_id")).order_by("-members")
    return [(str(MemberTag.Source(row["source"]).label), row["members"]) for row in found]


@dataclass(frozen=True, slots=True)
class Wearer:
    """A member who has a tag, and how."""

    member: Member
    held: MemberTag


def wearers(*, tag: Tag, viewer: Viewer, after: int, limit: int) -> list[Wearer]:
    """Return members who have the tag and whom the viewer may see, by number above ``after``."""
    rows = MemberTag.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk, member_id__gt=after)
    if viewer.dealer_ids is not None:
        rows = rows.filter(member__home_dealer_id__in=viewer.dealer_ids)
    held = list(rows.order_by("member_id")[:limit])
    known = Member.objects.visible_to(viewer).in_bulk([row.member_id for row in held])
    return [Wearer(known[row.member_id], row) for row in held if row.member_id in known]


def blocked(*, tag: Tag, viewer: Viewer, limit: int) -> list[tuple[Member, datetime]]:
    """Return members whom the tag's rule leaves alone, and since when; the newest first."""
    rows = TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk)
    if viewer.dealer_ids is not None:
        rows = rows.filter(member__home_dealer_id__in=viewer.dealer_ids)
    newest = list(rows.order_by("-created_at").values_list("member_id", "created_at")[:limit])
    known = Member.objects.visible_to(viewer).in_bulk([pk for pk, _at in newest])
    return [(known[pk], at) for pk, at in newest if pk in known]


def blocked_for(*, member: Member) -> list[Tag]:
    """Return the tags whose rules leave the member alone."""
    rows = TagBlock.objects.filter(brand_id=member.brand_id, member_id=member.pk)
    ids = rows.values_list("tag_id", flat=True)
    return list(Tag.objects.filter(brand_id=member.brand_id, pk__in=ids).order_by("pk"))


def blocked_count(*, tag: Tag) -> int:
    """Return from how many members somebody took the tag so that its rule leaves them alone."""
    return TagBlock.objects.filter(brand_id=tag.brand_id, tag_id=tag.pk).count()
